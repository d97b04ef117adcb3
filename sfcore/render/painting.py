"""Albedo of skin, brows and eyes at a point, as compiled functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.render.albedo import BEARD, BLUSH, CROW, FOLD, FOREHEAD, FROWN, LID, LIP, NOSTRIL, SCALP
from sfcore.render.compiled import inlined
from sfcore.render.look import Look, Scalar
from sfcore.render.texture import ONE, ZERO, noise, sample_masks, smooth

_f = np.float32


@inlined
def brow_cover(look: Look, u: Scalar, v: Scalar) -> Scalar:
    """Cover 0..1 of the painted eyebrow at a point of the neutral frontal plane."""
    a = abs(u)
    t = (a - _f(0.95)) / _f(4.25)
    if t < _f(-0.08) or t > _f(1.08) or v < _f(0.9) or v > _f(3.3):
        return ZERO
    arch, tilt, thick = look.brow_arch, look.brow_tilt, look.brow_thickness
    line = _f(1.72) + _f(0.28) * t + arch * _f(0.62) * (t - t * t * t) + tilt * (t - _f(0.5)) * _f(4.0)
    half = thick * (_f(0.36) - _f(0.06) * t) * (ONE - smooth(_f(0.5), _f(1.06), t) * _f(0.8))
    edge = abs(v - line) / max(half, _f(0.02))
    cover = ONE - smooth(_f(0.55), _f(1.15), edge)
    if cover <= ZERO:
        return ZERO
    cover *= smooth(_f(-0.08), _f(0.16), t + _f(0.05) * (v - line)) * (ONE - smooth(_f(0.97), _f(1.07), t))
    strands = noise(look.grain, (a + (v - line) * (_f(1.2) - _f(1.5) * t)) * _f(17.0), v * _f(4.0))
    return cover * (_f(0.62) + _f(0.38) * strands)


@inlined
def _beard(look: Look, mask: NDArray, u: Scalar, v: Scalar) -> Scalar:
    """Cover 0..1 of a beard, moustache or stubble: which of its three parts a point belongs to, and its short hairs."""
    here = mask[BEARD]
    if here <= _f(0.02):
        return ZERO
    a = abs(u)
    # A moustache droops towards the corners of the mouth; a chin's beard encircles the mouth and narrows downwards.
    edge = _f(-5.45) - _f(0.3) * a
    upper = smooth(edge - _f(0.35), edge, v) * (ONE - smooth(_f(2.6), _f(3.1), a))
    wide = _f(2.9) - _f(0.45) * max(_f(-7.2) - v, ZERO)
    middle = (ONE - smooth(wide - _f(0.8), wide, a)) * smooth(_f(-11.8), _f(-10.2), v)
    here = min(here * (ONE + _f(0.8) * upper), ONE)
    density = upper * look.beard[0] + (ONE - upper) * (middle * look.beard[1] + (ONE - middle) * look.beard[2])
    if density <= ZERO:
        return ZERO
    hairs = noise(look.grain, u * _f(23.0), v * _f(23.0))
    if density > _f(0.6):
        hairs = _f(0.5) * hairs + _f(0.5) * noise(look.grain, u * _f(13.0) + _f(3.0) * v, v * _f(4.0))
    return min(here * density * (_f(0.55) + _f(0.45) * hairs) * _f(0.75) + max(density - _f(0.7), ZERO) * here, _f(0.92))


@inlined
def _made_up(look: Look, mask: NDArray, v: Scalar, colour: NDArray) -> None:
    """Colour on the upper lids and a line along their edges."""
    lid = mask[LID]
    if lid <= _f(0.05) or look.make_up[3] + look.make_up[4] <= ZERO:
        return
    shadow = look.make_up[3] * min(lid * _f(1.6), ONE) * smooth(_f(-0.35), _f(0.15), v)
    line = look.make_up[4] * smooth(_f(0.66), _f(0.77), lid) * (_f(0.45) + _f(0.5) * smooth(_f(-0.3), _f(0.1), v))
    for c in range(3):
        colour[c] += shadow * (look.make_up[c] - colour[c])
        colour[c] += line * (_f(0.015) - colour[c])


@inlined
def _hair_growth(look: Look, mask: NDArray, u: Scalar, v: Scalar) -> Scalar:
    """Cover 0..1 of hair that is painted on the skin: beard, shaved scalp and the wisps at the hair's front edge."""
    beard = _beard(look, mask, u, v)
    scalp = mask[SCALP] * look.shaved
    place = abs(u) * _f(2.0)
    column = int(min(place, _f(len(look.hairline) - 2)))
    line = look.hairline[column] + (look.hairline[column + 1] - look.hairline[column]) * min(place - _f(column), ONE)
    if v > line - _f(1.6):
        wisps = noise(look.grain, u * _f(16.0) + _f(5.0), v * _f(1.6)) * _f(0.75)
        wisps += noise(look.grain, u * _f(37.0), v * _f(3.0)) * _f(0.35)
        scalp = max(scalp, smooth(_f(-0.75), _f(0.15), v - line - _f(0.35) + _f(0.5) * wisps))
    return min(beard + _f(0.75) * min(scalp, _f(0.9)), _f(0.92))


