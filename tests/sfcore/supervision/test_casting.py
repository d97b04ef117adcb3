"""Who shows a label: rigs by their weights, people never in two splits, and one person in one split alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from sfcore.errors import WrongUse
from sfcore.recipe import Faces, recipe_from
from sfcore.rigs.registry import RigCard
from sfcore.supervision.casting import cast_of


def card(name: str) -> RigCard:
    """Rigs whose name begins with "one" are a single person."""
    return RigCard(name, name, "none", name, 3, 1, 0 if name.startswith("one") else 9, (), ())


def test_rigs_play_by_their_weights_and_the_play_follows_from_the_sample_alone() -> None:
    cast = cast_of(Faces(rigs={"a": 3, "b": 1}, train_identities=5, test_identities=2), card)
    plays = [cast.play(f"sample {i}", "train") for i in range(2000)]
    assert plays == [cast.play(f"sample {i}", "train") for i in range(2000)]
    shares = Counter(rig for rig, _ in plays)
    assert 0.70 < shares["a"] / 2000 < 0.80, "3 to 1 within five standard deviations"
    assert {who for _, who in plays} == {f"{rig}-train-{n:03d}" for rig in "ab" for n in range(5)}
    assert not {who for _, who in plays} & {cast.play(f"sample {i}", "test")[1] for i in range(200)}


def test_the_order_in_which_rigs_are_written_means_nothing() -> None:
    one, other = (cast_of(Faces(rigs=rigs), card) for rigs in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert one.shapes == other.shapes
    assert [one.play(f"s{i}", "train") for i in range(50)] == [other.play(f"s{i}", "train") for i in range(50)]


def test_a_rig_that_is_one_person_is_never_learnt_and_measured_with() -> None:
    cast = cast_of(Faces(rigs={"a": 1, "one": 1}), card)
    assert {cast.play(f"s{i}", "train")[0] for i in range(60)} == {"a", "one"}
    assert {cast.play(f"s{i}", "test")[0] for i in range(60)} == {"a"}
    measured = cast_of(Faces(rigs={"a": 1}, test_rigs={"one": 1}), card)
    assert {measured.play(f"s{i}", "test")[0] for i in range(60)} == {"one"}
    with pytest.raises(WrongUse, match=r"rig 'one' is one person .*take it out of one"):
        cast_of(Faces(rigs={"a": 1, "one": 1}, test_rigs={"one": 1}), card)
    with pytest.raises(WrongUse, match="rigs 'one' and 'one-again' are one person"):
        cast_of(Faces(rigs={"a": 1, "one": 1}, test_rigs={"one-again": 1}), lambda name: replace(card(name), digest=name[:3]))
    with pytest.raises(WrongUse, match=r"'one-1', 'one-2' of faces\.rigs are one person each.*faces\.test_rigs"):
        cast_of(Faces(rigs={"one-1": 1, "one-2": 1}), card)


@pytest.mark.parametrize(
    ("rigs", "said"), [({"a": 0}, "weight of rig 'a' is 0"), ({"a": float("nan")}, "nan"), ({}, "at least 1")]
)
def test_weights_that_are_none(rigs: dict[str, float], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        recipe_from({"faces": {"rigs": rigs}}, "recipe x")
