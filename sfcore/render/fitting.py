"""Fits what is worn or held to one person's head, whatever its rig: meshes in the frame of the head, in centimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.render.props import Glasses, Headwear, Occluder, Rod
from sfcore.render.solids import Floats, Solid, ball, fan, limb, sheet, tube
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Rig

FRAME, GLASS, CLOTH, TRIM, PAD, SKIN = range(6)
"""Rows of the table of materials."""
_SEARCHED = 2500
_CLEAR = 0.55
"""How far (cm) headwear stands off the scalp, where hair is pressed beneath it."""
_SURFACE = (Part.SKIN, Part.LIPS, Part.LID_EDGE, Part.EAR, Part.LASHES)


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Which vertices of a rig are surface, ears and hair: found once for a rig."""

    surface: NDArray[np.int64]
    ears: NDArray[np.int64]
    hair: NDArray[np.int64]
    rig: Rig

    @staticmethod
    def of(rig: Rig) -> Anatomy:
        """Reads the parts of a rig's triangles."""

        def vertices(*parts: Part) -> NDArray[np.int64]:
            return np.unique(rig.triangles[np.isin(rig.parts, parts)])

        head = np.flatnonzero(rig.head_share > 0.9)
        surface = np.intersect1d(vertices(*_SURFACE), head)
        return Anatomy(surface, np.intersect1d(vertices(Part.EAR), head), np.intersect1d(vertices(Part.HAIR), head), rig)


