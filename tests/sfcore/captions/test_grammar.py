"""Captions are true, complete in what is strong, mirrored rightly and never the same sentence for every face."""

from __future__ import annotations

import re
from dataclasses import astuple, replace

import numpy as np
import pytest
from faces_by_name import face
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sfcore.arkit import INDEX, MIRROR_INDEX, MIRROR_SIGN, NAMES
from sfcore.captions.actions import BY_KEY
from sfcore.captions.category import CATEGORIES, category_of
from sfcore.captions.claims import claims_of
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import NOT_OBSERVABLE, SYMMETRIC, describe
from sfcore.captions.verify import verify
from sfcore.captions.vocabulary import ADJECTIVES, ADVERBS, DEGREES
from sfcore.recordings.prior import draw_take

Coefficients = NDArray[np.float32]

# Values on and around every threshold, and beyond the range that recordings promise.
_EDGES = (0.0, 0.1, 0.1499, 0.15, 0.25, 0.3, 0.5, 0.55, 0.7999, 0.8, 1.0, 1.0033, -0.016, 0.08, 0.2, 0.4, 0.7, -0.7)


def faces(count: int, seed: int) -> list[Coefficients]:
    """Sparse, dense, extreme, unknown-holding and plausible faces, a fifth each."""
    rng = np.random.default_rng(seed)
    out: list[Coefficients] = []
    for number in range(count):
        kind = number % 5
        values = np.zeros(61, np.float32)
        if kind == 0:
            at = rng.integers(0, 61, rng.integers(0, 9))
            values[at] = rng.random(len(at))
        elif kind == 1:
            values = rng.random(61).astype(np.float32)
            values[52:] = rng.normal(0, 0.4, 9)
        elif kind == 2:
            values = rng.choice(np.array(_EDGES, np.float32), 61)
        elif kind == 3:
            values = rng.beta(0.3, 0.7, 61).astype(np.float32)
            values[rng.random(61) < rng.random()] = np.nan
        else:
            values = draw_take(seed, number, 2)[1]
        out.append(values)
    return out


def words(description: Description) -> list[str]:
    return re.findall(r"[A-Za-z]+", " ".join(astuple(description)))


def swapped(text: str) -> str:
    other = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    return re.sub(r"\b(left|right)\b", lambda m: other[m[0]], text, flags=re.IGNORECASE)


def test_every_caption_of_two_thousand_faces_is_true() -> None:
    for number, values in enumerate(faces(2500, seed=11)):
        verdict = verify(describe(values, f"sample-{number}"), values)
        assert verdict.faults == (), f"{values.tolist()}"
        assert verdict.score == 1.0


_VALUE = st.one_of(st.sampled_from(_EDGES), st.just(float("nan")), st.floats(-4.0, 4.0, width=32), st.floats(width=32))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(0, 60), _VALUE, max_size=61), st.sampled_from([0.0, float("nan")]), st.text(max_size=8))
def test_captions_are_true_of_any_numbers(known: dict[int, float], rest: float, sample_id: str) -> None:
    values = np.full(61, rest, np.float32)
    for index, value in known.items():
        values[index] = value
    assert verify(describe(values, sample_id), values).faults == ()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.text(max_size=6))
def test_a_mirrored_face_has_the_same_caption_with_sides_exchanged(seed: int, sample_id: str) -> None:
    for values in faces(5, seed):
        mirrored = (values[list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)).astype(np.float32)
        there, back = describe(values, sample_id), describe(mirrored, sample_id)
        assert tuple(map(swapped, astuple(there))) == astuple(back)


def test_the_same_sample_says_the_same_and_another_says_it_differently() -> None:
    values = face(MouthSmile=0.7, CheekSquint=0.5, BrowInnerUp=0.4, JawOpen=0.35)
    assert describe(values, "a") == describe(values, "a")
    captions = {describe(values, f"sample-{n}") for n in range(200)}
    assert len(captions) > 100
    told = {
        frozenset((c.kind, c.subject, c.side, c.band) for c in claims_of(d) if c.kind == "action" and c.band) for d in captions
    }
    assert len(told) == 1, "another wording tells something else"