@inlined
def _folded(look: Look, mask: NDArray, u: Scalar, v: Scalar) -> Scalar:
    """How dark 0..0.42 the folds of the skin make a point."""
    a = abs(u)
    side = 0 if u >= ZERO else 1
    fold = ZERO
    if mask[FOREHEAD] > ZERO:
        fold += mask[FOREHEAD] * (
            look.folds[0] * (ONE - smooth(_f(0.6), _f(3.4), a)) + look.folds[1 + side] * smooth(_f(0.8), _f(3.0), a)
        )
    frown = 3 if v > _f(0.3) else 9
    crow = 5 if v > _f(-3.0) else 11
    fold += mask[FROWN] * look.folds[frown + side] + mask[CROW] * look.folds[crow + side] + mask[FOLD] * look.folds[7 + side]
    return min(fold, ONE) * _f(0.42)


@inlined
def _complexion(look: Look, mask: NDArray, u: Scalar, v: Scalar, colour: NDArray) -> None:
    """The skin's own colour: blood, lids, mottle and freckles."""
    red = look.blush * mask[BLUSH] * _f(0.55)
    lid = mask[LID] * (_f(0.35) + _f(0.4) * look.wrinkles)
    colour[0] = look.skin[0] * (ONE - _f(0.10) * red - _f(0.14) * lid)
    colour[1] = look.skin[1] * (ONE - _f(0.34) * red - _f(0.24) * lid)
    colour[2] = look.skin[2] * (ONE - _f(0.30) * red - _f(0.20) * lid)
    if look.cartoon > _f(0.5):
        return
    mottle = _f(0.93) + _f(0.07) * noise(look.grain, u * _f(2.1) + _f(31.0), v * _f(2.1))
    mottle += _f(0.05) * noise(look.grain, u * _f(9.0) + _f(7.0), v * _f(9.0))
    for c in range(3):
        colour[c] *= mottle
    if look.freckles > ZERO and v < ONE and v > _f(-5.5):
        spots = smooth(_f(0.72), _f(0.86), noise(look.grain, u * _f(7.0) + _f(3.0), v * _f(7.0)))
        spots *= smooth(_f(-5.5), _f(-3.0), v) * (ONE - smooth(_f(-0.6), ONE, v)) * min(look.freckles, ONE) * _f(0.5)
        colour[0] *= ONE - _f(0.5) * spots
        colour[1] *= ONE - _f(0.8) * spots
        colour[2] *= ONE - _f(0.9) * spots


