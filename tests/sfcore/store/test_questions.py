"""Views made for people, moments of the past, and queries that mean harm."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sfcore.errors import WrongUse
from sfcore.store.answer_files import csv_bytes, format_of_file, json_bytes, parquet_bytes
from sfcore.store.as_of import versions_at
from sfcore.store.describing import explanation_of, schema_of, tables_of
from sfcore.store.notebook import questions_to
from sfcore.store.query import VIEWS, ask, open_for_questions
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace


def _rows(name: str, *rows: dict[str, Any]) -> pa.Table:
    """Rows of the contract; columns that a test does not care about hold something of their type."""
    blank = {"string": "", "binary": b"", "bool": True}
    filled = [
        {
            c.name: row.get(c.name, None if c.nullable else [] if pa.types.is_list(c.type) else blank.get(str(c.type), 0))
            for c in SCHEMAS[name]
        }
        for row in rows
    ]
    return pa.Table.from_pylist(filled, schema=SCHEMAS[name])


def _metric(run: str, model: str, metric: str, value: float, slice_name: str = "all") -> dict[str, Any]:
    return {"run_id": run, "model_id": model, "metric": metric, "slice": slice_name, "value": value, "n": 7, "dataset": "anna"}


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    made = Workspace.create(str(tmp_path / "w"))
    old, new = "demo-20260101-120000-ab12", "demo-20260102-120000-cd34"
    figures = [_metric(old, "m-1", "skill", 0.2), _metric(old, "baseline-median-x", "skill", 0.0)]
    figures += [_metric(new, "m-1", "skill", 0.2), _metric(new, "m-2", "skill", 0.5), _metric(new, "m-2", "mae", 0.1)]
    figures += [_metric(new, "m-2", "mae", 0.3, "channel:JawOpen")]
    made.append("metrics", _rows("metrics", *figures), "k")
    moved = [{"name": "champion", "model_id": model, "move": move} for move, model in ((1, "m-1"), (2, "m-2"))]
    made.append("aliases", _rows("aliases", *moved), "k")
    rules = [
        {"rule": "advice", "required": False},
        {"rule": "lead", "required": True, "outcome": "passed", "candidate_value": 0.5},
    ]
    made.append("decisions", _rows("decisions", {"run_id": new, "candidate": "m-2", "verdict": "promote", "rules": rules}), "k")
    face = {"dataset": "anna", "split": "test", "identity": "i"}
    truths = [{"sample_id": "a", "JawOpen": 0.5, "TongueOut": 0.0}, {"sample_id": "b", "JawOpen": 0.9, "HeadYaw": 0.1}]
    made.append("supervision", _rows("supervision", *[face | truth for truth in truths]), "k")
    answers = [{"sample_id": "a", "JawOpen": 0.6, "TongueOut": 0.4}, {"sample_id": "b", "JawOpen": 0.8, "HeadYaw": float("nan")}]
    made.append("predictions", _rows("predictions", *[{"model_id": "m-2"} | answer for answer in answers]), "k")
    return made


def test_the_leaderboard_has_the_newest_run_first_and_its_best_first(place: Workspace) -> None:
    rows = ask(
        open_for_questions(place), "select started, model_id, kind, champion, place, skill, mae from leaderboard"
    ).to_pylist()
    assert [(row["model_id"], row["place"], row["champion"]) for row in rows] == [
        ("m-2", 1, True),
        ("m-1", 2, False),
        ("m-1", 1, False),
        ("baseline-median-x", 2, False),
    ]
    assert rows[0]["started"] == datetime(2026, 1, 2, 12)
    assert (rows[0]["skill"], rows[0]["mae"], rows[3]["kind"], rows[1]["mae"]) == (0.5, 0.1, "median baseline", None)


def test_history_rules_and_channels_say_what_the_tables_hold(place: Workspace) -> None:
    con = open_for_questions(place)
    history = ask(con, "select run_id, value from metric_history where metric = 'skill' and kind = 'model' and model_id = 'm-1'")
    assert history["value"].to_pylist() == [0.2, 0.2]
    rules = ask(con, "select rule, required, outcome, verdict, candidate_value from rule_history").to_pylist()
    assert [rule["rule"] for rule in rules] == ["lead", "advice"]
    assert rules[0] | {} == {"rule": "lead", "required": True, "outcome": "passed", "verdict": "promote", "candidate_value": 0.5}
    channels = ask(con, "from channels").to_pylist()
    assert len(channels) == 61
    jaw = next(row for row in channels if row["channel"] == "JawOpen")
    assert (jaw["place"], jaw["mae"], jaw["skill"], jaw["unit"], jaw["partner"]) == (18, 0.3, None, "0..1", "JawOpen")
    assert channels[0]["partner"] == "EyeBlinkRight"


def test_worst_samples_are_ordered_by_an_error_worked_out_by_hand(place: Workspace) -> None:
    rows = ask(
        open_for_questions(place), "select sample_id, place, error, worst_channel, worst_answer from worst_samples"
    ).to_pylist()
    # a: (0.1 + 0.4) / 2. b: (0.1 + 3.1416 + 0.1) / 2, for a number that is not finite is a missing one.
    assert [row["sample_id"] for row in rows] == ["b", "a"]
    assert [row["error"] for row in rows] == pytest.approx([(0.1 + 3.2416) / 2, 0.25], abs=1e-6)
    assert (rows[0]["worst_channel"], rows[0]["worst_answer"], rows[1]["worst_channel"]) == ("HeadYaw", None, "TongueOut")


def test_an_empty_workspace_answers_every_view_and_explains_each_column(tmp_path: Path) -> None:
    empty = Workspace.create(str(tmp_path))
    con = open_for_questions(empty)
    for name in VIEWS:
        assert ask(con, f"from {name}").num_rows == (61 if name == "channels" else 0)
        for column in schema_of(con, empty, name)["column"].to_pylist():
            assert column in explanation_of(name), (name, column)
    assert set(tables_of(empty)["name"].to_pylist()) == {*SCHEMAS, *VIEWS}
    with pytest.raises(WrongUse, match="no table 'leaderbord' \\(did you mean 'leaderboard'\\?\\)"):
        schema_of(con, empty, "leaderbord")


def test_tables_are_read_as_they_were(place: Workspace) -> None:
    before = datetime.now(UTC).isoformat()
    time.sleep(0.02)
    place.append("metrics", _rows("metrics", _metric("later", "m-3", "skill", 0.9)), "k2")
    newest = place.version("metrics")

    def models(*as_of: str) -> list[str]:
        con = open_for_questions(place, versions_at(place, as_of))
        return sorted(ask(con, "select distinct model_id from metrics")["model_id"].to_pylist())

    assert "m-3" in models()
    assert "m-3" in models(f"metrics={newest}")
    assert models(f"metrics={newest - 1}") == models(before) == models(f"metrics={before}") == ["baseline-median-x", "m-1", "m-2"]
    assert models("2001-01-01") == []
    assert "m-3" in models("2001-01-01", f"metrics={newest}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("metric=1", "no table 'metric' (did you mean 'metrics'?)"),
        ("metrics=99", "'metrics' has no version 99; its newest is 1"),
        ("labels=0", "has not been made yet"),
        ("12", "each table counts its own versions; name one, such as metrics=12"),
        ("yesterday", "give a time such as 2026-11-20"),
        ("metrics=soon", "give a time such as 2026-11-20"),
    ],
)
def test_moments_that_are_none_are_told(place: Workspace, given: str, said: str) -> None:
    with pytest.raises(WrongUse) as error:
        versions_at(place, [given])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/hostname')",
        "select * from read_parquet('http://localhost/x.parquet')",
        "from '/etc/passwd'",
        "from 'x.csv'",
        "select * from glob('/etc/*')",
        "from sniff_csv('/etc/passwd')",
        "from parquet_metadata('/tmp/x.parquet')",
        "copy metrics to '/tmp/sface-leak.csv'",
        "copy (from metrics) to '/tmp/sface-leak.csv'",
        "attach '/tmp/sface-leak.db' as x",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma database_list",
        "call pragma_version()",
        "export database '/tmp/sface-leak'",
        "create secret (type s3)",
        "create persistent secret (type s3)",
        "select getenv('HOME')",
        "select * from query('copy metrics to ''/tmp/sface-leak.csv''')",
        "update metrics set value = 1",
        "drop view leaderboard",
        "from place",
    ],
)
def test_queries_that_reach_out_or_write_get_one_sentence(place: Workspace, sql: str) -> None:
    con = open_for_questions(place)
    with pytest.raises(WrongUse) as error:
        ask(con, sql)
    assert "\n" not in str(error.value)
    assert not list(Path("/tmp").glob("sface-leak*"))
    assert ask(con, "select count(*) as n from metrics")["n"].to_pylist() == [6]


def test_answers_as_files_hold_what_was_asked(place: Workspace) -> None:
    sql = """
        select 'a,"b"' as words, 0.1::double as x, null::int as gap, [1, 2] as list, '\\xAB'::blob as raw, 'nan'::double as nan
    """
    answer = ask(open_for_questions(place), sql)
    (row,) = csv.DictReader(io.StringIO(csv_bytes(answer).decode()))
    assert row == {"words": 'a,"b"', "x": "0.1", "gap": "", "list": "[1, 2]", "raw": "ab", "nan": ""}
    assert json.loads(json_bytes(answer))[0]["list"] == [1, 2]
    assert json_bytes(pq.read_table(pa.BufferReader(parquet_bytes(answer)))) == json_bytes(answer)
    assert format_of_file("a.PARQUET") == "parquet"
    with pytest.raises(WrongUse, match="end the file's name in"):
        format_of_file("answer")


def test_a_notebook_asks_in_three_lines(place: Workspace) -> None:
    ask_it = questions_to(place.address.uri)
    assert ask_it.arrow("select count(*) as n from metrics")["n"].to_pylist() == [6]
    frame = ask_it.pandas("select model_id, skill from leaderboard where place = 1")
    assert list(frame["skill"]) == [0.5, 0.2]
    assert questions_to(place.address.uri, as_of="2001-01-01").arrow("from metrics").num_rows == 0
    with pytest.raises(WrongUse, match="did you mean 'leaderboard'"):
        ask_it.arrow("from leaderbord")


def test_polars_is_asked_for_where_it_is_missing(place: Workspace) -> None:
    try:
        import polars
    except ImportError:
        with pytest.raises(WrongUse, match="polars is not installed"):
            questions_to(place.address.uri).polars("from metrics")
    else:
        assert isinstance(questions_to(place.address.uri).polars("from metrics"), polars.DataFrame)