def test_unknown_channels_are_never_mentioned() -> None:
    for values in faces(300, seed=3):
        values = values.copy()
        values[: len(NAMES) // 2] = np.nan
        values[INDEX["HeadYaw"] :] = np.nan
        unknown = {NAMES[i] for i in np.flatnonzero(np.isnan(values))}
        description = describe(values, "x")
        text = " ".join(astuple(description)).lower()
        assert "head" not in text
        for claim in claims_of(description):
            assert not (claim.channels and set(claim.channels) <= unknown), claim


def test_a_face_of_which_nothing_is_known_claims_nothing_but_that() -> None:
    description = describe(np.full(61, np.nan, np.float32), "x")
    assert description.expression_category.startswith("unclear:")
    assert description.emotional_implication == description.symmetry == NOT_OBSERVABLE
    assert not any(c.kind in ("action", "rest") for c in claims_of(description))


def test_captions_are_short_plain_and_of_few_words() -> None:
    takes = np.concatenate([draw_take(5, take, 60) for take in range(10)])
    captions = [describe(values, str(n)) for n, values in enumerate(takes)]
    lengths = [len(words(d)) for d in captions]
    assert 25 < np.mean(lengths) < 70
    assert np.quantile(lengths, 0.99) < 120
    assert all(" ".join(astuple(d)).isascii() for d in captions)
    assert len({word.lower() for d in captions for word in words(d)}) < 220


def test_the_category_opens_its_field_and_is_one_of_the_closed_set() -> None:
    for n, values in enumerate(faces(500, seed=8)):
        category = describe(values, str(n)).expression_category.split(":")[0].split(",")[0]
        assert category == category_of(values)
        assert category in CATEGORIES


def test_emotion_is_told_only_where_the_category_is_one() -> None:
    felt = describe(face(MouthSmile=0.8, CheekSquint=0.6), "x")
    assert "enjoyment" in felt.emotional_implication or "happiness" in felt.emotional_implication
    assert describe(face(JawOpen=0.7), "x").emotional_implication == NOT_OBSERVABLE
    assert describe(face(), "x").emotional_implication == NOT_OBSERVABLE


def test_the_fields_do_not_contradict_each_other() -> None:
    for n, values in enumerate(faces(1500, seed=21)):
        if np.isnan(values).any():
            continue
        description = describe(values, str(n))
        claims = claims_of(description)
        told = {BY_KEY[c.subject].region: c for c in claims if c.kind == "action"}
        assert not told.keys() & {c.subject for c in claims if c.kind == "rest"}
        if description.symmetry == SYMMETRIC:
            assert not any(c.side in ("left", "right") for c in claims)
        if description.expression_category.startswith("neutral"):
            loud = [c for c in claims if c.kind == "action" and c.band in ("moderate", "strong", "extreme")]
            assert all(BY_KEY[c.subject].region == "head" for c in loud)


def test_a_face_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="61 coefficients"):
        describe(np.zeros(52, np.float32), "x")


def test_one_sided_action_is_told_on_its_side() -> None:
    wink = describe(face(EyeBlinkLeft=0.95), "x")
    assert wink.expression_category.startswith("wink:")
    assert "left eye" in wink.muscle_movements.lower() or "on the left" in wink.muscle_movements
    assert "right" not in wink.muscle_movements
    assert wink.symmetry.endswith("stronger on the left")


