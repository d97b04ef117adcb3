"""Questions in SQL over all tables of a workspace, answered by DuckDB; reading only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sfcore.errors import WrongUse, nearest
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def connect(workspace: Workspace, versions: dict[str, int] | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with one view per table, at its newest version or at the one given.

    Views read lazily: columns and rows that a query does not name stay on disk.
    """
    import duckdb

    # Looking for extensions on the network costs two seconds a miss, and closed networks have none.
    con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name, schema in workspace.schemas.items():
        version = (versions or {}).get(name)
        if workspace.has_table(name):
            con.register(name, workspace.dataset(name, version))
        else:
            con.register(name, schema.empty_table())
    return con


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The answer to one query that reads; raises `WrongUse` when it writes, names what is not there, or is no SQL."""
    import duckdb

    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise WrongUse(_sentence(error, con)) from None
    if len(statements) != 1:
        what = "is empty" if not statements else f"holds {len(statements)} statements"
        raise WrongUse(f'the query {what}: give one query, such as "select * from metrics".')
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        kind = statements[0].type.name.lower().replace("_", " ")
        raise WrongUse(f"the query is a statement of kind '{kind}': sface query only reads; start with SELECT, WITH or FROM.")
    try:
        return con.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise WrongUse(_sentence(error, con)) from None


def _sentence(error: Exception, con: duckdb.DuckDBPyConnection) -> str:
    first = str(error).splitlines()[0].split(": ", 1)[-1]
    missing = re.search(r"Table with name (\S+) does not exist", first)
    if missing:
        tables = [row[0] for row in con.execute("select view_name from duckdb_views() where not internal").fetchall()]
        return f"there is no table '{missing[1]}'{nearest(missing[1], tables)}: tables are {', '.join(sorted(tables))}."
    column = re.search(r'[Cc]olumn "?([^" ]+)"? not found', first)
    if column:
        # COLUMNS('') of every view would cost a read; the catalogue knows the names.
        names = [row[0] for row in con.execute("select distinct column_name from duckdb_columns() where not internal").fetchall()]
        return f"there is no column '{column[1]}'{nearest(column[1], names)}: 'describe <table>' lists a table's columns."
    return f"the query cannot be answered: {first}."
