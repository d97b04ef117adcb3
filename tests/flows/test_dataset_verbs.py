"""``sface dataset`` on samples that were really made, without any engine."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from flows.cli import app
from sfcore.errors import WrongUse
from sfcore.recipe import recipe_from
from sfcore.store.workspace import Workspace
from sfcore.supervision.making import SampleMaker
from sfcore.supervision.remaking import keep_recipe
from sfcore.supervision.wanted import samples_of
from tasks.ingest import ingest
from tasks.progress import Silent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with 24 samples of a dataset 'tiny', one of them with words that are not those it was made with."""
    workspace = Workspace.create(str(tmp_path_factory.mktemp("dataset") / "w"))
    recipe = recipe_from(
        {"labels": {"dataset": "tiny", "prior": {"takes": 4, "frames": 6}}, "faces": {"size": 48, "train_identities": 4}}, "x"
    )
    ingest(workspace, recipe.labels, 0, "run", Silent())
    version = workspace.version("labels")
    wanted = list(samples_of(workspace, recipe, version))
    labels = {(row["take"], row["frame"]): row for row in workspace.read("labels").to_pylist()}
    names = [field.name for field in workspace.schemas["labels"]][4:65]
    values = np.array([[labels[one.take, one.frame][name] for name in names] for one in wanted], np.float32)
    keep_recipe(workspace, recipe)
    rows = SampleMaker(recipe, workspace).make(wanted, values, "run").rows.to_pylist()
    rows[0]["symmetry"] = "tampered with"
    files = [
        workspace.write_data_file("supervision", f"w/{n}", pa.Table.from_pylist(part, schema=workspace.schemas["supervision"]))
        for n, part in enumerate((rows[:12], rows[12:]))
    ]
    workspace.commit_files("supervision", files, "made")
    return workspace


def run(workspace: Workspace, *words: str) -> tuple[int, Any]:
    """Exit code and what was printed as JSON."""
    result = CliRunner().invoke(app, ["dataset", *words, "-w", workspace.address.uri, "--json"])
    if isinstance(result.exception, WrongUse):
        return 2, str(result.exception)
    return result.exit_code, json.loads(result.stdout)


def test_a_sample_made_again_alone_has_its_bytes_and_a_tampered_one_is_told(made: Workspace, tmp_path: Path) -> None:
    rows = made.read("supervision", columns=["sample_id", "image", "symmetry"]).to_pylist()
    right = next(row for row in rows if row["symmetry"] != "tampered with")
    code, told = run(made, "show", right["sample_id"][:12], "--out", str(tmp_path / "face.webp"))
    assert (code, told["same"], told["differs"]) == (0, True, [])
    assert (tmp_path / "face.webp").read_bytes() == right["image"]
    wrong = next(row["sample_id"] for row in rows if row["symmetry"] == "tampered with")
    code, told = run(made, "show", wrong)
    assert (code, told["differs"]) == (1, ["symmetry"])
    assert run(made, "show", "0000000000")[0] == run(made, "show", "xyz")[0] == 2


def test_the_report_counts_what_the_table_holds(made: Workspace, tmp_path: Path) -> None:
    code, told = run(made, "report", "tiny", "--out", str(tmp_path))
    splits = Counter(made.read("supervision", columns=["split"])["split"].to_pylist())
    assert code == 0
    assert told["samples"] == 24
    assert told["splits"] == dict(splits)
    assert told["verification"]["perfect"] == 24
    assert {len(channels) for channels in told["channels"].values()} == {61}
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") >= 12
    assert "://" not in page
    assert "24 pictures" in (tmp_path / "README.md").read_text()
    assert "did you mean 'tiny'" in run(made, "report", "tini")[1]


def test_vacuum_removes_nothing_unless_told_and_spares_a_run_under_way(made: Workspace) -> None:
    code, told = run(made, "vacuum", "supervision", "--older-than", "0", "--alone")
    assert (code, told["tables"][0]["deleted"]) == (0, False)
    code, said = run(made, "vacuum", "--older-than", "1")
    assert (code, "--alone" in said) == (2, True)
    assert "did you mean 'labels'" in run(made, "compact", "lables")[1]