def test_gaze_is_told_from_shapes_or_else_from_rotations_and_not_through_closed_lids() -> None:
    # A positive eye yaw looks to the subject's right (see sfcore.arkit).
    by_shape = face(EyeLookInLeft=0.7, EyeLookOutRight=0.7)
    by_angle = face(LeftEyeYaw=0.42, RightEyeYaw=0.42)
    by_angle[[INDEX[f"EyeLook{way}{side}"] for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right")]] = np.nan
    for values in (by_shape, by_angle):
        claims = {(c.subject, c.band) for c in claims_of(describe(values, "x")) if c.kind == "action" and c.band}
        assert ("gaze_right", "strong") in claims
    closed = by_shape.copy()
    closed[[INDEX["EyeBlinkLeft"], INDEX["EyeBlinkRight"]]] = 0.95
    assert not any(c.subject.startswith("gaze") for c in claims_of(describe(closed, "x")))


def test_head_pose_signs_follow_the_channel_table() -> None:
    values = face(HeadYaw=0.3, HeadPitch=0.3, HeadRoll=0.3)
    told = {c.subject for c in claims_of(describe(values, "x")) if c.kind == "action"}
    assert {"turn_left", "nod_down", "tilt_right"} <= told


def _mutations(description: Description, rng: np.random.Generator) -> Description | None:
    """The description with one side word exchanged or one intensity word replaced by one of another band."""
    bands = {word: (table, n) for table in (ADVERBS, ADJECTIVES) for n in table for word in table[n]}
    bands.update({word: (ADVERBS, n) for n in DEGREES for word in DEGREES[n]})
    sites = [
        (field, match)
        for field in FIELDS
        for match in re.finditer(r"[a-z]+", getattr(description, field), re.IGNORECASE)
        if match[0].lower() in bands or match[0].lower() in ("left", "right")
    ]
    if not sites:
        return None
    field, match = sites[rng.integers(len(sites))]
    word = match[0].lower()
    if word in bands:
        table, band = bands[word]
        others = [n for n in table if n != band]
        new = table[others[rng.integers(len(others))]][0]
    else:
        new = swapped(word)
    text = getattr(description, field)
    return replace(description, **{field: text[: match.start()] + new + text[match.end() :]})


def test_a_flipped_side_or_a_changed_intensity_is_found() -> None:
    rng = np.random.default_rng(0)
    tried = found = 0
    for number, values in enumerate(faces(2000, seed=4)):
        mutant = _mutations(describe(values, f"m{number}"), rng)
        if mutant is not None:
            tried += 1
            found += bool(verify(mutant, values).faults)
    assert tried > 1500
    assert found >= 0.99 * tried


@pytest.mark.parametrize("missing", ["MouthSmile", "BrowDown", "JawOpen"])
def test_a_strong_action_left_out_is_a_fault(missing: str) -> None:
    shown = face(**{missing: 0.9})
    verdict = verify(describe(face(), "x"), shown)
    assert any("does not tell extreme" in fault for fault in verdict.faults)
    assert verdict.score < 1


def shown(**values: float) -> Description:
    face = np.zeros(61, np.float32)
    for name, value in values.items():
        face[INDEX[name]] = value
    description = describe(face, "sample")
    assert verify(description, face).faults == ()
    return description


def test_a_mouth_or_jaw_that_goes_to_one_side_is_asymmetric() -> None:
    assert "mouth shift to the left" in shown(MouthLeft=0.6).symmetry
    assert "jaw shift to the right" in shown(JawRight=0.4).symmetry
    assert shown(MouthLeft=0.2).symmetry == shown(HeadYaw=0.5).symmetry == SYMMETRIC
    face = np.zeros(61, np.float32)
    face[INDEX["JawLeft"]] = 0.6
    assert verify(Description("", "Jaw strongly shifted to the left.", "", SYMMETRIC), face).score < 1


def test_lids_rest_where_eyes_look_somewhere_and_shut_lids_hide_the_gaze() -> None:
    looking = shown(EyeLookDownLeft=0.6, EyeLookDownRight=0.6).muscle_movements
    assert "eyelids" in looking
    assert "eyes" not in looking
    shut = {"EyeBlinkLeft": 0.75, "EyeBlinkRight": 0.75, "EyeLookDownLeft": 0.9, "EyeLookDownRight": 0.9}
    assert "gaze" not in shown(**shut).muscle_movements.lower()


def test_feelings_are_told_only_where_the_muscles_show_them() -> None:
    alike = {"BrowOuterUpLeft": 0.38, "BrowOuterUpRight": 0.38}
    sad = {"BrowInnerUp": 0.38, "MouthFrownLeft": 0.5, "MouthFrownRight": 0.5}
    assert "sadness" in shown(**sad).emotional_implication
    assert shown(**sad, **alike).emotional_implication == NOT_OBSERVABLE
    faint = dict.fromkeys(("BrowInnerUp", "MouthFrownLeft", "MouthFrownRight"), 0.27)
    assert shown(**faint).emotional_implication == NOT_OBSERVABLE
    smile = shown(MouthSmileLeft=0.6, MouthSmileRight=0.6)
    assert smile.expression_category.startswith("social smile")
    assert smile.emotional_implication.startswith("no sign")


def test_an_act_does_not_name_itself_as_its_evidence() -> None:
    assert shown(JawOpen=0.6).expression_category == "jaw drop"
    both = shown(JawOpen=0.6, MouthLowerDownLeft=0.5, MouthLowerDownRight=0.5).expression_category
    assert both == "jaw drop, with lower lip depression"
