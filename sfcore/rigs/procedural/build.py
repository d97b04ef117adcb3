"""Puts the pieces of the embedded head together into one `Rig`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import body, ears, eyes, features, hair, identity, jaw_shapes, mouth, shapes
from sfcore.rigs.procedural.curves import Array, rise
from sfcore.rigs.procedural.piece import Index, Piece, mirrored
from sfcore.rigs.procedural.skin import Skin, build_skin
from sfcore.rigs.rig import Deltas, Eye, Rig

VERSION = 1
PIVOT = (0.0, -5.0, -1.5)
"""The head turns about the top of the neck."""


@dataclass(frozen=True)
class _Placed:
    """A piece and its first vertex in the whole."""

    piece: Piece
    start: int

    @property
    def index(self) -> Index:
        return np.arange(self.start, self.start + len(self.piece.points), dtype=np.int32)


def _skin_piece(skin: Skin) -> Piece:
    n = len(skin.points)
    return Piece(skin.points, skin.triangles, Part.SKIN, np.arange(n, dtype=np.int32), np.ones(n), uv=skin.points[:, :2])


def _with_skin_uv(piece: Piece, skin: Skin) -> Piece:
    """Lid edges and the backs of lips are painted like the skin they follow."""
    return Piece(
        piece.points, piece.triangles, piece.part, piece.follow, piece.share, piece.jaw, piece.head, skin.points[piece.follow, :2]
    )


def _pieces(skin: Skin) -> dict[str, Piece]:
    left = eyes.left_eye(skin)
    right = [mirrored(p, Part.EYE_RIGHT if p.part == Part.EYE_LEFT else p.part, skin.partner) for p in left]
    ear = ears.left_ear()
    upper_lip, upper_bag = mouth.inner_lip(skin, skin.lips_upper, 1.0)
    lower_lip, lower_bag = mouth.inner_lip(skin, skin.lips_lower, -1.0)
    upper_teeth, upper_gums = mouth.teeth(True)
    lower_teeth, lower_gums = mouth.teeth(False)
    names = ("ball", "edge_upper", "edge_lower", "lashes_upper", "lashes_lower")
    pieces = {"skin": _skin_piece(skin)}
    pieces |= {f"{name}_left": piece for name, piece in zip(names, left, strict=True)}
    pieces |= {f"{name}_right": piece for name, piece in zip(names, right, strict=True)}
    pieces |= {
        "lip_upper": _with_skin_uv(upper_lip, skin),
        "lip_lower": _with_skin_uv(lower_lip, skin),
        "bag_upper": upper_bag,
        "bag_lower": lower_bag,
        "teeth_upper": upper_teeth,
        "gums_upper": upper_gums,
        "teeth_lower": lower_teeth,
        "gums_lower": lower_gums,
        "tongue": mouth.tongue(),
        "backstop": mouth.backstop(),
        "ear_left": ear,
        "ear_right": mirrored(ear, Part.EAR, skin.partner),
        "shirt": body.shirt(),
        "hair": hair.hair(hair.style_points()[hair.NAMES.index("short")]),
    }
    return pieces


def _place(pieces: dict[str, Piece]) -> dict[str, _Placed]:
    placed, start = {}, 0
    for name, piece in pieces.items():
        placed[name] = _Placed(piece, start)
        start += len(piece.points)
    return placed


def _all_shapes(placed: dict[str, _Placed], skin: Skin) -> tuple[Array, Array, Index]:
    """Displacements (52, n, 3) of every vertex, those of the correctives (c, n, 3), and the two shapes of each (c, 2)."""
    correctives, names = shapes.skin_correctives(skin)
    on_skin = np.concatenate([shapes.skin_shapes(skin), correctives])
    total = sum(len(p.piece.points) for p in placed.values())
    result = np.zeros((len(on_skin), total, 3))
    for item in placed.values():
        piece = item.piece
        follows = piece.follow >= 0
        result[:, item.index[follows]] = on_skin[:, piece.follow[follows]] * piece.share[follows][:, None]
        _add_jaw(result, item)
    for side in ("Left", "Right"):
        lash = placed[f"lashes_upper_{side.lower()}"]
        long = eyes.lash_lengths(lash.piece)[:, None]
        result[INDEX[f"EyeBlink{side}"], lash.index] += long * [0.0, -1.15, 0.15]
        result[INDEX[f"EyeLookDown{side}"], lash.index] += long * [0.0, -0.6, 0.1]
    tongue = placed["tongue"]
    result[INDEX["TongueOut"], tongue.index] = mouth.tongue(out=True).points - tongue.piece.points
    for name in ("teeth_lower", "gums_lower"):
        result[INDEX["TongueOut"], placed[name].index] += [0.0, -0.45, -0.1]
    pairs = np.array([[INDEX[one], INDEX[other]] for one, other in names], np.int32)
    return result[: len(SHAPES)], result[len(SHAPES) :], pairs


_SLIDES = (
    ("JawForward", jaw_shapes.FORWARD),
    ("JawRight", (-jaw_shapes.SIDEWAYS, 0.0, 0.0)),
    ("JawLeft", (jaw_shapes.SIDEWAYS, 0.0, 0.0)),
)


def _add_jaw(result: Array, item: _Placed) -> None:
    jaw = item.piece.jaw[:, None]
    if not jaw.any():
        return
    result[INDEX["JawOpen"], item.index] = result[INDEX["JawOpen"], item.index] * (1 - jaw) + jaw * jaw_shapes.turned_open(
        item.piece.points
    )
    for name, move in _SLIDES:
        result[INDEX[name], item.index] = result[INDEX[name], item.index] * (1 - jaw) + jaw * np.array(move)


def _all_modes(placed: dict[str, _Placed]) -> tuple[Array, Array]:
    modes, stretch = [], []
    for name in identity.WARPS:
        moved, longer = [], []
        for key, item in placed.items():
            points = item.piece.points
            if key.startswith("ball"):
                moved.append(identity.ball_warp(name, points, points[-1]))
            else:
                moved.append(identity.warp(name, points))
            longer.append(identity.shape_stretch(name, points))
        modes.append(np.concatenate(moved))
        stretch.append(np.concatenate(longer))
    modes.append(_longer_lashes(placed))
    stretch.append(np.zeros_like(stretch[0]))
    return np.stack(modes), np.stack(stretch)


def _longer_lashes(placed: dict[str, _Placed]) -> Array:
    """Displacement that doubles the length of every lash."""
    moved = []
    for key, item in placed.items():
        points = item.piece.points
        if not key.startswith("lashes"):
            moved.append(np.zeros_like(points))
            continue
        root, tip = points.reshape(2, -1, 3)
        moved.append(np.concatenate([np.zeros_like(root), tip - root]))
    return np.concatenate(moved)


def _eye(placed: dict[str, _Placed], skin: Skin, side: str) -> Eye:
    ball = placed[f"ball_{side}"].index
    mirror = (lambda index: skin.partner[index]) if side == "right" else (lambda index: index)
    cx = features.EYE_CENTRE[0] * (1 if side == "left" else -1)
    near = np.hypot(skin.points[:, 0] - cx, skin.points[:, 1]) < 2.0
    lids = np.flatnonzero(near & (skin.points[:, 2] > features.EYE_CENTRE[2]))
    edges = []
    for which in ("upper", "lower"):
        index = placed[f"edge_{which}_{side}"].index.reshape(3, -1)
        edges += [index[0], index[1]]
    riding = features.LID_RADIUS / features.EYE_RADIUS
    clearance = [np.full(len(lids), riding)] + [np.full(len(e), r) for e, r in zip(edges, [riding, 1.008] * 2, strict=True)]
    return Eye(
        centre=int(ball[-1]),
        pole=int(ball[-2]),
        keep_out=np.concatenate([lids, *edges]).astype(np.int32),
        clearance=np.concatenate(clearance).astype(np.float32),
        upper=mirror(skin.lid_upper)[1:-1].astype(np.int32),
        lower=mirror(skin.lid_lower)[1:-1].astype(np.int32),
    )


def _followers(placed: dict[str, _Placed], skin: Skin) -> Index:
    edges = [skin.lips_upper, skin.lips_lower]
    for lid in (skin.lid_upper, skin.lid_lower):
        edges += [lid, skin.partner[lid]]
    edge = np.concatenate(edges)
    pairs = []
    for key, item in placed.items():
        if key == "skin":
            continue
        chosen = np.isin(item.piece.follow, edge) & (item.piece.share > 0.9)
        pairs.append(np.stack([item.index[chosen], item.piece.follow[chosen]], -1))
    return np.concatenate(pairs).astype(np.int32)


def _parts(placed: dict[str, _Placed], skin: Skin) -> NDArray[np.uint8]:
    """Part of each triangle; the skin's triangles within the red of the lips are lips."""
    parts = np.concatenate([np.full(len(item.piece.triangles), item.piece.part, np.uint8) for item in placed.values()])
    corners = skin.points[skin.triangles]
    x, y, z = corners.mean(axis=1).T
    upper, lower = features.lip_borders(x, skin.mouth_half_width)
    lips = (np.abs(x) < skin.mouth_half_width) & (y < upper) & (y > lower) & (z > 0)
    parts[: len(skin.triangles)][lips] = Part.LIPS
    return parts


