"""From a head as imported to a rig: one frame, plain eyeballs, edges that meet, paint, hair and a collar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.rigs.draft import Draft
from sfcore.rigs.eyeballs import Ball, carried, find_balls, fit_ball, plain_ball
from sfcore.rigs.frontal import Front, seen_from_front
from sfcore.rigs.lids import add_lashes, close_blink, eye_of, find_lids
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.build import PIVOT
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.registration import paint_warp, painted_plane
from sfcore.rigs.rig import Deltas, Eye, Floats, Ints, Rig
from sfcore.rigs.soundness import checked

Array = NDArray[np.float64]

VERSION = 1
PUPILS_APART = 6.2
"""Centimetres between the pupils of an adult (Farkas, 1994): decides the size of heads whose unit is not known."""
SMALLEST_MOVE = 0.02
"""A shape whose largest displacement (cm) is below this shows nothing: a third of a pixel in a picture of 256."""
NOISE = 4e-4
"""Displacements (cm) below this are left out: a hundredth of a pixel."""
CLOSE_UNDOES_JAW = 0.25
"""Share of an open jaw from which on MouthClose is taken to be made for shutting it."""
CLOSE_ALONE = 0.15
"""Share of such a MouthClose that acts without the jaw: lips that press together."""
_FACE_SKIN = (Part.SKIN, Part.LIPS, Part.LID_EDGE)


def assemble(head: MorphHead) -> Rig:
    """Makes a rig of an imported head; raises `WrongUse` for one that is broken or shows no face.

    Floats that only displace are rounded to half precision here, once: a rig written to a file and read again is the same rig.
    """
    head = checked(head)
    draft, balls = _in_frame(head)
    balls, place = _replaced_balls(draft, balls)
    front = seen_from_front(draft.points, draft.triangles)
    assert head.landmarks is not None
    landmarks = draft.points[place[head.landmarks]].astype(np.float64)
    _paint(draft, front, landmarks)
    stretch, eyes = [], []
    for ball, part, side in zip(balls, (Part.EYE_LEFT, Part.EYE_RIGHT), ("Left", "Right"), strict=True):
        lids = find_lids(draft, front, ball, part)
        stretch.append(close_blink(draft, lids, side))
        eyes.append(eye_of(draft, ball, lids))
        add_lashes(draft, lids, ball, side)
    return _finished(head, draft, (eyes[0], eyes[1]), _padded(stretch, len(draft.points)))


def _in_frame(head: MorphHead) -> tuple[Draft, tuple[Ball, Ball]]:
    """The head in centimetres, pupils at y = 0, the midline at x = 0, the eyes as far out as the embedded ones."""
    vertices = head.vertices
    if head.eye_balls is not None:
        balls = tuple(fit_ball(vertices, index) for index in head.eye_balls)
    else:
        found = find_balls(vertices, head.triangles, (head.morphs["EyeBlinkLeft"], head.morphs["EyeBlinkRight"]))
        assert found is not None
        balls = found
    left, right = balls
    scale = head.centimetres or PUPILS_APART / float(np.linalg.norm(left.centre - right.centre))
    middle = 0.5 * (left.centre + right.centre)
    radius = 0.5 * (left.radius + right.radius) * scale
    origin = middle * scale - [0.0, 0.0, features.EYE_CENTRE[2] + features.EYE_RADIUS - radius]
    shapes = np.zeros((len(SHAPES), len(vertices), 3), np.float32)
    for name, displacement in head.morphs.items():
        shapes[INDEX[name]] = displacement * np.float32(scale)
    modes = np.zeros((len(head.modes), len(vertices), 3), np.float32)
    for k, displacement in enumerate(head.modes.values()):
        modes[k] = displacement * np.float32(scale)
    assert head.parts is not None
    draft = Draft(
        points=(vertices * scale - origin).astype(np.float32),
        triangles=head.triangles.astype(np.int32),
        parts=head.parts.copy(),
        uv=np.zeros((len(vertices), 2), np.float32),
        shapes=shapes,
        modes=modes,
        share=np.ones(len(vertices), np.float32),
    )
    placed = tuple(Ball(b.centre * scale - origin, b.radius * scale, b.vertices) for b in balls)
    return draft, (placed[0], placed[1])


def _replaced_balls(draft: Draft, balls: tuple[Ball, Ball]) -> tuple[tuple[Ball, Ball], Ints]:
    """Draws plain balls in the place of the source's: round, and painted by the angle from their axis.

    Returns them, and the new number of each old vertex.
    """
    pieces = []
    for ball, part in zip(balls, (Part.EYE_LEFT, Part.EYE_RIGHT), strict=True):
        points, triangles = plain_ball(ball, part)
        pieces.append((ball, part, points, triangles, carried(ball, draft.points, draft.modes, points)))
    source = np.zeros(len(draft.points), bool)
    source[np.concatenate([ball.vertices for ball in balls])] = True
    place = draft.keep_triangles(~source[draft.triangles].any(axis=1) & (draft.parts != Part.LASHES))
    result = []
    for ball, part, points, triangles, modes in pieces:
        index = draft.add(points, triangles, part, np.zeros((len(points), 2)), modes=modes)
        result.append(Ball(ball.centre, ball.radius, index))
    return (result[0], result[1]), place


def _paint(draft: Draft, front: Front, landmarks: Array) -> None:
    skin = draft.vertices_of(*_FACE_SKIN)
    warp = paint_warp(landmarks, draft.points.astype(np.float64), skin)
    draft.uv[skin] = painted_plane(draft.points[skin].astype(np.float64), warp, front, landmarks)
    teeth = draft.vertices_of(Part.TEETH_UPPER, Part.TEETH_LOWER)
    draft.uv[teeth] = 1.0


def _padded(stretch: list[Array], vertices: int) -> Floats:
    """Sum of both eyes' stretches (k, n), with nothing for vertices that came later."""
    total = np.zeros((len(stretch[0]), vertices), np.float32)
    for part in stretch:
        total[:, : part.shape[1]] += part
    return total


