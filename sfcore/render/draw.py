"""Draws scenes: a renderer is set up once for a rig and reused for thousands of pictures."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.render import albedo
from sfcore.render.backdrop import paint_background
from sfcore.render.coverage import HAIR_ENDS, rasterise_clear
from sfcore.render.drawing import finish
from sfcore.render.fitting import Anatomy
from sfcore.render.kernel import NOTHING, TILE, farthest, place, place_parallel, rasterise, vertex_normals
from sfcore.render.lighting import CELL, shadow_bounds
from sfcore.render.look import ATTRIBUTES, NORMAL, OCCLUSION, UV, Look
from sfcore.render.occlusion import ambient_occlusion, parallel_frame
from sfcore.render.pictures import cover_of_triangles, mean_light, pack
from sfcore.render.scene import Scene
from sfcore.render.sensor import develop
from sfcore.render.shading import BACK_OF_HEAD, SCRATCH, shade
from sfcore.render.texture import grain
from sfcore.render.traits import Traits
from sfcore.render.wearing import Worn, worn_by
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Rig, checked_coefficients, head_rotation

Floats = NDArray[np.float32]

_TWO_SIDED = (Part.HAIR, Part.LASHES, Part.BROW, Part.SHIRT, Part.EAR, Part.CAVITY)
_INSIDE = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE, Part.CAVITY)
_BEHIND = (*_INSIDE, Part.EYE_LEFT, Part.EYE_RIGHT)
"""What lips and lids mostly hide: it is drawn after them, and left out where they hide it."""
_PEOPLE_KEPT = 64
SHADOW_TEXELS = 192
_LID_OF_AN_OPEN_EYE = np.array([0.34, 0.0, -0.3])
"""Elevation over azimuth of the embedded head's upper lid at rest, for rigs that do not name theirs."""
# The gaze gain of the ball for whose radius irises are painted: 1.2 cm in life over 1.5 cm.
_PAINTED_BALL = 0.8
_FINE = albedo.PER_CM / 2
"""Pixels per centimetre from which the masks of the skin are interpolated."""
_NO_TILES = np.zeros((0, 0), np.float32)


