"""A recipe with sight makes a base whose tower it taught, once, from drawn faces and a dataset's recorded ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from sfcore.errors import WrongUse
from sfcore.recipe import Recipe, recipe_from
from sfcore.store.workspace import Workspace
from sfcore.student.base import load_base, make_tiny
from tasks.progress import Silent
from tasks.sight import teach_sight


class Heard(Silent):
    def __init__(self) -> None:
        self.said = ""

    def end(self, summary: str) -> None:
        self.said = summary


def short_course(**changes: object) -> Recipe:
    sight = {"pictures": 64, "batch_size": 16, "held_out": 16, "check_every": 2, "drawing_processes": 0}
    return recipe_from({"name": "eyes", "sight": {**sight, **changes}}, "a test")


def test_a_base_is_taught_once_and_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = Workspace.create(str(tmp_path / "workspace"))
    heard = Heard()
    done = teach_sight(place, short_course(), None, heard)
    assert (done.found_done, done.pictures) == (False, 64)
    assert f"{done.base}: r " in heard.said
    folder = tmp_path / "workspace" / "bases" / done.base
    report = json.loads((folder / "tower.json").read_text())
    assert [check["pictures"] for check in report["checks"]] == [32, 64]
    taught = load_base(folder).model.model.visual.state_dict()
    make_tiny(tmp_path / "blank", 0)
    blank = load_base(tmp_path / "blank").model.model.visual.state_dict()
    assert not torch.equal(taught["blocks.0.mlp.linear_fc1.weight"], blank["blocks.0.mlp.linear_fc1.weight"])

    again = teach_sight(place, short_course(), None, heard)
    assert (again.base, again.found_done) == (done.base, True)
    assert teach_sight(place, short_course(pictures=80), None, heard).base != done.base


def test_wrong_use_is_told(tmp_path: Path) -> None:
    place = Workspace.create(str(tmp_path / "workspace"))
    with pytest.raises(WrongUse, match="has no part 'sight'"):
        teach_sight(place, Recipe(), None, Silent())
    with pytest.raises(WrongUse, match="dataset 'anna' has no labels"):
        teach_sight(place, short_course(), "anna", Silent())
