"""Everything the figures over coefficients need, added up over a model's cells in one compiled pass: what ``sql/sums.sql`` says.

That file is the definition, and what a printed query runs. Here the same sums are added without laying out a row for each of
61 cells of each picture; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, MIRROR_INDEX, SHAPES
from sfcore.captions.intensity import BANDS

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

ADDED: tuple[str, ...] = (
    "cells",
    "absolute_error",
    "squared_error",
    "active",
    "active_error",
    "compared",
    "median_error",
    "compared_error",
    "active_compared",
    "active_median_error",
    "active_compared_error",
    "t",
    "tt",
    "p",
    "pp",
    "tp",
    "missing",
    "missing_t",
    "missing_tt",
    "fired",
    "neutral",
    "neutral_fired",
    "lopsided",
    "lopsided_right",
)
"""Columns of ``sums`` that are added up, in the order of the compiled pass."""
COUNTED = ("cells", "compared", "active", "active_compared", "neutral", "lopsided")
"""Those that also name pictures of the whole slice, as columns ``pictures``, ``pictures_compared``, ..."""
_AT = {name: place for place, name in enumerate(ADDED)}
_NONE_AND_BANDS = ("none", *BANDS)
_ROTATION_BAND = len(_NONE_AND_BANDS)
_PARTNER = np.array(MIRROR_INDEX, np.int64)
_PAIRED = np.array([channel.kind == "shape" and channel.name.endswith("Left") for channel in CHANNELS])


@dataclass(frozen=True)
class Pictures:
    """The n pictures under evaluation, as codes into lists of names; -1 where a picture has none.

    ``truth`` is (n, 61) float32, nan where unknown; ``clusters``, ``domains``, ... are the names.
    """

    truth: NDArray[np.float32]
    neutral: NDArray[np.bool_]
    cluster: Codes
    domain: Codes
    familiarity: Codes
    expression: Codes
    pose: Codes
    clusters: list[str]
    domains: list[str]
    familiarities: list[str]
    expressions: list[str]
    poses: list[str]

    @cached_property
    def groups(self) -> tuple[tuple[Codes, Codes], ...]:
        """For each of the three sums of `_add`: the group of each picture, and what the groups are (k, parts)."""
        parts = (self.cluster, self.domain, self.familiarity), (self.cluster, self.expression), (self.cluster, self.pose)
        return tuple(_coded(*codes) for codes in parts)

    @cached_property
    def in_groups(self) -> tuple[Codes, tuple[Any, ...]]:
        """An order that has a face's pictures together, so that sums stay in the cache; what `_add` asks of pictures in it."""
        fine, mood, pose = (codes for codes, _ in self.groups)
        order = np.argsort(fine, kind="stable")
        return order, (self.truth[order], self.neutral[order], fine[order], mood[order], pose[order])


_compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _add(  # type: ignore[no-untyped-def]  # noqa: C901 - one pass, all in one place
    truth, predicted, median, neutral, partner, paired, shapes, fine, mood, pose, by_band, by_mood, by_pose
):  # pragma: no cover - compiled
    """Adds each cell into (group, place, band, 24), and into (group, place, 24) by expression and by pose (-1: into none)."""
    row = np.empty(24)
    for picture in range(truth.shape[0]):
        for place in range(truth.shape[1]):
            t = np.float64(truth[picture, place])
            if np.isnan(t):
                continue
            p, m = np.float64(predicted[picture, place]), np.float64(median[picture, place])
            rotation, silent, compared = place >= shapes, not np.isfinite(p), np.isfinite(m)
            err = abs(p - t)
            if silent:
                err = 3.1416 + abs(t) if rotation else max(t, 1.0 - t)
            row[:] = 0.0
            row[0], row[1], row[2], row[11], row[12] = 1.0, err, err * err, t, t * t
            moving = not rotation and t > 0.1
            if moving:
                row[3], row[4] = 1.0, err
            if compared:
                row[5], row[6], row[7] = 1.0, abs(m - t), err
                if moving:
                    row[8], row[9], row[10] = 1.0, abs(m - t), err
            told = False
            if silent:
                row[16], row[17], row[18] = 1.0, t, t * t
            else:
                told = bool(p > 0.1)
                row[13], row[14], row[15] = p, p * p, t * p
            if told:
                row[19] = 1.0
            if neutral[picture] and not rotation:
                row[20] = 1.0
                if told or silent:
                    row[21] = 1.0
            if paired[place]:
                other = np.float64(truth[picture, partner[place]])
                if abs(t - other) > 0.15:
                    row[22] = 1.0
                    q = np.float64(predicted[picture, partner[place]])
                    if not silent and np.isfinite(q) and np.sign(p - q) == np.sign(t - other):
                        row[23] = 1.0
            # The bands of sfcore/captions/intensity.py.
            band = 5
            if not rotation:
                band = 0 if t < 0.15 else 1 if t < 0.3 else 2 if t < 0.55 else 3 if t < 0.8 else 4
            group, of_mood, of_pose = fine[picture], mood[picture], pose[picture]
            # Without a branch inside, each of these is a handful of vector additions.
            for column in range(24):
                by_band[group, place, band, column] += row[column]
            if of_mood >= 0:
                for column in range(24):
                    by_mood[of_mood, place, column] += row[column]
            if of_pose >= 0:
                for column in range(24):
                    by_pose[of_pose, place, column] += row[column]


