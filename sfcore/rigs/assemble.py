"""From a head as imported to a rig: one frame, plain eyeballs, edges that meet, paint, hair and a collar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.rigs.back_of_head import add_back_of_head
from sfcore.rigs.collar import add_collar, under_collar
from sfcore.rigs.draft import Draft
from sfcore.rigs.edges import eye_opening
from sfcore.rigs.eyeballs import Ball, carried, plain_ball
from sfcore.rigs.frame import in_frame
from sfcore.rigs.frontal import Front, seen_from_front
from sfcore.rigs.inner_mouth import add_inner_mouth
from sfcore.rigs.landmarks import find_landmarks
from sfcore.rigs.lids import add_lashes, close_blink, eye_of, find_lids, follow_gaze
from sfcore.rigs.lips import shut_lips, split_close, tuck_teeth
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.build import PIVOT
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.skin import mouth_half_width
from sfcore.rigs.registration import paint_warp, painted_plane
from sfcore.rigs.rig import Deltas, Eye, Floats, Ints, Rig, Textures
from sfcore.rigs.scalp import NO_HAIR, Hair, add_hair, vault_of
from sfcore.rigs.soundness import checked

Array = NDArray[np.float64]

VERSION = 1
SMALLEST_MOVE = 0.02
"""A shape whose largest displacement (cm) is below this shows nothing: a third of a pixel in a picture of 256."""
NOISE = 4e-4
"""Displacements (cm) below this are left out: a hundredth of a pixel."""
MOUTH_DEPTH, MOUTH_REACH = 1.0, 6.0
"""Skin between so far behind the surface of the face and so far behind the corners of the mouth (cm) lines the mouth."""
_EYES = (Part.EYE_LEFT, Part.EYE_RIGHT)
_FACE_SKIN = (Part.SKIN, Part.LIPS, Part.LID_EDGE)


def assemble(head: MorphHead) -> Rig:
    """Makes a rig of an imported head; raises `WrongUse` for one that is broken or shows no face.

    Floats that only displace are rounded to half precision here, once: a rig written to a file and read again is the same rig.
    """
    head = checked(head)
    draft, balls = in_frame(head)
    own_hair = bool((draft.parts == Part.HAIR).any()) or bool((draft.picture >= 0).any())
    if not own_hair:
        add_back_of_head(draft, seen_from_front(draft.points, draft.triangles))
        add_collar(draft)
    balls, place, turning = _with_balls(draft, balls, dressed=not own_hair)
    front = seen_from_front(draft.points, draft.triangles)
    if shut_lips(draft, front):
        front = seen_from_front(draft.points, draft.triangles)
    tuck_teeth(draft, front)
    if head.landmarks is not None:
        landmarks = draft.points[place[head.landmarks]].astype(np.float64)
    else:
        left, right = (eye_opening(front, draft.parts, part, ball) for part, ball in zip(_EYES, balls, strict=True))
        landmarks = find_landmarks(draft, front, (left, right))
    _hollow_mouth(draft, front, landmarks)
    add_inner_mouth(draft, landmarks)
    _paint(draft, front, landmarks)
    stretch: list[Array] = []
    eyes: list[Eye] = []
    pictured = bool((draft.picture >= 0).any())
    for ball, part, side in zip(balls, _EYES, ("Left", "Right"), strict=True):
        lids = find_lids(draft, front, ball, part)
        stretch.append(close_blink(draft, lids, side))
        follow_gaze(draft, lids, side)
        eyes.append(replace(eye_of(draft, ball, lids), ball=turning[len(eyes)]))
        if not pictured:
            add_lashes(draft, lids, ball, side)
    hair = NO_HAIR
    if not own_hair:
        skin = draft.triangles[np.isin(draft.parts, _FACE_SKIN)]
        hair = add_hair(draft, vault_of(draft.points, skin))
    return _finished(head, draft, (eyes[0], eyes[1]), _padded(stretch, len(draft.points)), hair)


def _with_balls(draft: Draft, balls: tuple[Ball, Ball], dressed: bool) -> tuple[tuple[Ball, Ball], Ints, list[Ints]]:
    """Draws plain balls in the place of the source's: round, and painted by the angle from their axis; lashes are drawn anew too.

    Eyes that carry pictures stay and turn with the gaze. Returns the balls, whose last two vertices are pole and centre, the new
    number of each old vertex, and the vertices of each eye that turn.
    """
    pictured = _pictured(draft, balls)
    kept = ~under_collar(draft) if dressed else np.ones(len(draft.triangles), bool)
    pieces = []
    for ball, part in zip(balls, _EYES, strict=True):
        points, triangles = plain_ball(ball, part)
        modes = carried(ball, draft.points, draft.modes, points)
        pieces.append((ball, points, triangles[:0] if pictured else triangles, modes))
    if pictured:
        place = draft.keep_triangles(kept)
    else:
        place = draft.keep_triangles(kept & ~_of(draft, balls) & ((draft.parts != Part.LASHES) | (draft.picture >= 0)))
    placed, turning = [], []
    for (ball, points, triangles, modes), part in zip(pieces, _EYES, strict=True):
        own = place[ball.vertices]
        turning.append(own[own >= 0].astype(np.int32) if pictured else np.empty(0, np.int32))
        draft.parts[np.isin(draft.triangles, turning[-1]).all(axis=1)] = part
        draft.shapes[:, turning[-1]] = 0.0
        index = draft.add(points, triangles, part, np.zeros((len(points), 2)), modes=modes)
        placed.append(Ball(ball.centre, ball.radius, index))
    return (placed[0], placed[1]), place, turning


def _pictured(draft: Draft, balls: tuple[Ball, Ball]) -> bool:
    """Whether the eyes carry pictures: as balls, or as flat parts of a head that has pictures."""
    if not any(len(ball.vertices) for ball in balls):
        return bool((draft.picture >= 0).any())
    return bool((draft.picture[_of(draft, balls)] >= 0).any())


def _of(draft: Draft, balls: tuple[Ball, Ball]) -> NDArray[np.bool_]:
    """Triangles (m,) of the source's eyeballs."""
    source = np.zeros(len(draft.points), bool)
    source[np.concatenate([ball.vertices for ball in balls])] = True
    return np.asarray(np.any(source[draft.triangles], axis=1), np.bool_)