@dataclass(frozen=True, eq=False)
class Head:
    """What fitting asks of one person's head; points are in cm, ``unit`` is the distance from the eyes' line to the chin."""

    surface: Floats
    front: Floats
    """Points of the surface before the eyes' middles, few enough to be searched often."""
    ears: Floats
    hull: Floats
    eyes: NDArray
    """(2, 3) centres of the left and the right eyeball."""
    pole: float
    """z of the front of the eyeballs."""
    eye_half: float
    """Half the width of the opening between the lids."""
    unit: float

    @staticmethod
    def of(anatomy: Anatomy, points: Floats) -> Head:
        """Measures the head with vertices ``points`` (n, 3), not turned."""
        eyes = anatomy.rig.eyes
        surface = points[anatomy.surface]
        widths = [np.ptp(points[np.concatenate([e.upper, e.lower])][:, 0]) for e in eyes if len(e.upper)]
        centres = np.array([points[e.centre] for e in eyes], float)
        middle, line = centres.mean(axis=0), float(centres[:, 1].mean())
        front = surface[(np.abs(surface[:, 0]) < 1.5) & (surface[:, 2] > middle[2] - 1.0)]
        before = surface[surface[:, 2] > middle[2] - 1.0]
        chin = float(front[:, 1].min()) if len(front) else line - 11.0
        crown = float(surface[:, 1].max()) - line
        return Head(
            surface=surface,
            front=before[:: max(1, len(before) // _SEARCHED)],
            ears=points[anatomy.ears],
            hull=np.concatenate([surface, points[anatomy.hair]]),
            eyes=centres,
            pole=float(np.mean([points[e.pole][2] for e in eyes])),
            eye_half=0.5 * float(np.mean(widths)) if widths else 1.5,
            unit=float(np.clip(line - chin, 0.75 * crown, 1.4 * crown)),
        )

    def depth_at(self, x: float, y: float, reach: float) -> float:
        """z of the foremost surface within ``reach`` of a place of the frontal plane; -inf where there is none."""
        near = (np.abs(self.front[:, 0] - x) < reach) & (np.abs(self.front[:, 1] - y) < reach)
        return float(self.front[near, 2].max()) if near.any() else -np.inf

    def half_width(self, y: float, z: float) -> float:
        """Largest \\|x\\| of the surface about a height and depth; 0 where there is none."""
        near = (np.abs(self.surface[:, 1] - y) < 0.8) & (np.abs(self.surface[:, 2] - z) < 0.8)
        return float(np.abs(self.surface[near, 0]).max()) if near.any() else 0.0


def _rim(shape: str, width: float, height: float) -> NDArray:
    """(32, 2) outline of the subject's left lens about its middle, from its outer side upwards."""
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    power = {"rectangle": 4.0, "square": 3.4, "browline": 3.0, "rimless": 3.2, "cat": 2.8}.get(shape, 2.0)
    c, s = np.cos(turn), np.sin(turn)
    size = (np.abs(c) ** power + np.abs(s) ** power) ** (-1 / power)
    u, v = c * size, s * size
    if shape == "cat":
        v = v + 0.35 * np.clip(u, 0, 1) ** 2 * (v > -0.2)
    if shape == "aviator":
        u, v = u * (1.0 - 0.16 * np.clip(-v, 0, 1)) + 0.1 * np.clip(-v, 0, 1) * -1.0, np.where(v > 0, 0.8 * v, 1.1 * v)
    if shape in ("browline", "square", "rectangle"):
        u = u * (1.0 + 0.06 * v)
    return np.stack([width * u, height * v], -1)


def glasses_on(head: Head, glasses: Glasses) -> list[Solid]:
    """Rims, lenses, bridge and temples, in front of the eyes, held by nose and ears."""
    spread = 0.5 * abs(float(head.eyes[0, 0] - head.eyes[1, 0]))
    middle, level = 0.5 * float(head.eyes[:, 0].sum()), float(head.eyes[:, 1].mean())
    bridge = 0.2 * spread
    width = min(glasses.width * head.eye_half, 1.12 * (spread - bridge))
    height = glasses.height * width / glasses.width
    centre_x, centre_y = max(spread, width + bridge), level - 0.12 * height
    radius = glasses.thickness * head.eye_half
    outline = _rim(glasses.shape, width, height)
    lids = max(head.depth_at(side * spread + middle, level, 0.6 * head.eye_half) for side in (-1, 1))
    brow = max(head.depth_at(side * (spread + 0.4 * width) + middle, centre_y + height, 0.5) for side in (-1, 1))
    cheek = max(head.depth_at(side * (spread + 0.3 * width) + middle, centre_y - height, 0.4) for side in (-1, 1))
    plane = max(head.pole + 0.75, lids + 0.35, brow + 0.2)
    plane = max(plane, min(cheek + 0.1, plane + 1.0))
    flatness = 0.012 * 36.0 / (centre_x + width) ** 2
    solids = []
    for side in (1.0, -1.0):
        x, y = centre_x + outline[:, 0], centre_y + outline[:, 1]
        ring = np.stack([middle + side * x, y, plane - flatness * x**2], -1)
        place = np.stack([side * outline[:, 0] / width, outline[:, 1] / height], -1)
        if glasses.shape == "browline":
            top = outline[:, 1] > 0.25 * height
            solids.append(tube(ring, np.where(top, 1.25, 0.3) * radius, FRAME, closed=True))
        elif glasses.shape != "rimless":
            solids.append(tube(ring, radius, FRAME, closed=True))
        solids.append(fan(ring - [0.0, 0.0, 0.02], ring.mean(axis=0), GLASS, place))
        solids += _temple(head, middle, side, centre_x + width, centre_y + 0.4 * height, ring[:, 2].min(), radius)
    across = np.linspace(-1, 1, 9)
    inner = max(centre_x - width, 0.1)
    raised = centre_y + 0.3 * height + 0.22 * height * (1 - across**2)
    nose = head.depth_at(middle, centre_y + 0.45 * height, 0.4) + 0.12 + radius
    depth = plane - 0.05 + max(nose - plane, 0.05) * (1 - across**2)
    solids.append(tube(np.stack([middle + 1.06 * inner * across, raised, depth], -1), 0.9 * radius, FRAME))
    return solids


def _temple(head: Head, middle: float, side: float, hinge_x: float, y: float, z: float, radius: float) -> list[Solid]:
    """The arm from the outer rim along the temple to the ear."""
    ears = head.ears[head.ears[:, 0] * side > 0] if len(head.ears) else head.ears
    if len(ears):
        top = ears[np.argmax(ears[:, 1])]
        ear_x, ear_y, ear_z = abs(float(top[0]) - middle) - 0.25, float(top[1]) - 0.5, float(top[2])
    else:
        wide = head.surface[np.argmax(np.abs(head.surface[:, 0]) - 5.0 * np.abs(head.surface[:, 1] - y))]
        ear_x, ear_y, ear_z = abs(float(wide[0])), y - 0.3, float(wide[2])
    share = np.linspace(0, 1, 8)
    depths = z - 0.15 + (ear_z - z + 0.15) * share
    heights = y + (ear_y - y) * share**1.5
    straight = hinge_x + 0.12 + (ear_x - hinge_x - 0.12) * share
    skin = np.array([head.half_width(h, d) for h, d in zip(heights, depths, strict=True)])
    skin[share > 0.85] = 0.0
    path = np.stack([middle + side * np.maximum(straight, skin + 0.1), heights, depths], -1)
    hinge = np.array([[middle + side * (hinge_x - 0.05), y, z + 0.05]])
    bend = path[-1:] + np.array([[0.0, -0.8, -1.2]])
    return [tube(np.concatenate([hinge, path, bend]), max(radius, 0.07), FRAME, sides=5, flat=0.7)]


def _ring(head: Head, heights: NDArray, columns: int = 28) -> NDArray:
    """Places (columns, 3) around the vertical axis, a little outside of the head at a height (columns,) each."""
    origin = np.array([0.0, 0.0, float(np.median(head.surface[head.surface[:, 1] > 0, 2]))])
    turn = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    radius = _outermost(head.surface, origin, heights)
    if (radius > 0).mean() < 0.7:
        # Some heads have no scalp beneath their hair.
        radius = _outermost(head.hull, origin, heights)
    known = radius > 0
    if known.any():
        radius = np.interp(np.arange(columns), np.flatnonzero(known), radius[known], period=columns)
    radius = np.maximum(radius, 0.5 * (np.roll(radius, 1) + np.roll(radius, -1)))
    radius = 0.5 * radius + 0.25 * (np.roll(radius, 1) + np.roll(radius, -1)) + _CLEAR
    return origin + np.stack([radius * np.sin(turn), heights, radius * np.cos(turn)], -1)


def _outermost(points: Floats, origin: NDArray, heights: NDArray) -> NDArray:
    """Largest distance (columns,) of points from the vertical axis through ``origin``, about a height each; 0: none there."""
    columns = len(heights)
    around = np.arctan2(points[:, 0], points[:, 2] - origin[2]) % (2 * np.pi)
    column = np.round(around / (2 * np.pi / columns)).astype(int) % columns
    near = np.abs(points[:, 1] - heights[column]) < 0.8
    radius = np.zeros(columns)
    np.maximum.at(radius, column[near], np.hypot(points[near, 0], points[near, 2] - origin[2]))
    return radius


def _dome(head: Head, edge: NDArray, crown: float) -> NDArray:
    """Rows of places from an edge (columns, 3) over the head to the crown: upright at the edge, round above."""
    top = crown + 0.7
    middle = edge.mean(axis=0)[[0, 2]]
    higher = _ring(head, edge[:, 1] + 0.3 * (top - edge[:, 1]))
    reach = np.maximum(*(np.linalg.norm(ring[:, [0, 2]] - middle, axis=1) for ring in (edge, higher)))
    reach *= 1.0 / np.linalg.norm(edge[:, [0, 2]] - middle, axis=1)
    rows = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.75, 0.87, 0.95, 0.99, 1.0):
        # From the edge's own width to that of the head above it.
        wide = 1.0 + (reach[:, None] - 1.0) * min(share / 0.3, 1.0)
        flat = middle + (edge[:, [0, 2]] - middle) * wide * (1 - share**2.6) ** 0.5
        rows.append(np.stack([flat[:, 0], edge[:, 1] + (top - edge[:, 1]) * share, flat[:, 1]], -1))
    return np.array(rows)


def headwear_on(head: Head, wear: Headwear) -> list[Solid]:
    """Cap, beanie, headband or headset around head and hair."""
    if wear.kind == "headset":
        return _headset(head, wear)
    line = float(head.eyes[:, 1].mean())
    crown = min(float(head.hull[:, 1].max()), float(head.surface[:, 1].max()) + 1.2)
    top = float(head.surface[:, 1].max()) - line
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    # The edge lies higher in front than behind.
    front = line + (0.42 + 0.14 * wear.height) * top
    edge_y = front - (1 - np.cos(turn)) * 0.16 * top
    edge = _ring(head, edge_y)
    if wear.kind == "headband":
        band = np.array([edge, _ring(head, edge_y + 0.09 * top), _ring(head, edge_y + 0.17 * top)])
        band[1, :, [0, 2]] *= 1.02
        return [sheet(band * [1.02, 1.0, 1.02], CLOTH, closed=True)]
    solids = [sheet(_dome(head, edge, crown), CLOTH, closed=True)]
    if wear.kind == "beanie":
        rim = np.concatenate([edge, edge[:1]]) * [1.04, 1.0, 1.04]
        solids.append(tube(rim[:-1], 0.09 * top, TRIM, closed=True, flat=0.45))
        return solids
    return [*solids, _brim(edge, top)]


def _brim(edge: NDArray, top: float) -> Solid:
    """The peak of a cap, forward and a little down from the front of its edge."""
    angles = np.linspace(-1.0, 1.0, 13)
    turn = np.linspace(0, 2 * np.pi, len(edge), endpoint=False)

    def along(column: int) -> NDArray:
        return np.interp(angles % (2 * np.pi), turn, edge[:, column], period=2 * np.pi)

    root = np.stack([1.04 * along(0), along(1), 1.04 * along(2)], -1)
    reach = 0.5 * top * np.cos(angles * 1.35)[:, None]
    rows = [root + reach * share * np.array([0.0, -0.16 * share, 1.0]) for share in (0.0, 0.5, 1.0)]
    return sheet(np.array(rows), TRIM)


def _headset(head: Head, wear: Headwear) -> list[Solid]:
    """Two cups over the ears, an arc over the crown, and a microphone on a boom beside the mouth."""
    line = float(head.eyes[:, 1].mean())
    if len(head.ears):
        ear = np.abs(head.ears).max(axis=0)[0] - 0.5, float(head.ears[:, 1].mean()), float(head.ears[:, 2].mean())
    else:
        ear = float(np.abs(head.surface[:, 0]).max()), line - 1.5, float(np.median(head.surface[:, 2]))
    ear_x, ear_y, ear_z = ear
    solids = [ball(np.array([s * (ear_x + 0.45), ear_y, ear_z]), np.array([0.95, 3.1, 2.7]), CLOTH, 8, 14) for s in (-1, 1)]
    turn = np.linspace(-np.pi / 2, np.pi / 2, 17)
    slab = head.hull[np.abs(head.hull[:, 2] - ear_z) < 1.6]
    around = np.arctan2(slab[:, 0], slab[:, 1] - ear_y)
    out = np.hypot(slab[:, 0], slab[:, 1] - ear_y)
    radius = np.array([out[np.abs(around - a) < 0.15].max(initial=ear_x) for a in turn]) + 0.35
    arc = np.stack([radius * np.sin(turn), ear_y + radius * np.cos(turn), np.full(17, ear_z)], -1)
    solids.append(tube(arc, 0.5, TRIM, flat=1.6))
    side = wear.side
    mouth_y = line - 0.68 * head.unit
    front = head.depth_at(side * 2.6, mouth_y, 1.2)
    tip = np.array([side * 2.9, mouth_y - 0.2, max(front, head.pole - 2.0) + 0.9])
    start = np.array([side * (ear_x + 0.9), ear_y - 1.5, ear_z + 0.5])
    bend = np.array([side * (ear_x + 0.6), tip[1] - 0.3, tip[2] - 3.0])
    t = np.linspace(0, 1, 9)[:, None]
    solids.append(tube((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * tip, 0.16, TRIM, sides=5))
    solids.append(ball(tip, np.array([0.75, 0.6, 0.6]), PAD))
    return solids


def occluder_before(head: Head, occluder: Occluder) -> list[Solid]:
    """A hand or a microphone, each rod as far in front as the face beneath it asks."""
    middle, line = float(head.eyes[:, 0].mean()), float(head.eyes[:, 1].mean())
    unit = head.unit
    back = head.pole - 1.5

    def place(x: float, y: float, radius: float, lift: float) -> NDArray:
        px, py = middle + unit * x, line + unit * y
        depth = max(head.depth_at(px, py, 0.9 * unit * radius + 0.3), back)
        return np.array([px, py, depth + unit * (radius + lift) + 0.1])

    solids = []
    for chain in _chains(occluder.rods):
        first = chain[0]
        ends = [(first.x0, first.y0, first.r0, first.lift0), *((rod.x1, rod.y1, rod.r1, rod.lift1) for rod in chain)]
        material = PAD if occluder.kind == "microphone" and first is occluder.rods[0] else SKIN
        path = np.array([place(*end) for end in ends])
        solids.append(limb(path, unit * np.array([end[2] for end in ends]), material))
    return solids


def _chains(rods: tuple[Rod, ...]) -> list[list[Rod]]:
    """Rods that go on where the one before ends, together."""
    chains: list[list[Rod]] = []
    for rod in rods:
        if chains and (chains[-1][-1].x1, chains[-1][-1].y1) == (rod.x0, rod.y0):
            chains[-1].append(rod)
        else:
            chains.append([rod])
    return chains
