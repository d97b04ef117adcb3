"""Which language model a recipe gets, from its own words, the environment or a Prefect block."""

from __future__ import annotations

import pytest

from sfcore.captions.llm.access import TeacherAccess
from sfcore.errors import WrongUse
from sfcore.recipe import Recipe, recipe_from
from tasks.teacher import BLOCK, named, teacher_access, try_access


def asking(**teacher: object) -> Recipe:
    return recipe_from({"supervision": {"captions": "llm", "teacher": teacher}}, "test")


@pytest.fixture(autouse=True)
def _no_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SFACE_TEACHER_URL", "SFACE_TEACHER_MODEL", "SFACE_TEACHER_KEY", BLOCK):
        monkeypatch.delenv(name, raising=False)


def test_a_recipe_of_the_grammar_needs_none() -> None:
    assert named(Recipe()) == Recipe()
    assert teacher_access(Recipe()) is None
    try_access(Recipe(), None)


def test_the_models_name_is_part_of_the_resolved_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongUse, match="SFACE_TEACHER_MODEL"):
        named(asking())
    monkeypatch.setenv("SFACE_TEACHER_MODEL", "small")
    assert named(asking()).supervision.teacher.model == "small"
    assert named(asking(model="large")).supervision.teacher.model == "large"
    assert named(asking()).supervision_digest == asking(model="small").supervision_digest != asking().supervision_digest


def test_the_environment_says_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongUse, match="SFACE_TEACHER_URL"):
        teacher_access(asking(model="a"))
    monkeypatch.setenv("SFACE_TEACHER_URL", "http://localhost:8000/v1")
    monkeypatch.setenv("SFACE_TEACHER_KEY", " secret\n")
    assert teacher_access(asking(model="a")) == TeacherAccess("http://localhost:8000/v1", None, "secret")


@pytest.mark.slow
def test_a_prefect_block_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.testing.utilities import prefect_test_harness

    from tasks.teacher_block import LanguageModel

    with prefect_test_harness(server_startup_timeout=120):
        LanguageModel(url="http://host/v1", model="kept", key="secret").save("captions")
        monkeypatch.setenv(BLOCK, "captions")
        assert named(asking()).supervision.teacher.model == "kept"
        assert teacher_access(asking()) == TeacherAccess("http://host/v1", "kept", "secret")
        monkeypatch.setenv(BLOCK, "caption")
        with pytest.raises(WrongUse, match="no block 'caption'"):
            named(asking())