class Renderer:
    """Draws scenes of one rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        parts = rig.parts
        cover = cover_of_triangles(rig.textures, rig.triangles)
        clear = (cover < 1.0) | _painted_clear(rig)
        casts = (cover >= 0.5) & (parts != Part.LASHES)
        # Drawn in this order: what is in front, what it mostly hides, what is clear; of the clear, first what throws a shadow.
        rank = np.where(clear, np.where(casts, 1, 3), np.where(np.isin(parts, _BEHIND), 2, 0))
        order = np.argsort(rank, kind="stable")
        self._ends = tuple(int(n) for n in np.searchsorted(rank[order], [0, 1, 2, 3], side="right"))
        self._triangles = np.ascontiguousarray(rig.triangles[order])
        self._parts = np.ascontiguousarray(parts[order])
        self._two_sided = np.isin(self._parts, _TWO_SIDED) | clear[order]
        self._kinds = self._parts + np.where(_faces_back(rig)[order], BACK_OF_HEAD, 0).astype(np.uint8)
        self._pictures = pack(rig.textures, len(rig.neutral), order)
        self._skin_of_pictures = mean_light(rig.textures, rig.triangles, parts == Part.SKIN)
        self._hair_of_pictures = mean_light(rig.textures, rig.triangles, parts == Part.HAIR)
        self._atlas = albedo.masks()
        self._anatomy = Anatomy.of(rig)
        n = len(rig.neutral)
        self._points, self._table = np.zeros((n, 3), np.float32), np.zeros((n, ATTRIBUTES), np.float32)
        self._screen, self._lamp = np.zeros((n, 4), np.float32), np.zeros((n, 4), np.float32)
        self._table[:, UV : UV + 2] = rig.uv
        self._screen[:, OCCLUSION] = ambient_occlusion(rig)
        self._scratch = np.zeros((4, SCRATCH), np.float32)
        self._people: OrderedDict[tuple[float, ...], tuple[Floats, Floats]] = OrderedDict()

    def warm_up(self) -> None:
        """Compiles the kernels, or loads them from numba's cache, by drawing one small picture."""
        from sfcore.recipe import Faces
        from sfcore.render.scene import draw_scene

        for share in (0.0, 1.0):
            faces = Faces(size=32, cartoon_share=share, glasses_share=1.0, motion_blur_share=1.0, backgrounds={"foliage": 1.0})
            self.draw(draw_scene("warm up", self.rig, "warm up", np.zeros(len(NAMES), np.float32), faces))

    def draw(self, scene: Scene) -> NDArray[np.uint8]:
        """The picture of a scene, (size, size, 3) uint8 sRGB: the same scene gives the same bytes."""
        return develop(self._finished(scene, needs_parts=False)[0], scene.sensor)

    def draw_with_triangles(self, scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
        """The picture, and of each sample of the doubled grid (2 size, 2 size) the triangle of the head behind it, or -1, as a
        row of `drawn_triangles`, and the part that it shows: what is worn or held is a part without a triangle of the head."""
        light, visible, shown = self._finished(scene, needs_parts=True)
        return develop(light, scene.sensor), visible, shown

    @property
    def drawn_triangles(self) -> NDArray[np.int32]:
        """The rig's triangles (m, 3) in the order in which they are drawn."""
        return self._triangles

    def draw_light(self, scene: Scene) -> tuple[Floats, NDArray[np.int32]]:
        """Linear light (size, size, 3) before the sensor, and the part each sample of the doubled grid shows (2 size, 2 size)."""
        light, _, shown = self._finished(scene, needs_parts=True)
        return light, shown

    def _finished(self, scene: Scene, needs_parts: bool) -> tuple[Floats, NDArray[np.int32], NDArray[np.int32]]:
        """Linear light, triangles and parts; without ``needs_parts`` the parts are not made where nothing asks for them."""
        light, visible, nearest, worn = self._shaded(scene)
        shown = visible
        if needs_parts or worn or scene.style.finished:
            shown = self._parts_of(visible)
        if worn:
            worn.paint(scene.camera, scene.light, scene.style.drawn, light, shown, nearest)
        if scene.style.finished:
            finish(light, shown, nearest, scene.style)
        return light, visible, shown

    def _parts_of(self, visible: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.where(visible >= 0, self._parts[np.maximum(visible, 0)], int(Part.BACKGROUND)).astype(np.int32)

    def _shaded(self, scene: Scene) -> tuple[Floats, NDArray[np.int32], Floats, Worn | None]:
        """Linear light (size, size, 3), triangle and inverse depth of each sample of the doubled grid, what is worn."""
        if scene.rig_digest != self.rig.digest:
            raise WrongUse(
                f"this scene was made for rig '{scene.rig}' ({scene.rig_digest[:8]}), not for the '{self.rig.name}' loaded here."
            )
        rig = self.rig
        base, stretch = self._person(scene.traits)
        posed = rig.express(base, stretch, scene.coefficients)
        head = head_rotation(checked_coefficients(scene.coefficients))
        view = scene.camera.view_of(2 * scene.size)
        place(posed, head, np.array(rig.pivot, np.float32), rig.head_share, view, self._points, self._table, self._screen)
        vertex_normals(self._points, self._triangles, self._table, NORMAL)
        visible, nearest = self._seen(2 * scene.size, scene.style.drawn)
        worn = worn_by(self._anatomy, base, head, scene.glasses, scene.headwear, scene.occluder)
        look = self._look(scene, head, posed, worn)
        light = paint_background(scene.background, scene.size)
        mesh = self._triangles, self._kinds, self._screen, self._table, self._pictures
        shade(visible, nearest, *mesh, self._atlas, look, self._scratch, light)
        return light, visible, nearest, worn

    def _seen(self, samples: int, drawing: bool) -> tuple[NDArray[np.int32], Floats]:
        """Triangle and inverse depth of each sample; a ``drawing`` has solid hair and lashes."""
        visible, nearest = np.full((samples, samples), NOTHING, np.int32), np.zeros((samples, samples), np.float32)
        tiles = np.empty((-(-samples // TILE), -(-samples // TILE)), np.float32)
        front, casting, behind, end = self._ends
        mesh = self._screen, self._triangles, self._two_sided
        rasterise(*mesh, 0, front, _NO_TILES, visible, nearest)
        farthest(nearest, tiles)
        rasterise(*mesh, casting, behind, tiles, visible, nearest)
        for first, last in ((front, casting), (behind, end)):
            if drawing and self.rig.textures is None:
                rasterise(*mesh, first, last, tiles, visible, nearest)
            else:
                surface = self._parts, self._table, self._pictures, grain()
                rasterise_clear(*mesh, *surface, first, last, self._scratch[0], visible, nearest)
        return visible, nearest

    def _person(self, traits: Traits) -> tuple[Floats, Floats]:
        key = (*traits.modes, float(traits.hair))
        if key not in self._people:
            self._people[key] = self.rig.person(np.array(traits.modes, np.float32), traits.hair)
            if len(self._people) > _PEOPLE_KEPT:
                self._people.popitem(last=False)
        self._people.move_to_end(key)
        return self._people[key]

    def _look(self, scene: Scene, head: Floats, posed: Floats, worn: Worn | None) -> Look:
        rig, traits, light, style = self.rig, scene.traits, scene.light, scene.style
        values = np.nan_to_num(scene.coefficients, nan=0.0)
        axes, frame, shadow, bounds = self._shadow(np.array(light.key_direction), worn)
        camera = scene.camera
        hair = rig.hair_names[traits.hair] if rig.hair_names else ""

        def vector(values: object) -> Floats:
            return np.ascontiguousarray(values, np.float32)

        return Look(
            viewer=vector([camera.centre_x, camera.centre_y, camera.distance]),
            key_direction=vector(light.key_direction),
            key=vector(light.key),
            environment=vector(light.environment),
            shadow_axes=axes,
            shadow_map=shadow,
            shadow_frame=frame,
            shadow_bounds=bounds,
            grain=grain(),
            head=head,
            eye_centres=self._points[[eye.centre for eye in rig.eyes]],
            eye_axes=vector(rig.gaze(scene.coefficients) @ head.T),
            lid_shade=_lid_shade(rig, posed),
            skin_tint=_tint(vector(traits.skin), self._skin_of_pictures, 0.6),
            hair_tint=_tint(vector(traits.hair_colour), self._hair_of_pictures, 0.5),
            skin=vector(traits.skin),
            lips=vector(traits.lips),
            iris=vector(traits.iris),
            hair=vector(traits.hair_colour),
            brow=vector(traits.brow_colour),
            shirt=vector(traits.shirt),
            blush=np.float32(traits.blush),
            freckles=np.float32(traits.freckles),
            beard=vector([traits.beard.moustache, traits.beard.chin, traits.beard.cheeks]),
            make_up=vector([*traits.make_up.shadow, traits.make_up.lids, traits.make_up.liner]),
            wrinkles=np.float32(traits.wrinkles),
            # An iris is as wide on every ball: what narrows the gaze of balls larger than life narrows its angle too.
            iris_size=np.float32(traits.iris_size * rig.gaze_gain / _PAINTED_BALL),
            brow_thickness=np.float32(traits.brow_thickness),
            brow_arch=np.float32(traits.brow_arch),
            brow_tilt=np.float32(traits.brow_tilt),
            fine=np.float32(camera.focal(scene.size) > _FINE * camera.distance),
            cartoon=np.float32(style.drawn),
            cel=vector([style.depth, style.softness, style.tones - 2]),
            shaved=np.float32(hair == "buzz"),
            strand_slant=np.float32(0.12 * np.sin(2.0 * traits.hair)),
            hairline=_hairline(rig, traits.hair),
            folds=_folds(values[: len(SHAPES)], traits.wrinkles * (0.0 if style.drawn else 1.0)),
        )

    def _shadow(self, direction: NDArray, worn: Worn | None) -> tuple[Floats, Floats, Floats, Floats]:
        """What the key light sees: its axes, the frame of its map, the map and the bounds of the map's cells."""
        axes, frame = parallel_frame(direction, SHADOW_TEXELS)
        place_parallel(self._points, axes, frame, SHADOW_TEXELS, self._lamp)
        visible = np.empty((SHADOW_TEXELS, SHADOW_TEXELS), np.int32)
        nearest = np.full((SHADOW_TEXELS, SHADOW_TEXELS), -np.inf, np.float32)
        bounds = np.empty((SHADOW_TEXELS // CELL, SHADOW_TEXELS // CELL, 2), np.float32)
        rasterise(self._lamp, self._triangles, self._two_sided, 0, self._ends[1], _NO_TILES, visible, nearest)
        if worn:
            worn.shade(axes, frame, nearest)
        shadow_bounds(nearest, bounds)
        return axes, frame, nearest, bounds


def _painted_clear(rig: Rig) -> NDArray[np.bool_]:
    """Triangles (m,) without a picture that are drawn strand by strand: lashes, and hair where it ends."""
    painted = np.ones(len(rig.parts), bool) if rig.textures is None else rig.textures.of_triangle < 0
    ends = rig.uv[rig.triangles, 1].max(axis=1) > HAIR_ENDS
    clear: NDArray[np.bool_] = painted & ((rig.parts == Part.LASHES) | ((rig.parts == Part.HAIR) & ends))
    return clear


def _faces_back(rig: Rig) -> NDArray[np.bool_]:
    """Triangles (m,) of skin that look away from the front: the painted plane goes through them a second time."""
    a, b, c = (rig.neutral[rig.triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    away = normal[:, 2] < -0.1 * np.linalg.norm(normal, axis=1)
    behind = (a + b + c)[:, 2] / 3 < rig.pivot[2]
    result: NDArray[np.bool_] = away & behind & (rig.parts == Part.SKIN)
    return result


def _tint(wanted: Floats, there: Floats, strength: float) -> Floats:
    """What a picture's colour is multiplied by to come part of the way (``strength`` in 0..1, in stops) to the ``wanted``."""
    return np.clip((wanted / there) ** np.float32(strength), 0.3, 2.2).astype(np.float32)


def _hairline(rig: Rig, hair: int) -> Floats:
    """Height of the front edge of a hair style (20,) at each half centimetre from the midline; hair that stands off has none."""
    line = np.full(20, 99.0, np.float32)
    if not len(rig.hair):
        return line
    edge = rig.hair[hair][rig.hair_edge]
    front = edge[(edge[:, 2] > 0) & (edge[:, 0] >= 0)]
    order = np.argsort(front[:, 0])
    grows = len(front) > 1 and 5.5 < float(front[order[0], 1]) < 10
    if grows:
        at = np.arange(20) * 0.5
        here = at <= float(front[:, 0].max())
        line[here] = np.interp(at, front[order, 0], front[order, 1])[here]
    return line


def _lid_shade(rig: Rig, posed: Floats) -> Floats:
    """Fits each upper lid's elevation over azimuth, seen from the eye's centre, with a parabola (2, 3)."""
    curves = []
    for eye in rig.eyes:
        if len(eye.upper) < 3:
            curves.append(_LID_OF_AN_OPEN_EYE)
            continue
        ray = posed[eye.upper] - posed[eye.centre]
        azimuth = np.arctan2(ray[:, 0], ray[:, 2])
        elevation = np.arcsin(ray[:, 1] / np.linalg.norm(ray, axis=1))
        design = np.stack([np.ones_like(azimuth), azimuth, azimuth**2], -1)
        curves.append(np.linalg.solve(design.T @ design + 1e-6 * np.eye(3), design.T @ elevation))
    return np.array(curves, np.float32)


def _folds(shapes: Floats, age: float) -> Floats:
    """Strength 0..1 of the skin's folds: what the face does now on top of what age has left."""

    def value(name: str) -> float:
        return float(shapes[INDEX[name]])

    rest = 0.35 * age
    middle = rest + 0.9 * value("BrowInnerUp")
    outer = [rest + 0.8 * value(f"BrowOuterUp{s}") for s in ("Left", "Right")]
    frown = [0.6 * rest + 0.9 * value(f"BrowDown{s}") for s in ("Left", "Right")]
    crow = [rest + 0.7 * value(f"CheekSquint{s}") + 0.3 * value(f"MouthSmile{s}") for s in ("Left", "Right")]
    nasolabial = [rest + 0.2 + 0.7 * value(f"MouthSmile{s}") + 0.6 * value(f"NoseSneer{s}") for s in ("Left", "Right")]
    bridge = [0.2 * rest + value(f"NoseSneer{s}") for s in ("Left", "Right")]
    dimple = [value(f"MouthDimple{s}") + 0.6 * value(f"MouthPress{s}") + 0.3 * value(f"MouthSmile{s}") for s in ("Left", "Right")]
    folds = [middle, *outer, *frown, *crow, *nasolabial, *bridge, *dimple]
    return np.clip(np.array(folds, np.float32), 0.0, 1.0)
