"""Wrong use through the real command: one line that says what, where and what to do, before any engine starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    told(sface("demo", "--labels", str(film), "-w", str(tmp_path / "w")), 2, "take.mov", "binary", "Live Link Face CSV")
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
        RAY_gcs_rpc_server_connect_timeout_s="2",
        RAY_gcs_server_request_timeout_seconds="2",
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


def _take(folder: Path) -> Path:
    from sfcore.arkit import NAMES

    path = folder / "take.csv"
    rows = [f"00:00:{i:02d}:00.0,61," + ",".join(["0.5"] * 61) for i in range(60)]
    path.write_text("\n".join(["Timecode,BlendShapeCount," + ",".join(NAMES), *rows]))
    return path