@inlined
def paint_skin(look: Look, atlas: NDArray, mask: NDArray, front: bool, u: Scalar, v: Scalar, colour: NDArray) -> Scalar:
    """Albedo of skin and lips at a point of the neutral frontal plane; returns how glossy it is.

    Where ``front`` is false, the back of the head and the nape, no part of the face is painted.
    """
    sample_masks(atlas, look.fine > ZERO, u, v, mask)
    if not front:
        for c in (LIP, BLUSH, LID, NOSTRIL, FOREHEAD, FROWN, CROW, FOLD):
            mask[c] = ZERO
    _complexion(look, mask, u, v, colour)
    _made_up(look, mask, v, colour)
    fold = _folded(look, mask, u, v)
    hair = _hair_growth(look, mask, u, v)
    brow = brow_cover(look, u, v) * _f(0.9) if front else ZERO
    lip = mask[LIP]
    lines = ONE
    if lip > ZERO:
        lines = _f(0.92) + _f(0.08) * noise(look.grain, u * _f(14.0), v * _f(2.0))
    bright = ONE - _f(0.85) * mask[NOSTRIL]
    for c in range(3):
        own = colour[c] * (ONE - fold) + _f(0.3) * fold * colour[c] * look.skin[c]
        own += lip * (look.lips[c] * lines - own)
        own += hair * (look.hair[c] * _f(0.8) - own)
        own += brow * (look.brow[c] - own)
        colour[c] = own * bright
    return lip


@inlined
def fold_picture(look: Look, atlas: NDArray, mask: NDArray, front: bool, u: Scalar, v: Scalar, colour: NDArray) -> Scalar:
    """Changes a picture's skin as the person and the expression ask: tone, stubble, folds; returns how glossy it is."""
    sample_masks(atlas, look.fine > ZERO, u, v, mask)
    for c in range(3):
        colour[c] *= look.skin_tint[c]
    if not front:
        return ZERO
    fold = _folded(look, mask, u, v)
    beard = _beard(look, mask, u, v)
    _made_up(look, mask, v, colour)
    for c in range(3):
        colour[c] *= ONE - fold * (ONE - _f(0.3) * look.skin[c])
        colour[c] += beard * (look.hair[c] * _f(0.8) - colour[c])
    return mask[LIP]


@inlined
def on_iris(look: Look, side: Scalar, dx: Scalar, dy: Scalar, dz: Scalar) -> Scalar:
    """1 on the iris and pupil, 0 on the white, in the direction (dx, dy, dz) from the eyeball's centre."""
    x, y, z = dx - look.eye_axes[side, 0], dy - look.eye_axes[side, 1], dz - look.eye_axes[side, 2]
    # The chord is the angle to within 1 % up to the edge of the iris.
    angle = np.sqrt(x * x + y * y + z * z)
    iris = _f(0.40) * look.iris_size
    return ONE - smooth(iris * _f(0.97), iris * _f(1.04), angle)


@inlined
def paint_eye(look: Look, side: Scalar, dx: Scalar, dy: Scalar, dz: Scalar, colour: NDArray) -> Scalar:
    """Albedo of an eyeball in the direction (dx, dy, dz) from its centre; returns 1 on the iris and pupil."""
    x, y, z = dx - look.eye_axes[side, 0], dy - look.eye_axes[side, 1], dz - look.eye_axes[side, 2]
    angle = np.sqrt(x * x + y * y + z * z)
    iris = _f(0.40) * look.iris_size
    pupil = iris * (_f(0.40) + _f(0.06) * look.cartoon)
    # Vessels and shade redden the white towards the corners.
    corner = smooth(_f(0.45), _f(0.95), abs(x))
    colour[0], colour[1], colour[2] = _f(0.60), _f(0.60) * (ONE - _f(0.10) * corner), _f(0.60) * (ONE - _f(0.12) * corner)
    on = ONE - smooth(iris * _f(0.97), iris * _f(1.04), angle)
    if on > ZERO:
        across = np.sqrt(x * x + y * y) + _f(1e-6)
        cosine, sine = x / across, y / across
        fibres = _f(0.75) + _f(0.5) * noise(look.grain, cosine * _f(9.0) + _f(40.0), sine * _f(9.0) + angle * _f(3.0))
        ring = _f(1.25) - _f(0.55) * smooth(pupil, iris, angle)
        lower = ONE + _f(0.35) * (ONE - smooth(_f(-1.0), _f(0.3), sine))
        limbus = ONE - _f(0.75) * smooth(iris * _f(0.80), iris, angle)
        black = ONE - smooth(pupil * _f(0.94), pupil * _f(1.06), angle)
        for c in range(3):
            shade = look.iris[c] * fibres * ring * lower * limbus * _f(1.05)
            shade += black * (_f(0.006) - shade)
            colour[c] += on * (shade - colour[c])
    return on
