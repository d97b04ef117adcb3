"""Cuts follow from the plan, and the foretold weight of pictures from the recipe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcore.plan import Cuts, cut
from sfcore.recipe import Recipe, recipe_from
from sfcore.supervision.weighing import MIB, bytes_of_a_sample, cuts_for


@dataclass(frozen=True)
class Item:
    """Something with a name."""

    sample_id: str


@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.sets(st.integers(0, 59)))
def test_every_item_that_is_left_is_in_one_file_of_one_wave(
    count: int, per_file: int, per_wave: int, per_group: int, done: set[int]
) -> None:
    items = [Item(f"{place:03d}") for place in range(count)]
    plan = cut("p", "supervision", items, Cuts(per_file, per_wave, per_group))
    there = np.array([place in done for place in range(count)], bool)
    files = [file for wave in plan.waves for file in plan.files_of(wave, there)]
    made = [item for file in files for group in file.groups() for item in group]
    assert made == [item for place, item in enumerate(items) if place not in done]
    assert all(file.wave == file.number // per_wave and len(file.items) <= per_file for file in files)
    keys = [plan.key(wave) for wave in plan.waves]
    assert len(set(keys)) == len(keys)
    assert keys == [cut("p", "supervision", list(items), Cuts(per_file, per_wave)).key(wave) for wave in plan.waves]


def test_files_of_a_large_plan_weigh_what_the_recipe_says_and_a_small_plan_is_shared_out() -> None:
    full = recipe_from({"faces": {"size": 256}}, "x")
    rows = cuts_for(full, 10_000_000).rows_per_file
    assert 64 * MIB < rows * bytes_of_a_sample(full) <= 128 * MIB
    assert cuts_for(Recipe(), 50_000).rows_per_file == -(-50_000 // 64)
    assert cuts_for(Recipe(), 40).rows_per_file == 64
    assert cuts_for(recipe_from({"supervision": {"rows_per_file": 7}}, "x"), 10_000_000).rows_per_file == 7


@pytest.mark.parametrize("kind", ["webp", "jpeg", "png"])
def test_larger_and_finer_pictures_weigh_more(kind: str) -> None:
    def weight(size: int, quality: int) -> int:
        how = {"faces": {"size": size}, "supervision": {"image_format": kind, "image_quality": quality}}
        return bytes_of_a_sample(recipe_from(how, "x"))

    assert weight(96, 80) < weight(128, 80) < weight(256, 80)
    assert weight(256, 30) <= weight(256, 80) <= weight(256, 100)