@dataclass(frozen=True, slots=True)
class Block:
    """The sums of one slice, (clusters, channels, 24), and which channels (places from 0) they are of."""

    slice: str
    places: NDArray[np.int64]
    sums: Array


def add_cells(pictures: Pictures, predicted: NDArray[np.float32], median: NDArray[np.float32], dataset: str) -> Iterator[Block]:
    """Adds up one model's cells; ``predicted`` and ``median`` are (n, 61) float32, not finite where there is no answer."""
    clusters, places = len(pictures.clusters), len(CHANNELS)
    (_, kinds), (_, moods), (_, poses) = pictures.groups
    by_band = np.zeros((len(kinds), places, _ROTATION_BAND + 1, len(ADDED)))
    by_mood, by_pose = (np.zeros((len(found), places, len(ADDED))) for found in (moods, poses))
    order, (truth, neutral, *of) = pictures.in_groups
    answers = predicted[order], median[order]
    _add(truth, *answers, neutral, _PARTNER, _PAIRED, len(SHAPES), *of, by_band, by_mood, by_pose)
    whole = by_band.sum(axis=2)
    everywhere = np.arange(places)

    def gathered(values: Array, of: Codes, chosen: NDArray[np.bool_]) -> Array:
        # Combinations are in the order of their clusters: those of one cluster stand side by side.
        out = np.zeros((clusters, *values.shape[1:]))
        if chosen.any():
            found, starts = np.unique(of[chosen], return_index=True)
            out[found] = np.add.reduceat(values if chosen.all() else values[chosen], starts, axis=0)
        return out

    everything = gathered(whole, kinds[:, 0], np.ones(len(kinds), bool))
    for name in ("all", f"dataset:{dataset}"):
        yield Block(name, everywhere, everything)
    for kind, column, names in (("domain", 1, pictures.domains), ("identity", 2, pictures.familiarities)):
        for code, name in enumerate(names):
            yield Block(f"{kind}:{name}", everywhere, gathered(whole, kinds[:, 0], kinds[:, column] == code))
    for name, chosen in channel_slices().items():
        yield Block(name, chosen, everything[:, chosen])
    for band, name in enumerate(_NONE_AND_BANDS):
        chosen = everywhere[: len(SHAPES)]
        yield Block(f"intensity:{name}", chosen, gathered(by_band[:, chosen, band], kinds[:, 0], np.ones(len(kinds), bool)))
    for kind, values, found, names in (
        ("expression", by_mood, moods, pictures.expressions),
        ("pose", by_pose, poses, pictures.poses),
    ):
        for code, name in enumerate(names):
            yield Block(f"{kind}:{name}", everywhere, gathered(values, found[:, 0], found[:, 1] == code))


def channel_slices() -> dict[str, NDArray[np.int64]]:
    """Slices that choose channels (channel, region, side) -> their places from 0."""
    slices: dict[str, list[int]] = {}
    for channel in CHANNELS:
        for name in (f"channel:{channel.name}", f"region:{channel.region}", f"side:{channel.side}"):
            slices.setdefault(name, []).append(channel.index)
    slices.pop("side:both")
    return {name: np.array(chosen) for name, chosen in sorted(slices.items())}


def _coded(*codes: Codes) -> tuple[Codes, NDArray[np.int64]]:
    """One code for each combination that occurs, -1 where a part has none; and the combinations (k, parts)."""
    key: Codes = np.zeros(len(codes[0]), np.int64)
    whole: NDArray[np.bool_] = np.ones(len(codes[0]), bool)
    for part in codes:
        key = key * (int(part.max(initial=0)) + 1) + part
        whole &= part >= 0
    out = np.full(len(key), -1, np.int64)
    _, first, at = np.unique(key[whole], return_index=True, return_inverse=True)
    out[whole] = at
    return out, np.stack([part[whole][first] for part in codes], axis=1)


def sums_table(blocks: list[Block], pictures: Pictures, model: str) -> pa.Table:
    """The blocks as the rows of the view ``sums``: one for each slice, cluster and channel that has a cell."""
    import pyarrow as pa

    there = [np.nonzero(block.sums[..., 0]) for block in blocks]
    rows = [len(at[0]) for at in there]
    total = sum(rows)

    def named(codes: list[NDArray[np.int64]], names: list[str]) -> pa.Array:
        flat = np.concatenate(codes).astype(np.int32) if codes else np.empty(0, np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(flat), pa.array(names, pa.string()))

    columns: dict[str, Any] = {
        "model_id": pa.DictionaryArray.from_arrays(pa.array(np.zeros(total, np.int32)), pa.array([model], pa.string())),
        "slice": named([np.full(count, i) for i, count in enumerate(rows)], [block.slice for block in blocks]),
        "cluster": named([at[0] for at in there], pictures.clusters),
        "channel": named(
            [block.places[at[1]] for block, at in zip(blocks, there, strict=True)], [channel.name for channel in CHANNELS]
        ),
    }
    added = np.concatenate([block.sums[at] for block, at in zip(blocks, there, strict=True)]).T.copy()
    columns |= {name: added[place] for place, name in enumerate(ADDED)}
    totals = [block.sums.sum(axis=0) for block in blocks]
    for name in COUNTED:
        label = "pictures" if name == "cells" else f"pictures_{name}"
        columns[label] = np.concatenate([whole[at[1], _AT[name]] for whole, at in zip(totals, there, strict=True)])
    columns["mean"] = np.concatenate([whole[at[1], _AT["t"]] / whole[at[1], 0] for whole, at in zip(totals, there, strict=True)])
    return pa.table(columns)
