"""Recipes are strict, told in sentences, and their digests name exactly what they shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcore.errors import WrongUse
from sfcore.recipe import Recipe, load_recipe, recipe_from

FOLDER = Path(__file__).parents[2] / "flows" / "recipes"


@pytest.mark.parametrize("name", ["demo", "laptop", "cluster"])
def test_shipped_recipes_are_valid_and_named_after_their_file(name: str) -> None:
    assert load_recipe(name, FOLDER).name == name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"faces": {"sise": 96}}, "'faces.sise' is not a field (did you mean 'size'?)"),
        ({"facs": {}}, "'facs' is not a field (did you mean 'faces'?)"),
        ({"faces": {"size": 0}}, "faces.size"),
        ({"training": {"batch_size": 15}}, "multiple of training.workers"),
        (
            {"labels": {"dataset": "../x"}},
            "labels.dataset: '../x' is no name here: use letters of English, digits, '_', '.' and '-'",
        ),
        ({"name": "My Recipe"}, "name: 'My Recipe' is no name here: use small letters of English, digits and '-'"),
        ({"training": {"zero_stage": 4}}, "training.zero_stage"),
    ],
)
def test_wrong_fields_are_refused_by_name(content: dict[str, object], said: str) -> None:
    with pytest.raises(WrongUse) as error:
        recipe_from(content, "recipe x")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00"])
def test_files_that_hold_no_recipe_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(WrongUse, match=r"mine\.yaml"):
        load_recipe(str(path), FOLDER)


def test_the_digest_of_pictures_follows_what_is_drawn_and_nothing_else() -> None:
    base = Recipe()
    other_training = recipe_from({"training": {"epochs": 9}}, "x")
    other_cut = recipe_from({"supervision": {"rows_per_file": 7}}, "x")
    other_faces = recipe_from({"faces": {"size": 128}}, "x")
    assert base.supervision_digest == other_training.supervision_digest == other_cut.supervision_digest
    assert base.supervision_digest != other_faces.supervision_digest
    assert len({recipe.digest for recipe in (base, other_training, other_cut, other_faces)}) == 4


def test_captions_change_the_pictures_name_by_what_words_them_and_by_nothing_else() -> None:
    def named(**supervision: object) -> str:
        return recipe_from({"supervision": supervision}, "x").supervision_digest

    written = named(captions="llm", teacher={"model": "a"})
    assert named() == named(teacher={"model": "a", "temperature": 1}) != written
    for other in (
        {"model": "b"},
        {"model": "a", "revision": "2"},
        {"model": "a", "temperature": 1},
        {"model": "a", "answers": 2},
    ):
        assert named(captions="llm", teacher=other) != written
    patience = {"concurrency": 2, "timeout_s": 5, "retries": 1, "error_budget": 0.1, "price_in": 3, "price_out": 4}
    assert named(captions="llm", teacher={"model": "a", **patience}) == written
