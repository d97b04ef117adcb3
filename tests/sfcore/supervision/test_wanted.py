"""What a recipe wants follows from the recipe and the labels alone."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Faces, Recipe, recipe_from
from sfcore.rigs.registry import RigCard
from sfcore.store.workspace import Workspace
from sfcore.supervision.casting import cast_of
from sfcore.supervision.wanted import names_of, picture_digest, samples_of, wanted_samples


def card(name: str, modes: int = 9, digest: str = "d") -> RigCard:
    """The card of a rig that nobody has to build: of several people, or of one."""
    return RigCard(name, name, "none", digest + name, 3, 1, modes, (), ())


CAST = cast_of(Faces(), card)


def keys(frames: int, takes: int = 2) -> pa.Table:
    """Labels of some takes, each with a stretch to learn from, a guard and a stretch held out."""
    words = ["train" if i < 0.7 * frames else "guard" if i < 0.75 * frames else "test" for i in range(frames)]
    rows = [
        {"dataset": "d", "take": f"t{take}", "frame": i, "split": word} for take in range(takes) for i, word in enumerate(words)
    ]
    return pa.Table.from_pylist(rows)


@settings(max_examples=50, deadline=None)
@given(frames=st.integers(20, 120), most=st.one_of(st.none(), st.integers(8, 100)), variants=st.integers(1, 3))
def test_samples_are_unique_split_clean_and_as_many_as_asked(frames: int, most: int | None, variants: int) -> None:
    recipe = recipe_from({"labels": {"max_frames": most}, "supervision": {"variants": variants}}, "x")
    samples = wanted_samples(keys(frames), recipe, CAST)
    names = [sample.sample_id for sample in samples]
    assert len(set(names)) == len(names)
    assert set(names_of(samples, "train")) | set(names_of(samples, "test")) == set(names)
    learnt = {sample.identity for sample in samples if sample.split == "train"}
    assert not learnt & {sample.identity for sample in samples if sample.split == "test"}
    usable = sum(word != "guard" for word in keys(frames)["split"].to_pylist())
    assert abs(len(samples) / variants - min(most or usable, usable)) <= 1
    assert samples == wanted_samples(keys(frames), recipe, CAST)


def test_a_thinner_recipe_wants_a_share_whatever_else_was_made() -> None:
    few = wanted_samples(keys(100), recipe_from({"labels": {"max_frames": 20}}, "x"), CAST)
    every = wanted_samples(keys(100), Recipe(), CAST)
    assert len(few) == 20
    assert {sample.sample_id for sample in few} < {sample.sample_id for sample in every}


def test_another_rig_or_other_faces_make_other_pictures() -> None:
    base = picture_digest(Recipe(), "rig-a")
    assert base != picture_digest(Recipe(), "rig-b")
    assert base != picture_digest(recipe_from({"faces": {"noise": False}}, "x"), "rig-a")
    assert base == picture_digest(recipe_from({"training": {"epochs": 7}}, "x"), "rig-a")


def test_a_rig_imported_anew_leaves_the_pictures_of_others_alone() -> None:
    recipe = recipe_from({"faces": {"rigs": {"a": 1, "b": 1}}}, "x")
    before = wanted_samples(keys(60), recipe, cast_of(recipe.faces, card))
    after = wanted_samples(keys(60), recipe, cast_of(recipe.faces, lambda name: card(name, digest="new" if name == "b" else "d")))
    assert [sample.rig for sample in before] == [sample.rig for sample in after]
    for one, other in zip(before, after, strict=True):
        assert (one.sample_id == other.sample_id) is (one.rig == "a")


def test_a_misspelt_dataset_and_one_without_held_out_labels_are_told(tmp_path: pytest.TempPathFactory) -> None:
    workspace = Workspace.create(str(tmp_path))
    rows = keys(30).filter(pa.compute.field("split") == "train").to_pylist()
    fixed = {"format": "f", "source_name": "s", "source_hash": "h", "clipped": 0}
    table = pa.Table.from_pylist([row | fixed for row in rows], schema=workspace.schemas["labels"])
    workspace.append("labels", table, "k")
    with pytest.raises(WrongUse, match="did you mean 'd'"):
        samples_of(workspace, recipe_from({"labels": {"dataset": "D"}}, "x"), workspace.version("labels"))
    with pytest.raises(WorkFailed, match="held out"):
        samples_of(workspace, recipe_from({"labels": {"dataset": "d"}}, "x"), workspace.version("labels"))
