"""The whole way through the real command: on a real take on a disk, and on an S3 server over a socket."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from sfcore.store.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def sface(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command in a folder of its own with an empty home."""
    home = cwd / "home"
    home.mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(home), "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("sface")), *words]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd, timeout=1400, check=False)


def asked(cwd: Path, place: str, sql: str) -> list[dict[str, Any]]:
    """What ``sface query`` answers."""
    done = sface(cwd, "query", sql, "-w", place, "--json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def check_run(cwd: Path, place: str, done: subprocess.CompletedProcess[str]) -> None:
    """What must hold after any run: every part was there, the numbers agree with the tables, and people find their way."""
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout
    workspace = Workspace.open(place)
    for table, count in workspace.row_counts().items():
        assert any(line.split() == [table, f"{count:,}"] for line in said.splitlines()), f"{table} {count} in {said}"
    for words in ("candidate", "CNN baseline", "median baseline", "mean absolute error", "answers that parse", "Decision"):
        assert words in said

    decision = workspace.read("decisions").sort_by([("decided_at", "descending")]).slice(0, 1).to_pylist()[0]
    assert decision["verdict"] in ("promote", "refuse", "undecided")
    assert all(rule["rule"] in said for rule in decision["rules"])
    judged = next(rule for rule in decision["rules"] if rule["candidate_value"] is not None)
    recomputed = {row["model_id"]: row["value"] for row in asked(cwd, place, judged["query"])}
    assert recomputed[decision["candidate"]] == pytest.approx(judged["candidate_value"], abs=1e-9)
    promoted = asked(cwd, place, "select model_id from aliases where name = 'champion' order by move desc limit 1")
    assert bool(promoted) == (decision["verdict"] == "promote")

    report, sheet = f"reports/{decision['run_id']}/report.html", f"reports/{decision['run_id']}/contact_sheet.png"
    assert workspace.uri(report) in said
    assert workspace.uri(sheet) in said
    assert decision["candidate"] in workspace.read_bytes(report).decode()
    with Image.open(io.BytesIO(workspace.read_bytes(sheet))) as picture:
        assert picture.width > 600
        assert len(set(picture.convert("RGB").resize((64, 64)).get_flattened_data())) > 200


def test_demo_on_a_real_take_and_again(real_data: Path, tmp_path: Path) -> None:
    take, place = real_data / "livelink" / "alex_rom_3.csv", str(tmp_path / "workspace")
    done = sface(tmp_path, "demo", "--labels", str(take), "-w", place)
    check_run(tmp_path, place, done)

    counts = asked(tmp_path, place, "select split, count(*) as n from labels group by split")
    assert sum(row["n"] for row in counts) == 4030
    twice = "select identity from supervision group by identity having count(distinct split) > 1"
    leaked = f"select count(*) as n from ({twice})"
    assert asked(tmp_path, place, leaked) == [{"n": 0}]
    untrue = asked(tmp_path, place, "select count(*) as n from supervision where verify_score < 1")
    assert untrue == [{"n": 0}]
    losses = [row["loss"] for row in asked(tmp_path, place, "select loss from steps order by step")]
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])

    again = sface(tmp_path, "demo", "--labels", str(take), "-w", place)
    check_run(tmp_path, place, again)
    assert "labels of 'alex_rom_3' found done" in again.stderr
    assert "supervision found done" in again.stderr
    assert asked(tmp_path, place, "select count(*) as n from labels") == [{"n": 4030}]


def test_takes_arrive_on_s3_and_a_retrain_leaves_nothing_here(
    s3_bucket: str, tmp_path: Path, tiny_recipe: dict[str, Any], write_take: Callable[..., Path]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe))
    place = f"s3://{s3_bucket}/team/faces"
    for seed in (1, 2):
        take = write_take(tmp_path / f"take {seed} ü.csv", rows=30, seed=seed)
        done = sface(here, "ingest", str(take), "--dataset", "anna", "-w", place)
        assert done.returncode == 0, done.stderr
    check_run(here, place, sface(here, "retrain", "--recipe", str(recipe), "--dataset", "anna", "-w", place))
    assert [row["n"] for row in asked(here, place, "select count(*) as n from labels group by take")] == [30, 30]
    assert asked(here, place, "select count(distinct take) as n from supervision") == [{"n": 2}]
    assert [path.name for path in here.iterdir()] == ["home"]
    assert not [path for path in (here / "home").rglob("*") if path.suffix in (".parquet", ".safetensors", ".webp")]
    assert not Workspace.open(place).exists("training")
