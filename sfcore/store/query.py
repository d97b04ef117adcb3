"""Questions in SQL over all tables of a workspace, answered by DuckDB; reading only."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcore.errors import WrongUse, nearest
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_EXPLAIN = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\b(?:\s+analyze\b)?(?:\s*\(\s*(?:analyze|format)\b[^()]*\))?", re.IGNORECASE | re.DOTALL
)


def connect(workspace: Workspace, versions: dict[str, int] | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with one view per table, at its newest version or at the one given.

    Views read lazily: columns and rows that a query does not name stay on disk.
    """
    import duckdb

    # Looking for extensions on the network costs two seconds a miss, and closed networks have none.
    con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    # Progress is told by whoever asks, on the stream meant for it.
    con.execute("SET enable_progress_bar = false")
    for name, schema in workspace.schemas.items():
        version = (versions or {}).get(name)
        if workspace.has_table(name):
            con.register(name, workspace.dataset(name, version))
        else:
            con.register(name, schema.empty_table())
    return con


VIEWS: tuple[str, ...] = ("leaderboard", "metric_history", "rule_history", "worst_samples", "channels")
"""Views made for people: a file of SQL each, which opens with what its columns mean."""
_VIEW_FOLDER = Path(__file__).parent / "views"
_LOCKS = (
    # Secrets that somebody keeps in the home folder are none of a query's business.
    "SET allow_persistent_secrets = false",
    # Python's variables are no tables, and no query reads a file of the machine or reaches out of it.
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def open_for_questions(workspace: Workspace, versions: Mapping[str, int | None] | None = None) -> duckdb.DuckDBPyConnection:
    """A connection for the queries of people: all tables, the `VIEWS`, and nothing else of the machine in reach.

    ``versions`` pins tables, as `sfcore.store.as_of.versions_at` finds them; None stands for a table that was not made by then.
    """
    import duckdb

    pinned = versions or {}
    con = connect(workspace, {name: version for name, version in pinned.items() if version is not None})
    for name in (name for name, version in pinned.items() if version is None):
        con.unregister(name)
        con.register(name, workspace.schemas[name].empty_table())
    con.execute(f"SET temp_directory = '{tempfile.gettempdir()}'")
    con.execute(f"CREATE VIEW channel_list AS {_channel_list()}")
    for name in VIEWS:
        try:
            con.execute(f"CREATE VIEW {name} AS {view_sql(name)}")
        except duckdb.Error:
            said = f"a table of this workspace was written by an earlier sface and lacks columns that {name} shows"
            con.execute(f"CREATE VIEW {name} AS SELECT error('{said}')")
    for lock in _LOCKS:
        con.execute(lock)
    return con


def view_sql(name: str) -> str:
    """The text of one of the `VIEWS`, its explanation on top."""
    return (_VIEW_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _channel_list() -> str:
    return (Path(__file__).parent.parent / "metrics" / "sql" / "channels.sql").read_text(encoding="utf-8")


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The answer to one query that reads; raises `WrongUse` when it writes, names what is not there, or is no SQL.

    Of columns with one name, the later ones get a number: a, a_1.
    """
    import duckdb

    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise WrongUse(_sentence(error, con)) from None
    if len(statements) != 1:
        what = "is empty" if not statements else f"holds {len(statements)} statements"
        raise WrongUse(f'the query {what}: give one query, such as "select * from metrics".')
    if not _reads(con, sql):
        kind = statements[0].type.name.lower().replace("_", " ")
        # 'multi' is how DuckDB calls any statement with a PIVOT in it, and an explained one is run if it asks to be analysed.
        what = "writes" if kind in ("multi", "explain") else f"is a statement of kind '{kind}'"
        raise WrongUse(f"the query {what}: sface query only reads; start with SELECT, WITH, FROM or PIVOT.")
    try:
        answer = con.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise WrongUse(_sentence(error, con)) from None
    return answer.rename_columns(_apart(answer.column_names))


def rows_of(answer: pa.Table) -> list[dict[str, Any]]:
    """Rows as Python's own values; raises `WrongUse` for a date beyond Python's calendar."""
    try:
        return answer.to_pylist()
    except (OverflowError, ValueError) as error:
        raise WrongUse(
            f"the answer holds a value that cannot be shown ({error}): cast its column to text in the query."
        ) from None


def plain_rows(answer: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is no finite number becomes null, bytes hexadecimal digits, times text."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows_of(answer)]


def _plain(value: Any) -> Any:
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        # DuckDB sums integers into decimals without a fraction.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _reads(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether running a text of one statement could only read."""
    import duckdb

    explained = _EXPLAIN.match(sql)
    if explained:
        # EXPLAIN ANALYZE runs what it explains.
        sql = sql[explained.end() :]
    try:
        (statement,) = con.extract_statements(sql)
        if statement.type == duckdb.StatementType.MULTI:
            # A PIVOT can stand in a query and in a COPY alike; only a query can be put in brackets after FROM.
            con.extract_statements(f"from (\n{statement.query.rstrip().rstrip(';')}\n)")
            return True
    except (duckdb.Error, ValueError):
        return False
    return statement.type == duckdb.StatementType.SELECT


def _apart(names: list[str]) -> list[str]:
    """The names, the second of a kind numbered so that none is there twice."""
    apart: list[str] = []
    for name in names:
        free, number = name, 0
        while free in apart or (number and free in names):
            number += 1
            free = f"{name}_{number}"
        apart.append(free)
    return apart


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
        # Another table may have a column of that very name: as a suggestion it would only puzzle.
        close = nearest(column[1], (name for name in names if name != column[1]))
        return f"there is no column '{column[1]}'{close}: 'describe <table>' lists a table's columns."
    return f"the query cannot be answered: {first}."
