"""``sface query``: questions in SQL to all tables and to views made for people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from flows.arguments import Json, Place, example, opened
from flows.terminal import answer_table, console
from sfcore.errors import WorkFailed, WrongUse

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from sfcore.store.workspace import Workspace

QUERY_EXAMPLE = example('sface query "from leaderboard"')


def query(
    sql: Annotated[
        str | None,
        typer.Argument(
            help="One query that reads, - to read it from standard input, .tables, or .schema TABLE.", show_default=False
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A file with the query.", show_default=False)] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="table, csv, json or parquet; else what --out ends in, else table.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write the answer to.", show_default=False)] = None,
    as_of: Annotated[
        list[str] | None,
        typer.Option(
            help="Tables as they were: metrics=12 (version), metrics=2026-11-20, or 2026-11-20T14:30 (UTC) for all; repeatable.",
            show_default=False,
        ),
    ] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Ask all tables, and the views leaderboard, metric_history, rule_history, worst_samples and channels, in SQL."""
    from sfcore.store.answer_files import check_format, encoded, format_of_file
    from sfcore.store.as_of import versions_at
    from sfcore.store.query import open_for_questions

    text = _text(sql, file)
    if as_json and form not in (None, "json"):
        raise WrongUse(f"--json and --format {form} contradict each other: give one of them.")
    wanted = "json" if as_json else check_format(form) if form else format_of_file(out.name) if out else "table"
    if out is None and wanted == "parquet":
        raise WrongUse("Parquet is not for the terminal: name a file with --out answer.parquet.")
    if out is not None and wanted == "table":
        raise WrongUse("a table is for the terminal: write csv, json or parquet into a file.")
    place = opened(workspace)
    with open_for_questions(place, versions_at(place, as_of or [])) as con:
        answer, heading = _answer(con, place, text)
    if out is not None:
        _write(out, encoded(answer, wanted))
        console(stderr=True).print(Text(f"wrote {answer.num_rows} rows to {out}"), soft_wrap=True)
    elif wanted == "table":
        if heading:
            console().print(Text(heading + "\n"))
        console().print(answer_table(answer))
    else:
        sys.stdout.write(encoded(answer, wanted).decode())


def _text(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        raise WrongUse('give one query, such as "from leaderboard", or --file FILE.sql; .tables lists what there is to ask.')
    if file is None:
        return sys.stdin.read() if sql == "-" else str(sql)
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WrongUse(f"{file} cannot be read ({why}): give a file with one query in SQL.") from None


def _answer(con: duckdb.DuckDBPyConnection, place: Workspace, text: str) -> tuple[pa.Table, str]:
    """The answer to a query or a command with a dot, and words to put above it."""
    from sfcore.store.describing import explanation_of, schema_of, tables_of
    from sfcore.store.query import ask

    command, *rest = text.strip().rstrip(";").split()[:3] or [""]
    if command == ".tables" and not rest:
        return tables_of(place), ""
    if command == ".schema" and len(rest) == 1:
        return schema_of(con, place, rest[0]), explanation_of(rest[0])
    if command.startswith("."):
        raise WrongUse(f"'{text.strip()}' is not a command: use .tables, or .schema TABLE.")
    return ask(con, text), ""


def _write(out: Path, content: bytes) -> None:
    # Beside its place and then moved: a full disk leaves no half of a file.
    beside = out.with_name(f".{out.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise WorkFailed(f"{out} cannot be written: {error.strerror or error}.") from None
