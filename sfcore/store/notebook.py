"""Questions from a notebook, answered as pandas, polars or Arrow.

from sfcore.store.notebook import questions_to
ask = questions_to("./workspace")
ask.pandas("from leaderboard")
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sfcore.errors import WrongUse
from sfcore.store.as_of import versions_at
from sfcore.store.query import ask, open_for_questions
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped,unused-ignore]
    import polars  # type: ignore[import-not-found,unused-ignore]
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks the tables and views of a workspace, as they are when asked or as they were at ``as_of``."""

    workspace: Workspace
    as_of: tuple[str, ...] = ()

    def arrow(self, sql: str) -> pa.Table:
        """The answer as an Arrow table; raises `WrongUse` when the query writes or names what is not there."""
        with open_for_questions(self.workspace, versions_at(self.workspace, self.as_of)) as con:
            return ask(con, sql)

    def pandas(self, sql: str) -> pandas.DataFrame:
        """The answer as a pandas frame, where pandas is installed."""
        _library("pandas")
        return self.arrow(sql).to_pandas()

    def polars(self, sql: str) -> polars.DataFrame:
        """The answer as a polars frame, where polars is installed."""
        frame: Any = _library("polars").from_arrow(self.arrow(sql))
        return frame


def questions_to(location: str | None = None, as_of: str | Sequence[str] = ()) -> Questions:
    """Opens the workspace at ``location`` (a folder or ``s3://bucket/prefix``; else SFACE_WORKSPACE, else ./workspace).

    ``as_of`` is a time, or a table's version or time, or several (`sfcore.store.as_of`). Raises `WrongUse` when there is none.
    """
    return Questions(Workspace.open(location), (as_of,) if isinstance(as_of, str) else tuple(as_of))


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise WrongUse(f"{name} is not installed: install it, or ask for .arrow(...).") from None
