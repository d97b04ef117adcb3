"""Widening what a take covers: its rarely used channels act too, as FACS lets them, in copies for learning alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.randomness import stream
from sfcore.recordings.prior import ANTAGONISTS, NEEDS
from sfcore.recordings.take import Take, content_hash

FORMAT = "perturbed"
"""What `Take.format` says of a perturbed copy."""

_N = len(SHAPES)
# A channel above this acts; one that acts in less than this share of the frames is rarely used.
_ACTS = 0.1
_RARE_SHARE = 0.05
# Seconds that an added action takes from rest to rest, and frames a second of takes that know no time.
_SHORTEST, _LONGEST = 0.6, 2.5
_FRAMES_PER_SECOND = 60.0
# Share of the time in which something is added, and how many actions at once.
_BUSY_SHARE = 0.9
_MOST_AT_ONCE = 4
# Looks follow the gaze, which has both eyes and their rotations to keep together: they stay as recorded.
_LEFT_ALONE = frozenset(shape.name for shape in SHAPES if shape.name.startswith("EyeLook"))
# One side now and then acts alone; otherwise both do, the other a little less.
_ONE_SIDED_SHARE = 0.15


def rarely_used(coefficients: NDArray[np.float32]) -> list[str]:
    """The shapes that act in fewer than one frame in twenty, (n, 61) -> names; unknown channels and the gaze are none of them."""
    known = np.isfinite(coefficients[:, :_N])
    share = ((coefficients[:, :_N] > _ACTS) & known).sum(axis=0) / max(len(coefficients), 1)
    rare = (share < _RARE_SHARE) & known.any(axis=0)
    return [NAMES[i] for i in np.flatnonzero(rare) if NAMES[i] not in _LEFT_ALONE]


def perturb(coefficients: NDArray[np.float32], t: NDArray[np.float64], key: str, strength: float) -> NDArray[np.float32]:
    """(n, 61) float32 coefficients and (n,) seconds -> (n, 61) float32 in which rarely used shapes act.

    Actions of 0.6 to 2.5 seconds rise and fall smoothly on top of the take, up to ``strength`` (0..1), both sides of a pair
    together; of antagonists the stronger wins by the difference, and what an action needs (an open jaw under a tongue)
    comes with it. Rotations, gaze and unknown values stay as they are. Equal arguments give equal bytes.
    """
    rare = rarely_used(coefficients)
    if not rare or len(coefficients) < 2:
        return coefficients.copy()
    times = t if np.isfinite(t).all() else np.arange(len(t)) / _FRAMES_PER_SECOND
    rng = stream(key, "perturb")
    added = np.zeros((len(times), _N))
    stems = sorted({_stem(name) for name in rare})
    # Every action in turn, in a drawn order: chance would leave some out.
    order: list[str] = []
    for at in _moments(times, rng):
        for _ in range(int(rng.integers(1, _MOST_AT_ONCE + 1))):
            order = order or [stems[i] for i in rng.permutation(len(stems))]
            _act(added, order.pop(), times, at, strength, rng)
    return _laid_over(coefficients, added)


def perturbed_take(take: Take, number: int, seed: int, strength: float) -> Take:
    """The ``number``-th perturbed copy of a take, marked as such by its format; its pictures would be wrong and are left out."""
    key = f"perturb-{seed}-{take.source_hash}-{number}"
    values = perturb(take.coefficients, take.t, key, strength)
    return replace(
        take,
        name=f"{take.name}+perturbed-{number}",
        format=FORMAT,
        coefficients=values,
        clipped=np.zeros_like(take.clipped),
        rejects=(),
        images=None,
        raw=None,
        notes=(f"uses {', '.join(rarely_used(take.coefficients)) or 'nothing'} more than the take it is made from",),
        source_hash=content_hash(take.frame, take.t, values),
        provenance=take.provenance | {"perturbed_from": take.name, "strength": strength, "seed": seed},
    )


def _stem(name: str) -> str:
    """The name without its side where both sides of a pair exist; directions of jaw and mouth are actions of their own."""
    stem = name.removesuffix("Left").removesuffix("Right")
    return stem if stem not in ("Jaw", "Mouth") else name


def _moments(times: NDArray[np.float64], rng: np.random.Generator) -> list[tuple[float, float]]:
    """Beginnings and ends of added actions, one after the other."""
    moments: list[tuple[float, float]] = []
    now, end = float(times[0]), float(times[-1])
    while now < end:
        length = float(rng.uniform(_SHORTEST, _LONGEST))
        moments.append((now, now + length))
        now += length / _BUSY_SHARE
    return moments


def _act(
    added: NDArray[np.float64],
    stem: str,
    times: NDArray[np.float64],
    at: tuple[float, float],
    strength: float,
    rng: np.random.Generator,
) -> None:
    rows = slice(int(np.searchsorted(times, at[0])), int(np.searchsorted(times, at[1])))
    curve = np.sin(np.pi * (times[rows] - at[0]) / (at[1] - at[0])) ** 2
    peak = strength * rng.uniform(0.3, 1.0)
    if stem in INDEX:
        shares = {stem: 1.0}
    else:
        one, other = ("Left", "Right") if rng.random() < 0.5 else ("Right", "Left")
        follows = 0.0 if rng.random() < _ONE_SIDED_SHARE else rng.uniform(0.85, 1.0)
        shares = {f"{stem}{one}": 1.0, f"{stem}{other}": follows}
    for name, share in [*shares.items(), *NEEDS.get(stem, {}).items()]:
        column = added[rows, INDEX[name]]
        np.maximum(column, peak * share * curve, out=column)


def _laid_over(coefficients: NDArray[np.float32], added: NDArray[np.float64]) -> NDArray[np.float32]:
    shapes = np.nan_to_num(coefficients[:, :_N].astype(np.float64))
    raised = np.maximum(shapes, added)
    for one, other in ANTAGONISTS:
        a, b = INDEX[one], INDEX[other]
        difference = raised[:, a] - raised[:, b]
        # As in the prior, the stronger wins by the difference; rows to which nothing was added stay as they were recorded.
        here = (added[:, a] > 0) | (added[:, b] > 0)
        raised[here, a] = np.maximum(difference[here], 0.0)
        raised[here, b] = np.maximum(-difference[here], 0.0)
    out = coefficients.copy()
    out[:, :_N] = np.where(np.isnan(coefficients[:, :_N]), np.nan, np.clip(raised, 0.0, 1.0))
    return out