def _head_share(placed: dict[str, _Placed], skin: Skin) -> Array:
    share = np.concatenate([np.full(len(item.piece.points), item.piece.head) for item in placed.values()])
    share[: len(skin.points)] = rise(-18.5, -12.2, skin.level)
    return share


def build_procedural() -> Rig:
    """Builds the embedded head; takes about a second."""
    skin = build_skin()
    placed = _place(_pieces(skin))
    dense, corrective, pairs = _all_shapes(placed, skin)
    modes, stretch = _all_modes(placed)
    shown = np.ones(len(NAMES), bool)
    # An iris painted with straight fibres looks the same at any roll.
    shown[[INDEX["LeftEyeRoll"], INDEX["RightEyeRoll"]]] = False
    return Rig(
        name="procedural",
        version=VERSION,
        neutral=np.concatenate([item.piece.points for item in placed.values()]).astype(np.float32),
        triangles=np.concatenate([item.piece.triangles + item.start for item in placed.values()]).astype(np.int32),
        parts=_parts(placed, skin),
        uv=np.concatenate([item.piece.uv for item in placed.values()]).astype(np.float32),
        shapes=Deltas.from_dense(dense),
        correctives=Deltas.from_dense(corrective),
        corrective_pairs=pairs,
        mode_names=(*identity.WARPS, "lashes"),
        modes=modes.astype(np.float32),
        stretch=stretch.astype(np.float32),
        hair_names=hair.NAMES,
        hair=hair.style_points().astype(np.float32),
        hair_start=placed["hair"].start,
        hair_edge=np.arange((hair.ROWS - 1) * hair.COLUMNS, hair.ROWS * hair.COLUMNS, dtype=np.int32),
        head_share=_head_share(placed, skin).astype(np.float32),
        pivot=PIVOT,
        eyes=(_eye(placed, skin, "left"), _eye(placed, skin, "right")),
        lips=np.stack([skin.lips_upper[1:-1], skin.lips_lower[1:-1]], -1).astype(np.int32),
        followers=_followers(placed, skin),
        channels_shown=shown,
        gaze_gain=features.EYE_RADIUS_IN_LIFE / features.EYE_RADIUS,
    )
