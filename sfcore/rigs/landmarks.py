"""The 68 marks of a face (Multi-PIE's order) where no source names them: read off the front view and what the shapes move.

Shares were calibrated on the ICT model, whose release names its 68 vertices: marks found here lie within 3 mm of them on lids,
lips and nose and within 4 mm on the brows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX
from sfcore.errors import WrongUse
from sfcore.rigs.draft import Draft
from sfcore.rigs.frontal import HEIGHT, Front, column_of, place_of, row_of
from sfcore.rigs.procedural import features

Array = NDArray[np.float64]
Line = Callable[[float], float]

CORNER = 0.10
"""The lips part at a place where the jaw moves one side by this share of what it moves in the middle: the corner of the mouth."""
INNER_CORNER = 0.27
BORDERS = (0.4, 0.6)
"""The red of the upper and the lower lip ends at this share of the way from its most forward point to where it recedes most."""
CHIN_BACK = 0.7
"""The chin's lowest mark lies where its outline has gone back by this much (cm)."""
_MOUTH_BELOW = (-4.4, -2.0)
"""Heights (cm) under which the mouth is looked for: below a human's nose, and nearer to the eyes for drawn characters."""
CARUNCLE = 0.12
"""Share of the visible eyeball's width that the inner corner lies beyond it."""
_heights = place_of(np.arange(HEIGHT), 0)[1]


def find_landmarks(draft: Draft, front: Front, openings: tuple[Array, Array]) -> Array:
    """Positions (68, 3) in cm, NaN where a mark is not known; ``openings`` are those of `sfcore.rigs.edges.eye_opening`."""
    marks = np.full((68, 2), np.nan)
    _mark_eyes(marks, openings)
    line, half = _mouth_line(draft, front)
    tip = _nose(marks, front, line(0.0))
    _mark_mouth(marks, front, line, half, tip)
    _mark_brows(marks, draft, front)
    known = np.isfinite(marks[:, 0])
    depth = np.full(68, np.nan)
    depth[known] = front.at(marks[known, 0], marks[known, 1])[1]
    depth[~np.isfinite(depth)] = np.nan
    return np.concatenate([marks, depth[:, None]], axis=1)


def _profile(draft: Draft, front: Front, x: float, values: NDArray[np.floating]) -> Array:
    """Mean of ``values`` (n,) over the triangle seen at each row of one column; NaN where none is."""
    owner = front.owner[:, column_of(x)]
    seen: Array = values[draft.triangles[np.maximum(owner, 0)]].mean(axis=1)
    return np.where(owner >= 0, seen, np.nan)


def _mark_eyes(marks: Array, openings: tuple[Array, Array]) -> None:
    for opening, order in zip(openings, ((42, 43, 44, 45, 46, 47), (39, 38, 37, 36, 41, 40)), strict=True):
        if len(opening) < 4:
            continue
        rows = opening[np.argsort(np.abs(opening[:, 0]))]
        x, low, high = rows.T
        sign = np.sign(x.mean())
        inner, outer = np.abs(x[0]), np.abs(x[-1])
        # The ball is seen as far as the caruncle; the lids meet beyond it.
        corner = inner - CARUNCLE * (outer - inner)
        for share, upper, lower in ((0.34, order[1], order[5]), (0.72, order[2], order[4])):
            at = inner + share * (outer - inner)
            marks[upper] = sign * at, np.interp(at, np.abs(x), high)
            marks[lower] = sign * at, np.interp(at, np.abs(x), low)
        marks[order[0]] = sign * corner, 0.5 * (low[0] + high[0]) - 0.4 * (inner - corner)
        marks[order[3]] = x[-1], 0.5 * (low[-1] + high[-1])


def _mouth_line(draft: Draft, front: Front) -> tuple[Line, tuple[float, float]]:
    """The height of the line between the lips as a function of x, and half the mouth's width at the corners and within."""
    falls = draft.shapes[INDEX["JawOpen"]][:, 1]
    across = np.arange(-3.6, 3.61, 0.1)
    heights, jumps = np.full(len(across), np.nan), np.zeros(len(across))
    low = row_of(-10.0)
    for top in _MOUTH_BELOW:
        for i, x in enumerate(across):
            fall = _profile(draft, front, float(x), falls)[low : row_of(top)]
            step = np.nan_to_num(fall[3:] - fall[:-3], nan=0.0)
            best = int(step.argmax())
            heights[i], jumps[i] = _heights[low + best] + 1.5 * (_heights[1] - _heights[0]), step[best]
        middle = float(np.median(jumps[np.abs(across) < 0.6]))
        if middle > 0:
            break
    else:
        raise WrongUse(
            "the head cannot be imported: no lips were found that JawOpen parts between 2 and 10 cm below the eyes; "
            "export the head with its mouth closed and its jaw moving."
        )
    inside = jumps > INNER_CORNER * middle
    half = _reach(across, jumps > CORNER * middle)
    kept = inside & (np.abs(across) <= half)
    fit = np.polynomial.Polynomial.fit(np.abs(across[kept]), heights[kept], 2)
    return (lambda x: float(fit(abs(x)))), (half, _reach(across, inside))


