"""What people ask, and what they are told when they ask wrongly."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from sfcore.errors import WrongUse
from sfcore.store.query import ask, connect
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
    assert len(counts) == 8


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
    ],
)
def test_wrong_queries_get_one_sentence(tmp_path: Path, sql: str, said: str) -> None:
    con = connect(Workspace.create(str(tmp_path)))
    with pytest.raises(WrongUse) as error:
        ask(con, sql)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