def _finished(head: MorphHead, draft: Draft, eyes: tuple[Eye, Eye], stretch: Floats) -> Rig:
    shown = np.ones(len(NAMES), bool)
    largest = np.abs(draft.shapes).max(axis=(1, 2), initial=0.0)
    for channel in SHAPES:
        looks = channel.name.startswith("EyeLook")
        shown[channel.index] = looks or largest[channel.index] > SMALLEST_MOVE
    shown[[INDEX["LeftEyeRoll"], INDEX["RightEyeRoll"]]] = False
    radius = float(np.linalg.norm(draft.points[eyes[0].pole] - draft.points[eyes[0].centre]))
    corrective = _close_against_jaw(draft)
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
        hair_names=(),
        hair=np.zeros((0, 0, 3), np.float32),
        hair_start=0,
        hair_edge=np.zeros(0, np.int32),
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
    )


def _close_against_jaw(draft: Draft) -> Floats:
    """Splits a MouthClose that undoes JawOpen; returns what is to act with the smaller of both, (1, n, 3), or (0, n, 3).

    ARKit's mouthClose shuts the lips of an open jaw; alone and at its whole length it would pull the lips over the nose.
    """
    jaw, close = (draft.shapes[INDEX[name]] for name in ("JawOpen", "MouthClose"))
    size = np.linalg.norm(close, axis=1)
    lips = size > 0.5 * max(float(size.max()), 1e-6)
    undoes = -float((jaw[lips] * close[lips]).sum()) / max(float((jaw[lips] ** 2).sum()), 1e-9)
    if undoes < CLOSE_UNDOES_JAW:
        return draft.shapes[:0]
    corrective = (1 - CLOSE_ALONE) * close[None]
    draft.shapes[INDEX["MouthClose"]] = CLOSE_ALONE * close
    return corrective.astype(np.float32)


def _half_deltas(dense: Floats) -> Deltas:
    if not len(dense):
        return Deltas(np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    exact = Deltas.from_dense(dense, NOISE)
    return Deltas(exact.starts, exact.vertices, _half(exact.offsets))


def _half(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)
