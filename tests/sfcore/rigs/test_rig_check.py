"""A sound rig is found sound, and each way to spoil one is named with its shape and a figure."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sfcore.arkit import INDEX, SHAPES
from sfcore.rigs.checking import Finding, check_rig
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Deltas, Rig


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("procedural")


def _with(rig: Rig, **shapes: np.ndarray) -> Rig:
    """The rig with some shapes' displacements (n, 3) replaced."""
    dense = np.stack([rig.shapes.dense(i, len(rig.neutral)) for i in range(len(SHAPES))])
    for name, moved in shapes.items():
        dense[INDEX[name]] = moved
    return replace(rig, shapes=Deltas.from_dense(dense))


def _moved(rig: Rig, name: str) -> np.ndarray:
    return rig.shapes.dense(INDEX[name], len(rig.neutral))


def _about(findings: tuple[Finding, ...], kind: str) -> list[Finding]:
    chosen = [finding for finding in findings if finding.kind == kind]
    assert all(re.search(r"\d|two names|nothing", finding.sentence) for finding in chosen)
    assert all("\n" not in finding.sentence and finding.sentence.endswith(".") for finding in chosen)
    return chosen


def test_the_embedded_head_is_sound(rig: Rig) -> None:
    assert check_rig(rig) == ()


def test_shapes_that_do_nothing_unless_the_rig_says_so(rig: Rig) -> None:
    still = _with(rig, CheekPuff=_moved(rig, "CheekPuff") * 1e-3, TongueOut=_moved(rig, "TongueOut") * 0)
    shown = rig.channels_shown.copy()
    shown[INDEX["TongueOut"]] = False
    findings = check_rig(replace(still, channels_shown=shown))
    assert [(f.channels, f.severity) for f in _about(findings, "does nothing")] == [(("CheekPuff",), "wrong")]
    assert [(f.channels, f.severity) for f in _about(findings, "masked")] == [(("TongueOut",), "note")]
    assert len(findings) == 2


def test_a_shape_that_moves_although_it_is_masked(rig: Rig) -> None:
    shown = rig.channels_shown.copy()
    shown[INDEX["TongueOut"]] = False
    (finding,) = check_rig(replace(rig, channels_shown=shown))
    assert finding.kind == "masked"
    assert "moves up to" in finding.sentence


def test_a_look_that_moves_no_lid_still_turns_the_eye(rig: Rig) -> None:
    still = _with(
        rig, **{f"EyeLook{turn}{side}": _moved(rig, "JawOpen") * 0 for turn in ("In", "Out") for side in ("Left", "Right")}
    )
    assert check_rig(still) == ()


def test_sides_exchanged(rig: Rig) -> None:
    pairs = ("MouthSmileLeft", "MouthSmileRight"), ("JawLeft", "JawRight")
    spoilt = _with(rig, **{a: _moved(rig, b) for pair in pairs for a, b in (pair, pair[::-1])})
    findings = check_rig(spoilt)
    wrong = _about(findings, "wrong side")
    assert sorted(f.channels[0] for f in wrong) == ["JawLeft", "JawRight", "MouthSmileLeft", "MouthSmileRight"]
    assert {f.severity for f in wrong} == {"wrong"}
    assert len(findings) == 4


def test_a_shape_of_both_sides_under_a_left_name(rig: Rig) -> None:
    both = _moved(rig, "BrowOuterUpLeft") + _moved(rig, "BrowOuterUpRight")
    findings = check_rig(_with(rig, BrowOuterUpLeft=both))
    assert [f.channels for f in _about(findings, "wrong side")] == [("BrowOuterUpLeft",)]
    assert ("BrowOuterUpLeft", "BrowOuterUpRight") in [f.channels for f in _about(findings, "not mirrored")]


def test_the_wrong_region(rig: Rig) -> None:
    findings = check_rig(_with(rig, BrowInnerUp=_moved(rig, "MouthFunnel"), JawOpen=_moved(rig, "BrowInnerUp")))
    assert [f.channels[0] for f in _about(findings, "wrong region")] == ["JawOpen", "BrowInnerUp"]
    assert [f.channels for f in _about(findings, "identical")] == [("MouthFunnel", "BrowInnerUp")]


def test_halves_that_are_no_mirror_images(rig: Rig) -> None:
    findings = check_rig(_with(rig, NoseSneerLeft=0.5 * _moved(rig, "NoseSneerLeft")))
    assert [(f.channels, f.severity) for f in _about(findings, "not mirrored")] == [(("NoseSneerLeft", "NoseSneerRight"), "note")]
    turned = _with(rig, NoseSneerLeft=-_moved(rig, "NoseSneerLeft"))
    assert [f.severity for f in _about(check_rig(turned), "not mirrored")] == ["wrong"]


def test_pairs_of_a_lopsided_head_are_not_compared(rig: Rig) -> None:
    neutral = rig.neutral.copy()
    neutral[:, 1] += 0.15 * neutral[:, 0]
    findings = _about(
        check_rig(replace(rig, neutral=neutral, hair=np.zeros((0, 0, 3), np.float32), hair_names=())), "not mirrored"
    )
    assert [f.channels for f in findings] == [()]
    assert "not symmetric" in findings[0].sentence


def test_lids_that_do_not_meet(rig: Rig) -> None:
    wide, narrow = (check_rig(_with(rig, EyeBlinkLeft=share * _moved(rig, "EyeBlinkLeft"))) for share in (0.3, 0.8))
    assert [(f.channels, f.severity) for f in _about(wide, "leaves a gap")] == [(("EyeBlinkLeft",), "wrong")]
    assert [(f.channels, f.severity) for f in _about(narrow, "leaves a gap")] == [(("EyeBlinkLeft",), "note")]


def test_one_displacement_under_two_names(rig: Rig) -> None:
    findings = check_rig(_with(rig, MouthPucker=1.001 * _moved(rig, "MouthFunnel")))
    assert [(f.channels, f.severity) for f in findings] == [(("MouthFunnel", "MouthPucker"), "wrong")]
