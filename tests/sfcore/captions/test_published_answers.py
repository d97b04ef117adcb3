"""Eight answers that a language model of other people wrote, read beside what a person reads in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sfcore.captions.claims import claims_of_field

ANSWERS = Path(__file__).resolve().parents[4] / "shared" / "data" / "semanticface" / "example_result.jsonl"

# What the muscle movements of each answer claim, by our reading: action:side:strength, the strength empty where none is said.
READ = (
    "eye_widen:both:strong gaze_down:both:slight gaze_inward:both:slight outer_brow_raise:both:moderate "
    "inner_brow_raise:both:slight corner_pull:both:strong lower_lip_depress:both:moderate lip_stretch:both:slight "
    "jaw_thrust:both:slight jaw_drop:both:slight cheek_raise:both:slight nose_wrinkle:both:slight",
    "eye_widen:both:strong gaze_down:both:slight inner_brow_raise:both: outer_brow_raise:both:slight jaw_drop:both: "
    "lower_lip_depress:both: upper_lip_raise:both:slight corner_pull:right:slight corner_pull:left:not lip_funnel:both:slight",
    "lid_tighten:both:strong eye_close:both:moderate gaze_down:both:slight corner_pull:both:moderate dimple:both:slight "
    "lip_stretch:both:slight brow_lower:both:slight nose_wrinkle:both:slight lip_press:both:slight",
    "eye_widen:both:strong gaze_inward:both:slight corner_pull:both: dimple:both: lip_stretch:both:slight "
    "lower_lip_depress:both:slight upper_lip_raise:both: cheek_raise:both:slight cheek_puff:both:slight "
    "nose_wrinkle:both:slight nod_up:both:slight",
    "eye_widen:both:strong gaze_up:both:slight corner_pull:both:strong lip_stretch:both:moderate "
    "lower_lip_depress:both:strong inner_brow_raise:both:slight outer_brow_raise:both:slight jaw_thrust:both:slight "
    "jaw_drop:both:slight cheek_raise:both:slight",
    "eye_close:both:strong lid_tighten:both:moderate corner_pull:both: dimple:both:moderate lip_stretch:both:slight "
    "lower_lip_depress:both: upper_lip_raise:both:slight brow_lower:both: cheek_raise:both:slight head_tilt:both:slight "
    "jaw_thrust:both:slight",
    "eye_close:both:strong lid_tighten:both:moderate gaze_down:both:moderate corner_pull:both:strong dimple:both:slight "
    "lip_press:both:slight lower_lip_depress:both:slight brow_lower:both:slight nose_wrinkle:both:slight",
    "eye_widen:both:slight gaze_down:both:slight lip_stretch:both: lower_lip_depress:both: dimple:right:slight "
    "lip_pucker:both:slight jaw_drop:both:slight jaw_thrust:both: inner_brow_raise:both:slight outer_brow_raise:both:not "
    "nod_up:both:slight",
)

Reading = dict[tuple[str, str, bool], set[str]]


def by_hand(line: str) -> Reading:
    parts = [claim.split(":") for claim in line.split()]
    return {(action, side, band == "not"): {band} for action, side, band in parts}


def by_the_reader(response: str) -> Reading:
    movements = re.split(r"(?:^|\n)\d\. \*\*[^*]*\*\*:?", response.partition("{")[0])[2]
    found: Reading = {}
    for claim in claims_of_field(movements, "muscle_movements"):
        if claim.kind == "action":
            found.setdefault((claim.subject, claim.side, claim.negated), set()).add(claim.band or "")
    return found


@pytest.mark.skipif(not ANSWERS.exists(), reason="the published SemanticFace answers are not beside this checkout")
def test_the_reader_finds_what_a_person_finds() -> None:
    hits = read = said = strengths = right = 0
    for line, expected in zip(ANSWERS.read_text(encoding="utf-8").splitlines(), READ, strict=True):
        want, got = by_hand(expected), by_the_reader(json.loads(line)["response"])
        read, said, hits = read + len(got), said + len(want), hits + len(want.keys() & got.keys())
        weighed = [key for key in want.keys() & got.keys() if want[key] - {"", "not"}]
        strengths += len(weighed)
        right += sum(want[key] <= got[key] for key in weighed)
    # What it misses: a tilt of the head that is given no direction; strengths that one word gives to two things.
    assert hits >= 0.97 * read
    assert hits >= 0.97 * said
    assert right >= 0.94 * strengths