def _hollow_mouth(draft: Draft, front: Front, landmarks: Array) -> None:
    """Tells the inside of the mouth from the skin it hangs together with: what lies well behind the lips is dark and wet."""
    lips = landmarks[48:60]
    points = draft.points.astype(np.float64)
    inside: NDArray[np.bool_] = np.abs(points[:, 0]) < np.nanmax(np.abs(lips[:, 0])) + 0.6
    high, low = np.nanmax(lips[:, 1]) + 1.2, np.nanmin(lips[:, 1]) - 1.2
    inside = inside & (points[:, 1] < high) & (points[:, 1] > low)
    deep = inside & (points[:, 2] < front.at(points[:, 0], points[:, 1])[1] - MOUTH_DEPTH)
    # The back of the head and of the neck lies behind the lips too, but far.
    deep = deep & (points[:, 2] > np.nanmin(lips[:, 2]) - MOUTH_REACH)
    lines_mouth: NDArray[np.bool_] = np.all(deep[draft.triangles], axis=1)
    draft.parts[(draft.parts == Part.SKIN) & lines_mouth] = Part.CAVITY


def _paint(draft: Draft, front: Front, landmarks: Array) -> None:
    skin = draft.vertices_of(*_FACE_SKIN)
    warp = paint_warp(landmarks, draft.points.astype(np.float64), skin)
    draft.uv[skin] = painted_plane(draft.points[skin].astype(np.float64), warp, front, landmarks)
    # The red of the lips, as the embedded head names it.
    u, v = np.moveaxis(draft.uv[draft.triangles].mean(axis=1), -1, 0).astype(np.float64)
    half = mouth_half_width()
    upper, lower = features.lip_borders(u, half)
    red = (np.abs(u) < half) & (v < upper) & (v > lower) & (draft.points[draft.triangles, 2].mean(axis=1) > 0)
    draft.parts[(draft.parts == Part.SKIN) & red] = Part.LIPS
    # The embedded head's teeth know their gaps; other people's have them in the mesh.
    teeth = draft.vertices_of(Part.TEETH_UPPER, Part.TEETH_LOWER)
    draft.uv[teeth[(draft.uv[teeth] == 0).all(axis=1)]] = 1.0


def _padded(stretch: list[Array], vertices: int) -> Floats:
    """Sum of both eyes' stretches (k, n), with nothing for vertices that came later."""
    total = np.zeros((len(stretch[0]), vertices), np.float32)
    for part in stretch:
        total[:, : part.shape[1]] += part
    return total


def _finished(head: MorphHead, draft: Draft, eyes: tuple[Eye, Eye], stretch: Floats, hair: Hair) -> Rig:
    shown = np.ones(len(NAMES), bool)
    largest = np.abs(draft.shapes).max(axis=(1, 2), initial=0.0)
    for channel in SHAPES:
        looks = channel.name.startswith("EyeLook")
        shown[channel.index] = looks or largest[channel.index] > SMALLEST_MOVE
    shown[[INDEX["LeftEyeRoll"], INDEX["RightEyeRoll"]]] = False
    radius = float(np.linalg.norm(draft.points[eyes[0].pole] - draft.points[eyes[0].centre]))
    corrective = split_close(draft)
    share = draft.share * rise(-17.0, -11.5, draft.points[:, 1].astype(np.float64))
    return Rig(
        name=head.name,
        version=VERSION,
        neutral=draft.points,
        triangles=draft.triangles,
        parts=draft.parts,
        uv=draft.uv,
        shapes=_half_deltas(draft.shapes),
        correctives=_half_deltas(corrective),
        corrective_pairs=np.array([[INDEX["JawOpen"], INDEX["MouthClose"]]], np.int32)[: len(corrective)],
        mode_names=tuple(head.modes),
        modes=_half(draft.modes),
        stretch=_half(stretch),
        hair_names=hair.names,
        hair=hair.styles,
        hair_start=hair.start,
        hair_edge=hair.edge,
        head_share=share.astype(np.float32),
        pivot=PIVOT,
        eyes=eyes,
        lips=np.zeros((0, 2), np.int32),
        followers=np.zeros((0, 2), np.int32),
        channels_shown=shown,
        gaze_gain=min(1.0, features.EYE_RADIUS_IN_LIFE / radius),
        domain=head.domain,
        licence=head.licence,
        notes=head.notes,
        textures=_textures(head, draft),
    )


def _half_deltas(dense: Floats) -> Deltas:
    if not len(dense):
        return Deltas(np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    exact = Deltas.from_dense(dense, NOISE)
    return Deltas(exact.starts, exact.vertices, _half(exact.offsets))


def _textures(head: MorphHead, draft: Draft) -> Textures | None:
    if head.textures is None or not (draft.picture >= 0).any():
        return None
    return Textures(draft.on_picture, head.textures.images, draft.picture)


def _half(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)
