"""Wrong use through the real command: one line that says what, where and what to do, before any engine starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sfcore.store.workspace import Workspace

ROOT = Path(__file__).parents[2]


def sface(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command with a clean environment of AWS and sface."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SFACE_"))}
    env |= {"COLUMNS": "200", "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **environment}
    command = [str(Path(sys.executable).with_name("sface")), *words]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)


def told(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    """Asserts the exit code, a single line on standard error, and each part of it."""
    assert done.returncode == code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for part in said:
        assert part in done.stderr


def test_an_unknown_file_type(tmp_path: Path) -> None:
    film = tmp_path / "take.mov"
    film.write_bytes(b"\x00\x00\x00\x14ftypqt  " + bytes(100))
    told(sface("demo", "--labels", str(film), "-w", str(tmp_path / "w")), 2, "take.mov", "it is a video", "Live Link Face CSV")
    assert not (tmp_path / "w").exists()


def test_a_csv_that_is_not_a_recording(real_data: Path, tmp_path: Path) -> None:
    tc = real_data / "livelink" / "tc.csv"
    told(sface("ingest", str(tc), "-w", str(tmp_path / "w")), 2, "tc.csv", "Filename,Timecode")
    assert not (tmp_path / "w").exists()


def test_a_missing_workspace(tmp_path: Path) -> None:
    told(sface("query", "select 1", "-w", str(tmp_path / "none")), 2, "no workspace", "sface demo")


def test_an_s3_address_without_credentials() -> None:
    told(sface("demo", "-w", "s3://bucket/faces"), 2, "AWS_ACCESS_KEY_ID")


def test_a_cluster_without_the_resources_asked_for(tmp_path: Path) -> None:
    recipe = tmp_path / "big.yaml"
    recipe.write_text("name: big\ntraining: {workers: 640, batch_size: 640}\n")
    said = ("640 CPUs", "training.workers", "SFACE_RAY_ADDRESS")
    told(sface("retrain", "--recipe", str(recipe), "-w", str(tmp_path / "w")), 1, *said)


@pytest.mark.slow
def test_a_ray_address_that_does_not_answer(tmp_path: Path) -> None:
    sface("ingest", str(_take(tmp_path)), "--dataset", "d", "-w", str(tmp_path / "w"))
    done = sface(
        *("supervise", "--recipe", "demo", "--dataset", "d", "-w", str(tmp_path / "w")),
        SFACE_RAY_ADDRESS="127.0.0.1:9",
    )
    assert done.returncode == 1
    assert "SFACE_RAY_ADDRESS=127.0.0.1:9 does not answer" in done.stderr


def test_a_recipe_with_a_misspelt_field(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\nfaces: {idenities: 3}\n")
    told(sface("retrain", "--recipe", str(recipe)), 2, "mine.yaml", "faces.idenities")


def test_a_misspelt_policy(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\npromotion: {policy: defualt}\n")
    told(sface("retrain", "--recipe", str(recipe), "-w", str(tmp_path / "w")), 2, "did you mean 'default'")


@pytest.mark.parametrize("verb", ["demo", "retrain", "ingest", "supervise", "distill", "evaluate", "promote", "query", "doctor"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = sface(verb, "--help")
    assert done.returncode == 0
    assert f"Example: sface {verb}" in done.stdout


def test_ingesting_twice_adds_nothing_and_a_conflict_is_told(tmp_path: Path) -> None:
    take, place = _take(tmp_path), str(tmp_path / "w")
    assert "60 rows kept" in sface("ingest", str(take), "--dataset", "d", "-w", place).stderr
    assert "found done" in sface("ingest", str(take), "--dataset", "d", "-w", place).stderr
    counted = sface("query", "select count(*) as n from labels", "-w", place, "--json")
    assert counted.stdout.strip() == '[{"n": 60}]'
    take.write_text(take.read_text().replace("0.5", "0.6"))
    conflict = sface("ingest", str(take), "--dataset", "d", "-w", place)
    assert conflict.returncode == 2
    assert "already holds another recording named 'take'" in conflict.stderr


def _workspace(folder: Path) -> str:
    return Workspace.create(str(folder)).address.root


def test_ctrl_c_says_that_the_command_may_be_run_again(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("sface")), "query", "-", "-w", _workspace(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        _wait_until_it_reads(running)
        running.send_signal(signal.SIGINT)
        said, complained = running.communicate(timeout=30)
    assert running.returncode == 130
    assert (said, complained.strip()) == ("", "sface: interrupted; run the same command again to go on.")


def _wait_until_it_reads(running: subprocess.Popen[str]) -> None:
    # One byte more than a pipe holds can only be written once the other side reads.
    assert running.stdin is not None
    running.stdin.write(" " * (2**20 + 1))
    running.stdin.flush()


@pytest.mark.slow
def test_ctrl_c_stops_a_run_at_once_with_all_that_it_started(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("sface")), "demo", "-w", str(tmp_path / "w")]
    env = {**os.environ, "PREFECT_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    # As a terminal does it: the signal goes to the whole group of processes.
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True) as running:
        assert running.stderr is not None
        assert any(line.startswith("  supervise") for line in running.stderr), "the run has begun"
        os.killpg(running.pid, signal.SIGINT)
        said = running.stderr.read().strip().splitlines()
    assert running.returncode == 130
    assert said[-1] == "sface: interrupted; run the same command again to go on."
    assert "Traceback" not in "".join(said)
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_a_place_for_a_picture_that_cannot_be(tmp_path: Path) -> None:
    told(sface("rig", "preview", "--out", str(tmp_path / "none" / "x.png")), 2, "no folder", "none")
    told(sface("rig", "preview", "--out", str(tmp_path / "x.foo")), 2, "x.foo", "ends in .png")


def test_a_workspace_that_is_a_file_or_holds_one_where_a_table_belongs(tmp_path: Path) -> None:
    take, place = str(_take(tmp_path)), _workspace(tmp_path / "w")
    told(sface("ingest", take, "-w", take), 1, "take.csv")
    (tmp_path / "w" / "tables").mkdir()
    (tmp_path / "w" / "tables" / "labels").write_text("no table")
    done = sface("ingest", take, "-w", place)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("sface: ")
    assert "tables/labels" in last
    assert "not a directory; check the path" in last


def test_a_table_whose_log_is_damaged(tmp_path: Path) -> None:
    log = tmp_path / "w" / "tables" / "labels" / "_delta_log" / f"{0:020d}.json"
    log.parent.mkdir(parents=True)
    log.write_text("garbage")
    place = _workspace(tmp_path / "w")
    told(sface("query", "from labels", "-w", place), 1, "a table of the workspace cannot be read")
    debugged = sface("query", "from labels", "-w", place, SFACE_DEBUG="1")
    assert "Traceback" in debugged.stderr
    assert debugged.stderr.strip().splitlines()[-1].startswith("sface: a table of the workspace")


@pytest.mark.slow
def test_a_read_only_workspace_is_told_before_anything_starts_and_can_be_asked(tmp_path: Path) -> None:
    take, place = str(_take(tmp_path)), str(tmp_path / "w")
    sface("ingest", take, "--dataset", "d", "-w", place)
    inside = f'mount --bind {place} {place} && mount -o remount,ro,bind {place} && exec "$@"'
    alone = ["unshare", "--mount", "--map-root-user", "sh", "-c", inside, "sh"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a read-only mount of our own needs Linux with unprivileged namespaces")
    command = str(Path(sys.executable).with_name("sface"))
    for verb in (["ingest", take, "--dataset", "e"], ["supervise", "--dataset", "d"], ["demo"]):
        told(subprocess.run([*alone, command, *verb, "-w", place], capture_output=True, text=True, check=False), 1, "cannot be")
    asked = subprocess.run([*alone, command, "query", "select 1 as n", "-w", place, "--json"], capture_output=True, check=False)
    assert asked.stdout.strip() == b'[{"n": 1}]'


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/api", "nonsense"])
def test_a_prefect_server_that_does_not_answer(tmp_path: Path, address: str) -> None:
    done = sface("demo", "-w", str(tmp_path / "w"), PREFECT_API_URL=address, PREFECT_HOME=str(tmp_path / "home"))
    told(done, 1, f"PREFECT_API_URL={address}", "prefect server start")


def test_a_name_of_a_dataset_that_cannot_be(tmp_path: Path) -> None:
    place = _workspace(tmp_path / "w")
    told(sface("supervise", "--dataset", "../x", "-w", place), 2, "'../x'", "letters of English, digits, '_', '.' and '-'")


def test_a_machine_without_a_compiler_is_advised_not_failed(tmp_path: Path) -> None:
    whole = sface("doctor", "--json")
    bare = sface("doctor", "--json", PATH=str(tmp_path))
    compiler = next(finding for finding in json.loads(bare.stdout) if finding["subject"] == "compiler")
    assert (compiler["fine"], compiler["needed"]) == (False, False)
    assert bare.returncode == whole.returncode


def test_json_is_json_and_no_column_is_lost(tmp_path: Path) -> None:
    done = sface("query", "select 'nan'::double as x, 1 as a, 2 as a", "-w", _workspace(tmp_path / "w"), "--json")
    assert done.stdout.strip() == '[{"x": null, "a": 1, "a_1": 2}]'


def test_an_answer_of_many_columns_keeps_each_value_beside_its_name(tmp_path: Path) -> None:
    place = str(tmp_path / "w")
    sface("ingest", str(_take(tmp_path)), "--dataset", "d", "-w", place)
    done = sface("query", "from labels order by frame limit 1", "-w", place, COLUMNS="60")
    pairs = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert (pairs["dataset"], pairs["JawOpen"], pairs["source_name"]) == ("d", "0.5", "take.csv")


def _take(folder: Path) -> Path:
    from sfcore.arkit import NAMES

    path = folder / "take.csv"
    rows = [f"00:00:{i:02d}:00.0,61," + ",".join(["0.5"] * 61) for i in range(60)]
    path.write_text("\n".join(["Timecode,BlendShapeCount," + ",".join(NAMES), *rows]))
    return path
