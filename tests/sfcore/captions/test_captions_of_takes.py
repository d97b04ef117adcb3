"""Captions of real recordings: true on every frame, varied, and of the categories that the takes are known to hold."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.category import category_of
from sfcore.captions.grammar import describe
from sfcore.captions.verify import verify

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "livelink"
TAKES = (
    "alex_rom_3",
    "MySlate_164_iPhone_cal",
    "MySlate_3_Jason_Millers_iPhone",
    "neurosync_default",
    "neurosync_generated_shapes",
)

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the published Live Link takes are not beside this checkout")


def take(name: str) -> NDArray[np.float32]:
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        return np.array([[float(row[channel]) for channel in NAMES] for row in csv.DictReader(file)], np.float32)


@pytest.mark.parametrize("name", TAKES)
def test_captions_of_a_real_take_are_true(name: str) -> None:
    frames = take(name)[::3]
    for number, values in enumerate(frames):
        assert verify(describe(values, f"{name}-{number}"), values).faults == (), number


def test_a_range_of_motion_take_shows_many_categories_and_a_smiling_one_smiles() -> None:
    motion = Counter(category_of(values) for values in take("alex_rom_3")[::5])
    assert len(motion) >= 8
    assert motion["neutral"] + motion["gaze shift"] < 0.8 * motion.total()
    smiling = Counter(category_of(values) for values in take("MySlate_164_iPhone_cal")[::5])
    assert smiling.most_common(1)[0][0] == "felt smile"
