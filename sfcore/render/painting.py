"""Albedo of skin, brows and eyes at a point, as compiled functions."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.albedo import BEARD, BLUSH, CROW, FOLD, FOREHEAD, FROWN, LID, LIP, NOSTRIL, SCALP
from sfcore.render.look import Look, Scalar
from sfcore.render.texture import ONE, noise, sample_masks, smooth


@numba.njit(forceinline=True, error_model="numpy")
def brow_cover(look: Look, u: Scalar, v: Scalar) -> Scalar:
    """Cover 0..1 of the painted eyebrow at a point of the neutral frontal plane."""
    a = abs(u)
    t = (a - np.float32(0.95)) / np.float32(4.25)
    if t < -0.08 or t > 1.08 or v < 0.9 or v > 3.3:
        return np.float32(0.0)
    arch, tilt, thick = look.brow_arch, look.brow_tilt, look.brow_thickness
    line = np.float32(1.72) + np.float32(0.28) * t + arch * np.float32(0.62) * (t - t * t * t) + tilt * (t - np.float32(0.5)) * 4
    half = (
        thick * (np.float32(0.36) - np.float32(0.06) * t) * (ONE - smooth(np.float32(0.5), np.float32(1.06), t) * np.float32(0.8))
    )
    edge = abs(v - line) / max(half, np.float32(0.02))
    cover = ONE - smooth(np.float32(0.55), np.float32(1.15), edge)
    cover *= smooth(np.float32(-0.08), np.float32(0.16), t + np.float32(0.05) * (v - line)) * (
        ONE - smooth(np.float32(0.97), np.float32(1.07), t)
    )
    strands = noise((a * 1.0 + (v - line) * (1.2 - 1.5 * t)) * 17, v * 4)
    return cover * (np.float32(0.62) + np.float32(0.38) * strands)


@numba.njit(forceinline=True, error_model="numpy")
def paint_skin(look: Look, atlas: NDArray, mask: NDArray, u: Scalar, v: Scalar, colour: NDArray) -> Scalar:
    """Albedo of skin and lips; returns how glossy it is."""
    blush, freckles, stubble, wrinkles, cartoon = look.blush, look.freckles, look.stubble, look.wrinkles, look.cartoon
    sample_masks(atlas, u, v, mask)
    for c in range(3):
        colour[c] = look.skin[c]
    red = blush * mask[BLUSH] * np.float32(0.55)
    lid = mask[LID] * (np.float32(0.35) + np.float32(0.4) * wrinkles)
    colour[0] *= ONE - np.float32(0.10) * red - np.float32(0.14) * lid
    colour[1] *= ONE - np.float32(0.34) * red - np.float32(0.24) * lid
    colour[2] *= ONE - np.float32(0.30) * red - np.float32(0.20) * lid
    if cartoon < 0.5:
        mottle = np.float32(0.93) + np.float32(0.07) * noise(u * 2.1 + 31, v * 2.1) + np.float32(0.05) * noise(u * 9 + 7, v * 9)
        for c in range(3):
            colour[c] *= mottle
        if freckles > 0:
            spots = smooth(np.float32(0.72), np.float32(0.86), noise(u * 7 + 3, v * 7)) * smooth(
                np.float32(-5.5), np.float32(-3.0), v
            )
            spots *= (ONE - smooth(np.float32(-0.6), np.float32(1.0), v)) * min(freckles, np.float32(1.0)) * np.float32(0.5)
            colour[0] *= ONE - np.float32(0.5) * spots
            colour[1] *= ONE - np.float32(0.8) * spots
            colour[2] *= ONE - np.float32(0.9) * spots
    side = 0 if u >= 0 else 1
    fold = mask[FOREHEAD] * (
        look.folds[0] * smooth(np.float32(3.4), np.float32(0.6), abs(u))
        + look.folds[1 + side] * smooth(np.float32(0.8), np.float32(3.0), abs(u))
    )
    frown = 3 if v > np.float32(0.3) else 9
    crow = 5 if v > np.float32(-3.0) else 11
    fold += mask[FROWN] * look.folds[frown + side] + mask[CROW] * look.folds[crow + side] + mask[FOLD] * look.folds[7 + side]
    fold = min(fold, np.float32(1.0)) * np.float32(0.42)
    beard = mask[BEARD] * stubble
    if beard > 0:
        beard *= np.float32(0.55) + np.float32(0.45) * noise(u * 23, v * 23)
    scalp = mask[SCALP] * look.shaved
    # Short hairs soften the line from which the hair grows.
    place = abs(u) * np.float32(2.0)
    column = int(min(place, np.float32(len(look.hairline) - 2)))
    line = look.hairline[column] + (look.hairline[column + 1] - look.hairline[column]) * min(place - column, np.float32(1.0))
    if v > line - np.float32(1.6):
        wisps = noise(u * 16 + 5, v * 1.6) * np.float32(0.75) + noise(u * 37, v * 3) * np.float32(0.35)
        scalp = max(scalp, smooth(np.float32(-0.75), np.float32(0.15), v - line - np.float32(0.35) + np.float32(0.5) * wisps))
    brow = brow_cover(look, u, v)
    lip = mask[LIP]
    lines = np.float32(1.0)
    if lip > 0:
        lines = np.float32(0.92) + np.float32(0.08) * noise(u * 14, v * 2)
    for c in range(3):
        colour[c] = colour[c] * (ONE - fold) + np.float32(0.3) * fold * colour[c] * look.skin[c]
        colour[c] += lip * (look.lips[c] * lines - colour[c])
        colour[c] += min(beard + scalp, np.float32(0.9)) * np.float32(0.75) * (look.hair[c] * np.float32(0.8) - colour[c])
        colour[c] += brow * np.float32(0.9) * (look.brow[c] - colour[c])
        colour[c] *= ONE - np.float32(0.85) * mask[NOSTRIL]
    return lip


@numba.njit(forceinline=True, error_model="numpy")
def paint_eye(look: Look, side: Scalar, dx: Scalar, dy: Scalar, dz: Scalar, colour: NDArray) -> Scalar:
    """Albedo of an eyeball in the direction (dx, dy, dz) from its centre; returns 1 on the iris and pupil."""
    axis = look.eye_axes[side]
    along = min(max(dx * axis[0] + dy * axis[1] + dz * axis[2], np.float32(-1.0)), np.float32(1.0))
    angle = np.arccos(along)
    iris = np.float32(0.40) * look.iris_size
    cartoon = look.cartoon
    pupil = iris * (np.float32(0.40) + np.float32(0.06) * cartoon)
    for c in range(3):
        colour[c] = np.float32(0.70)
    corner = abs(dx - axis[0])
    colour[1] *= ONE - np.float32(0.10) * smooth(np.float32(0.45), np.float32(0.95), corner)
    colour[2] *= ONE - np.float32(0.12) * smooth(np.float32(0.45), np.float32(0.95), corner)
    on = ONE - smooth(iris * np.float32(0.97), iris * np.float32(1.04), angle)
    if on > 0:
        turn = np.arctan2(dy - axis[1], dx - axis[0])
        fibres = np.float32(0.75) + np.float32(0.5) * noise(turn * 9 + 40, angle * 14)
        ring = np.float32(1.25) - np.float32(0.55) * smooth(pupil, iris, angle)
        lower = np.float32(1.0) + np.float32(0.35) * smooth(np.float32(0.3), np.float32(-1.0), np.sin(turn))
        limbus = ONE - np.float32(0.75) * smooth(iris * np.float32(0.80), iris * np.float32(1.0), angle)
        black = smooth(pupil * np.float32(1.06), pupil * np.float32(0.94), angle)
        for c in range(3):
            shade = look.iris[c] * fibres * ring * lower * limbus * np.float32(1.05)
            shade += black * (np.float32(0.006) - shade)
            colour[c] += on * (shade - colour[c])
    return on