def _reach(across: Array, inside: NDArray[np.bool_]) -> float:
    """How far the columns of the mouth reach from the middle without a break, mean of both sides."""
    reach = []
    for side in (1.0, -1.0):
        out = np.argsort(side * across)
        out = out[side * across[out] >= 0]
        breaks = np.flatnonzero(~inside[out])
        last = int(breaks[0]) - 1 if len(breaks) else len(out) - 1
        reach.append(abs(float(across[out[max(last, 0)]])))
    return float(np.mean(reach))


def _nose(marks: Array, front: Front, line: float) -> float:
    depth = front.depth[:, column_of(0.0)]
    between = (_heights > line + 1.2) & (_heights < -1.5) & np.isfinite(depth)
    tip = float(_heights[between][depth[between].argmax()])
    lip = (_heights < tip) & (_heights > line + 0.5) & np.isfinite(depth)
    lowest = float(depth[lip].min())
    base = float(_heights[lip][np.flatnonzero(depth[lip] < lowest + 0.06)[-1]])
    marks[30], marks[33] = (0.0, tip), (0.0, base)
    marks[27:30] = [(0.0, 0.0), (0.0, 0.3 * tip), (0.0, 0.6 * tip)]
    return tip


def _mark_mouth(marks: Array, front: Front, line: Line, half: tuple[float, float], tip: float) -> None:
    outer, inner = half
    depth = front.depth[:, column_of(0.0)]
    middle = line(0.0)
    upper_rows = (_heights > middle + 0.15) & (_heights < middle + 0.6 * (tip - middle) * 0.6)
    lower_rows = (_heights < middle - 0.15) & (_heights > middle - 1.6)
    up = _border(depth, float(_heights[upper_rows][depth[upper_rows].argmax()]), 0.7, BORDERS[0]) - middle
    low = middle - _border(depth, float(_heights[lower_rows][depth[lower_rows].argmax()]), -1.0, BORDERS[1])
    up, low = float(np.clip(up, 0.35, 1.3)), float(np.clip(low, 0.45, 1.5))
    own_upper, own_lower, own_line = _own_lips(np.array([0.0]))
    for places, xs, which in (((51, 52, 53), (0.0, 0.23, 0.62), 0), ((57, 56, 55), (0.0, 0.37, 0.68), 1)):
        for place, share in zip(places, xs, strict=True):
            u, w, m = _own_lips(np.array([share]))
            rise = (
                (u[0] - m[0]) / (own_upper[0] - own_line[0]) * up
                if which == 0
                else (w[0] - m[0]) / (own_line[0] - own_lower[0]) * low
            )
            other = (102 if which == 0 else 114) - place
            marks[place] = share * outer, line(share * outer) + rise
            marks[other] = -share * outer, marks[place][1]
    marks[54], marks[48] = (outer, line(outer)), (-outer, line(outer))
    marks[64], marks[60] = (inner, line(inner)), (-inner, line(inner))
    for upper, lower, x in ((61, 67, -0.4), (62, 66, 0.0), (63, 65, 0.4)):
        marks[upper] = x * outer, line(x * outer) + 0.02
        marks[lower] = x * outer, line(x * outer) - 0.02
    chin = (_heights < middle - low - 0.5) & (_heights > middle - 6.0) & np.isfinite(depth)
    forward = int(np.flatnonzero(chin)[depth[chin].argmax()])
    below = np.flatnonzero((_heights < _heights[forward]) & (depth < depth[forward] - CHIN_BACK))
    marks[8] = 0.0, float(_heights[below[-1]]) if len(below) else middle - 4.3


def _border(depth: Array, forward: float, reach: float, share: float) -> float:
    """Height of a lip's border above (``reach`` > 0) or below its most forward point."""
    rows = np.arange(row_of(min(forward, forward + reach)), row_of(max(forward, forward + reach)) + 1)
    if reach < 0:
        rows = rows[::-1]
    falls = np.nan_to_num(depth[rows[:-2]] - depth[rows[2:]], nan=0.0, posinf=0.0, neginf=0.0)
    steepest = float(_heights[rows[1 + int(falls.argmax())]])
    return forward + share * (steepest - forward)


def _own_lips(share: Array) -> tuple[Array, Array, Array]:
    """The embedded head's upper and lower lip border and mouth line at a share of the mouth's half width."""
    upper, lower = features.lip_borders(share, 1.0)
    return upper, lower, features.mouth_line(share, 1.0)


def _mark_brows(marks: Array, draft: Draft, front: Front) -> None:
    rows = (_heights > 0.8) & (_heights < 4.6)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        moves = [draft.shapes[INDEX[name]] for name in (f"BrowDown{side}", f"BrowOuterUp{side}")]
        for i, x in enumerate((1.2, 2.4, 3.6, 4.6)):
            heights = []
            for move in moves:
                size = np.nan_to_num(_profile(draft, front, sign * x, np.linalg.norm(move, axis=1))[rows])
                if size.max(initial=0.0) > 0.02:
                    heights.append(float((size**2 * _heights[rows]).sum() / (size**2).sum()))
            if heights:
                marks[22 + i if sign > 0 else 21 - i] = sign * x, float(np.mean(heights))
