"""What the tables held at a moment: ``metrics=12``, ``metrics=2026-11-20`` or, for all of them, ``2026-11-20T14:30``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sfcore.errors import WrongUse, nearest
from sfcore.store.workspace import Workspace


def versions_at(workspace: Workspace, given: Sequence[str]) -> dict[str, int | None]:
    """Table -> its version at the moments given, None for one that was not made by then; other tables are left out.

    Each of ``given`` is ``TABLE=VERSION``, ``TABLE=TIME`` or ``TIME`` (all tables; times are ISO 8601, UTC unless they say
    otherwise). What names a table wins over what names none. Raises `WrongUse` for anything else, for a table that is not there
    and for a version it does not have.
    """
    of_all: dict[str, int | None] = {}
    of_one: dict[str, int | None] = {}
    for text in given:
        name, _, moment = text.rpartition("=")
        if name and name not in workspace.schemas:
            close = nearest(name, workspace.schemas)
            raise WrongUse(
                f"--as-of {text}: there is no table '{name}'{close}: tables are {', '.join(sorted(workspace.schemas))}."
            )
        if name:
            of_one[name] = (
                _version(workspace, name, moment) if re.fullmatch(r"\d{1,9}", moment) else _then(workspace, name, moment)
            )
        elif re.fullmatch(r"\d{1,9}", moment):
            raise WrongUse(
                f"--as-of {text}: each table counts its own versions; name one, such as metrics={text}, or give a time."
            )
        else:
            of_all |= {table: _then(workspace, table, moment) for table in workspace.schemas}
    return of_all | of_one


def _version(workspace: Workspace, name: str, moment: str) -> int:
    newest = workspace.version(name) if workspace.has_table(name) else -1
    if int(moment) > newest:
        there = f"its newest is {newest}" if newest >= 0 else "the table has not been made yet"
        raise WrongUse(f"--as-of {name}={moment}: '{name}' has no version {moment}; {there}.")
    return int(moment)


def _then(workspace: Workspace, name: str, moment: str) -> int | None:
    until = 1000 * _time(moment).timestamp()
    if not workspace.has_table(name):
        return None
    commits = workspace.table(name).history()
    return max((int(commit["version"]) for commit in commits if commit.get("timestamp", 0) <= until), default=None)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(
            f"--as-of {text}: give a time such as 2026-11-20 or 2026-11-20T14:30, or a table's version such as metrics=12."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
