"""What there is to ask: the tables and views of a workspace, and the columns of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfcore.errors import WrongUse, nearest
from sfcore.store.query import VIEWS, view_sql
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def tables_of(workspace: Workspace) -> pa.Table:
    """One row for each table and view: ``name``, ``kind``, and for tables ``rows`` and ``version`` (null: not made yet)."""
    import pyarrow as pa

    counts = workspace.row_counts()
    rows = [
        {
            "name": name,
            "kind": "table",
            "rows": counts[name],
            "version": workspace.version(name) if workspace.has_table(name) else None,
        }
        for name in workspace.schemas
    ]
    rows += [{"name": name, "kind": "view", "rows": None, "version": None} for name in VIEWS]
    schema = pa.schema([("name", pa.string()), ("kind", pa.string()), ("rows", pa.int64()), ("version", pa.int64())])
    return pa.Table.from_pylist(rows, schema=schema)


def schema_of(con: duckdb.DuckDBPyConnection, workspace: Workspace, name: str) -> pa.Table:
    """One row for each column of a table or view: ``column`` and ``type``; raises `WrongUse` with the nearest name."""
    known = [*workspace.schemas, *VIEWS]
    if name not in known:
        raise WrongUse(f"there is no table '{name}'{nearest(name, known)}: '.tables' lists them all.")
    return con.sql(f'SELECT column_name AS "column", column_type AS type FROM (DESCRIBE {name})').to_arrow_table()


def explanation_of(name: str) -> str:
    """What a view shows and what its columns mean, in words; empty for a table."""
    if name not in VIEWS:
        return ""
    lines = view_sql(name).splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("--"))]
    return " ".join(line.removeprefix("--").strip() for line in head)
