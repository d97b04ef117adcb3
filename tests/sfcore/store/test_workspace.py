"""One contract for every place a workspace can live."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import cloudpickle
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from sfcore.errors import SfaceError, WorkFailed, WrongUse
from sfcore.store.aliases import CHAMPION, LostRace, move_alias, read_alias
from sfcore.store.workspace import Workspace


@pytest.fixture
def workspace(workspace_location: str) -> Workspace:
    return Workspace.create(workspace_location)


def rejects(workspace: Workspace, count: int, source: str = "a.csv") -> pa.Table:
    rows = [{"run_id": "r", "stage": "ingest", "source": source, "row": i, "reason": "not a number"} for i in range(count)]
    return pa.Table.from_pylist(rows, schema=workspace.schemas["rejects"])


def test_a_key_is_committed_once_whoever_repeats_it(workspace: Workspace) -> None:
    assert workspace.append("rejects", rejects(workspace, 3), "one")
    assert not Workspace.open(workspace.address.uri).append("rejects", rejects(workspace, 3), "one")
    assert workspace.append("rejects", rejects(workspace, 2), "two")
    assert workspace.read("rejects").num_rows == 5


def test_files_written_by_workers_appear_with_their_commit_and_only_then(workspace: Workspace) -> None:
    files = [workspace.write_data_file("rejects", f"plan-{i}", rejects(workspace, 4)) for i in range(2)]
    assert workspace.read("rejects").num_rows == 0
    assert workspace.commit_files("rejects", files, "plan/0")
    assert not workspace.commit_files("rejects", files, "plan/0")
    assert workspace.row_counts()["rejects"] == workspace.read("rejects").num_rows == 8


def test_files_are_named_by_their_bytes_so_none_overwrites_another(workspace: Workspace) -> None:
    first = workspace.write_data_file("rejects", "again", rejects(workspace, 50))
    assert workspace.write_data_file("rejects", "again", rejects(workspace, 50)) == first
    assert workspace.write_data_file("rejects", "again", rejects(workspace, 49)).path != first.path


def test_an_older_version_stays_readable(workspace: Workspace) -> None:
    workspace.append("rejects", rejects(workspace, 1), "one")
    pinned = workspace.version("rejects")
    workspace.append("rejects", rejects(workspace, 9), "two")
    assert workspace.read("rejects", version=pinned).num_rows == 1


def test_racing_appends_under_one_key_add_the_rows_once(workspace: Workspace) -> None:
    workspace.table("rejects")
    outcomes: list[bool] = []

    def add() -> None:
        outcomes.append(Workspace(workspace.address).append("rejects", rejects(workspace, 2), "raced"))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert workspace.read("rejects").num_rows == 2


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(workspace: Workspace) -> None:
    seen = read_alias(workspace, CHAMPION)
    assert seen.model_id is None
    move_alias(workspace, seen, "model-a", "decision-a")
    with pytest.raises(LostRace, match="model-a"):
        move_alias(workspace, seen, "model-b", "decision-b")
    assert read_alias(workspace, CHAMPION).model_id == "model-a"
    assert move_alias(workspace, read_alias(workspace, CHAMPION), "model-b", "decision-b").move == 2


def test_folders_travel_whole_and_a_torn_one_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "model"
    (source / "adapter").mkdir(parents=True)
    (source / "adapter" / "weights.bin").write_bytes(b"\x00\x01" * 1000)
    (source / "lineage.json").write_text("{}")
    workspace.push_folder(source, "models/m")
    fetched = workspace.fetch_folder("models/m", tmp_path / "back")
    assert (fetched / "adapter" / "weights.bin").read_bytes() == b"\x00\x01" * 1000
    assert workspace.folders("models") == ["m"]
    workspace.write_bytes("models/torn/lineage.json", b"{}")
    with pytest.raises(WorkFailed, match="not written to its end"):
        workspace.fetch_folder("models/torn", tmp_path / "torn")
    workspace.remove("models/m")
    assert not workspace.exists("models/m")


def test_a_workspace_travels_to_another_process(workspace: Workspace) -> None:
    workspace.append("rejects", rejects(workspace, 2), "one")
    assert cloudpickle.loads(cloudpickle.dumps(workspace)).read("rejects").num_rows == 2


def test_misspelt_table_is_told_with_the_nearest_name(workspace: Workspace) -> None:
    with pytest.raises(WrongUse, match="did you mean 'labels'"):
        workspace.table("lables")


def test_wrong_addresses_are_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    said = {}
    for location in ("gs://bucket/x", "s3:///x", "s3://bucket/x", str(tmp_path / "nowhere")):
        with pytest.raises(SfaceError) as error:
            Workspace.open(location)
        said[location] = str(error.value)
        assert error.value.exit_code == 2
        assert "\n" not in said[location]
    assert "AWS_ACCESS_KEY_ID" in said["s3://bucket/x"]
    assert "sface demo" in said[str(tmp_path / "nowhere")]


def test_a_missing_bucket_and_a_dead_server_are_told(s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkFailed, match="no bucket 'absent'"):
        Workspace.create("s3://absent/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(WorkFailed, match="does not answer"):
        Workspace.create(f"s3://{s3_bucket}/x")


def test_a_table_of_an_earlier_contract_gains_its_new_columns(workspace: Workspace) -> None:
    now = workspace.schemas["metrics"]
    before = pa.schema([column for column in now if column.name not in ("clusters", "deviations")])
    old = {column.name: "x" if pa.types.is_string(column.type) else 1 for column in before}
    write_deltalake(
        workspace.uri("tables/metrics"),
        pa.Table.from_pylist([old], schema=before),
        storage_options=workspace.address.delta_options,
    )
    workspace.append("metrics", pa.Table.from_pylist([old | {"clusters": 7, "deviations": [0.5]}], schema=now), "new")
    assert workspace.read("metrics").sort_by("clusters")["clusters"].to_pylist() == [7, None]
    now_rules = workspace.schemas["decisions"].field("rules").type.value_type
    fewer = pa.struct([part for part in now_rules if part.name not in ("lead", "more")])
    schema = pa.schema(
        [pa.field("rules", pa.list_(fewer)) if column.name == "rules" else column for column in workspace.schemas["decisions"]]
    )
    row = {column.name: "x" for column in schema if pa.types.is_string(column.type)} | {"decided_at": datetime.now(UTC)}
    write_deltalake(
        workspace.uri("tables/decisions"),
        pa.Table.from_pylist([row | {"rules": [{"rule": "a"}]}], schema=schema),
        storage_options=workspace.address.delta_options,
    )
    added = pa.Table.from_pylist([row | {"rules": [{"rule": "b", "lead": 0.1}]}], schema=workspace.schemas["decisions"])
    workspace.append("decisions", added, "new")
    kept = {rules[0]["rule"]: rules[0]["lead"] for rules in workspace.read("decisions")["rules"].to_pylist()}
    assert kept == {"a": None, "b": 0.1}
