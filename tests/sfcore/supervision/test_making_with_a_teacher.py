"""Captions by a language model in samples: wanted = rows + rejects, whatever it does, and each row says who wrote its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfcore.captions.fake_teacher import FakeTeacher, parsed_faults
from sfcore.captions.llm.access import TeacherAccess
from sfcore.errors import WorkFailed
from sfcore.recipe import Recipe, recipe_from
from sfcore.recordings.prior import draw_take
from sfcore.store.workspace import Workspace
from sfcore.supervision.making import SampleMaker
from sfcore.supervision.wanted import WantedSample

COUNT = 24
FACES = draw_take(5, 0, COUNT)
WANTED = [WantedSample(f"{n:032x}", "d", "t", n, 0, "train", "procedural", "procedural-train-000") for n in range(COUNT)]


def recipe(**teacher: object) -> Recipe:
    quick = {"model": "fake", "first_wait_s": 0.01, "longest_wait_s": 0.05, "timeout_s": 1, "price_in": 1, "price_out": 1}
    supervision = {"captions": "llm", "teacher": {**quick, **teacher}}
    return recipe_from({"faces": {"size": 32}, "supervision": supervision}, "test")


def test_every_sample_ends_in_a_row_or_in_rejects(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    with FakeTeacher(parsed_faults("mixed=0.25,lies=0.15"), slow_s=3) as teacher:
        made = SampleMaker(recipe(answers=1, error_budget=1), workspace, TeacherAccess(teacher.url)).make(WANTED, FACES, "run")
    rows = made.rows.to_pylist()
    assert len(rows) + made.rejects.num_rows == COUNT
    assert {row["caption_source"] for row in rows} > {"llm"}
    for row in rows:
        assert row["verify_score"] == 1.0
        assert row["faults"] == []
        assert row["attempts"] >= 1
        assert row["cost"] == pytest.approx(row["tokens"] / 1e6)
        assert row["caption_source"] == "llm" or row["caption_source"].startswith("grammar (llm ")


def test_a_dead_teacher_stops_the_work_with_a_sentence(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    with FakeTeacher() as teacher:
        gone = TeacherAccess(teacher.url)
    with pytest.raises(WorkFailed, match="failed 24 calls in a row"):
        SampleMaker(recipe(), workspace, gone).make(WANTED, FACES, "run")


def test_what_a_picture_cannot_show_is_not_told_to_the_teacher_as_zero(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    unknown = FACES.copy()
    unknown[:, 14:] = np.nan
    with FakeTeacher() as teacher:
        made = SampleMaker(recipe(), workspace, TeacherAccess(teacher.url)).make(WANTED[:4], unknown[:4], "run")
    for row in made.rows.to_pylist():
        assert row["MouthSmileLeft"] is None
        assert row["caption_source"] == "llm"
        told = row["muscle_movements"].lower()
        assert not any(word in told for word in ("lip", "mouth", "jaw", "brow", "cheek", "nose"))
