"""What people ask, and what they are told when they ask wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from sfcore.errors import WrongUse
from sfcore.store.query import ask, connect, plain_rows
from sfcore.store.workspace import Workspace


@pytest.fixture
def workspace(workspace_location: str) -> Workspace:
    made = Workspace.create(workspace_location)
    rows = [{"run_id": "r", "stage": "ingest", "source": "a", "row": i, "reason": "x", "detail": None} for i in range(7)]
    made.append("rejects", pa.Table.from_pylist(rows, schema=made.schemas["rejects"]), "k")
    return made


def test_every_table_answers_also_one_that_was_not_made_yet(workspace: Workspace) -> None:
    con = connect(workspace)
    counts = {name: ask(con, f"select count(*) as n from {name}")["n"][0].as_py() for name in workspace.schemas}
    assert counts["rejects"] == 7
    assert counts["labels"] == 0
    assert len(counts) == 10


def test_a_pinned_version_is_what_is_read(workspace: Workspace) -> None:
    pinned = workspace.version("rejects")
    workspace.append("rejects", workspace.read("rejects"), "again")
    assert ask(connect(workspace, {"rejects": pinned}), "from rejects").num_rows == 7


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select * from reject", "did you mean 'rejects'"),
        ("select reson from rejects", "did you mean 'reason'"),
        ("delete from rejects", "only reads"),
        ("create table x as select 1", "only reads"),
        ("", "empty"),
        ("select from where", "cannot be answered"),
        ("select 1; drop view rejects", "2 statements"),
        ("with a as (select 1) insert into rejects select * from a", "only reads"),
        ("copy (select 1) to 'x.csv'", "only reads"),
        ("copy (pivot rejects on stage using count(*)) to 'x.csv'", "only reads"),
        ("create table x as (pivot rejects on stage using count(*))", "only reads"),
        ("explain analyze copy (select 1) to 'x.csv'", "only reads"),
        ("/* why */ explain (analyze) copy (select 1) to 'x.csv'", "only reads"),
        ("select rw from labels", "did you mean 'row'"),
        ("select row from labels", "no column 'row' (did you mean 'raw'?)"),
    ],
)
def test_wrong_queries_get_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    con = connect(Workspace.create(str(tmp_path)))
    with pytest.raises(WrongUse) as error:
        ask(con, sql)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "pivot rejects on stage using count(*)",
        "with p as (pivot rejects on stage using count(*)) from p -- all of it",
        "from (pivot rejects on stage using count(*));",
        "explain pivot rejects on stage using count(*)",
        "-- how\nexplain analyze select 1",
        "explain (select 1)",
        "describe rejects",
        "summarize rejects",
        "values (1)",
    ],
)
def test_whatever_only_reads_is_answered(tmp_path: Path, sql: str) -> None:
    assert ask(connect(Workspace.create(str(tmp_path))), sql).num_columns > 0


def test_a_pivot_counts_what_is_there(workspace: Workspace) -> None:
    pivoted = ask(connect(workspace), "pivot (select source, stage from rejects) on stage using count(*)")
    assert plain_rows(pivoted) == [{"source": "a", "ingest": 7}]


def test_columns_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    con = connect(Workspace.create(str(tmp_path)))
    assert plain_rows(ask(con, "select 1 as a, 2 as a, 3 as a")) == [{"a": 1, "a_1": 2, "a_2": 3}]
    assert plain_rows(ask(con, "select 1 as a, 2 as a, 3 as a_1")) == [{"a": 1, "a_2": 2, "a_1": 3}]


def test_rows_are_plain_json(tmp_path: Path) -> None:
    sql = """
        select 'nan'::double as x, [1.0, 'inf'::double] as l, {'q': '-inf'::float, 'w': 1} as s, '\\xAA'::blob as b,
               sum(n) as whole, 1.5::decimal(4, 2) as d, true as t, null as z, date '2026-01-02' as day
        from (values (1), (2)) v(n)
    """
    (row,) = plain_rows(ask(connect(Workspace.create(str(tmp_path))), sql))
    assert json.loads(json.dumps(row, allow_nan=False)) == {
        "x": None,
        "l": [1.0, None],
        "s": {"q": None, "w": 1},
        "b": "aa",
        "whole": 3,
        "d": 1.5,
        "t": True,
        "z": None,
        "day": "2026-01-02",
    }


def test_a_date_beyond_the_calendar_is_told(tmp_path: Path) -> None:
    answer = ask(connect(Workspace.create(str(tmp_path))), "select date '294247-01-01' as d")
    with pytest.raises(WrongUse, match="cast its column to text"):
        plain_rows(answer)
