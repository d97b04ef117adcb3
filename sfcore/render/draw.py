"""Draws scenes: a renderer is set up once for a rig and reused for thousands of pictures."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.render import albedo
from sfcore.render.backdrop import paint_background
from sfcore.render.drawing import finish
from sfcore.render.fitting import Anatomy
from sfcore.render.kernel import rasterise, vertex_normals
from sfcore.render.look import ATTRIBUTES, DEPTH, NORMAL, OCCLUSION, POSITION, UV, Look
from sfcore.render.occlusion import ambient_occlusion, parallel_view
from sfcore.render.scene import Scene
from sfcore.render.sensor import develop
from sfcore.render.shading import shade
from sfcore.render.traits import Traits
from sfcore.render.wearing import Worn, worn_by
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Rig, head_rotation

Floats = NDArray[np.float32]

_TWO_SIDED = (Part.HAIR, Part.LASHES, Part.SHIRT, Part.EAR, Part.CAVITY)
_INSIDE = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE, Part.CAVITY)
_PEOPLE_KEPT = 64
SHADOW_TEXELS = 192


class Renderer:
    """Draws scenes of one rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._two_sided = np.isin(rig.parts, _TWO_SIDED)
        self._inside = np.isin(rig.parts, _INSIDE)
        self._draw_all = np.zeros(len(rig.triangles), bool)
        self._atlas = albedo.masks()
        self._anatomy = Anatomy.of(rig)
        self._occlusion = ambient_occlusion(rig)
        self._people: OrderedDict[tuple[float, ...], tuple[Floats, Floats]] = OrderedDict()

    def warm_up(self) -> None:
        """Compiles the kernels, or loads them from numba's cache, by drawing one small picture."""
        from sfcore.recipe import Faces
        from sfcore.render.scene import draw_scene

        for share in (0.0, 1.0):
            self.draw(
                draw_scene("warm up", self.rig, "warm up", np.zeros(len(NAMES), np.float32), Faces(size=32, cartoon_share=share))
            )

    def draw(self, scene: Scene) -> NDArray[np.uint8]:
        """The picture of a scene, (size, size, 3) uint8 sRGB: the same scene gives the same bytes."""
        light, _ = self.draw_light(scene)
        return develop(light, scene.sensor)

    def draw_light(self, scene: Scene) -> tuple[Floats, NDArray[np.int32]]:
        """Linear light (size, size, 3) before the sensor, and the part each sample of the doubled grid shows (2 size, 2 size)."""
        if scene.rig_digest != self.rig.digest:
            raise WrongUse(
                f"this scene was made for rig '{scene.rig}' ({scene.rig_digest[:8]}), not for the '{self.rig.name}' loaded here."
            )
        rig, size = self.rig, scene.size
        base, stretch = self._person(scene.traits)
        posed = rig.express(base, stretch, scene.coefficients)
        points = rig.turn(posed, scene.coefficients)
        normals = np.empty_like(points)
        vertex_normals(points, rig.triangles, normals)

        xy, inverse = scene.camera.project(points, 2 * size)
        visible, nearest = np.empty((2 * size, 2 * size), np.int32), np.empty((2 * size, 2 * size), np.float32)
        rasterise(xy, inverse, rig.triangles, self._two_sided, self._draw_all, visible, nearest)

        rotation = head_rotation(np.nan_to_num(scene.coefficients, nan=0.0))
        worn = worn_by(self._anatomy, base, rotation, scene.glasses, scene.headwear, scene.occluder)
        look = self._look(scene, posed, points, worn)
        picture = np.empty((size, size, 3), np.float32)
        table = self._table(points, normals, inverse)
        backdrop = paint_background(scene.background, size)
        shade(visible, nearest, rig.triangles, rig.parts, xy, table, self._atlas, look, backdrop, picture)
        shown = np.where(visible >= 0, rig.parts[np.maximum(visible, 0)], int(Part.BACKGROUND)).astype(np.int32)
        if worn:
            worn.paint(scene.camera, scene.light, scene.style.drawn, picture, shown, nearest)
        finish(picture, shown, nearest, scene.style)
        return picture, shown

    def _person(self, traits: Traits) -> tuple[Floats, Floats]:
        key = (*traits.modes, float(traits.hair))
        if key not in self._people:
            self._people[key] = self.rig.person(np.array(traits.modes, np.float32), traits.hair)
            if len(self._people) > _PEOPLE_KEPT:
                self._people.popitem(last=False)
        self._people.move_to_end(key)
        return self._people[key]

    def _table(self, points: Floats, normals: Floats, inverse: Floats) -> Floats:
        table = np.empty((len(points), ATTRIBUTES), np.float32)
        table[:, POSITION : POSITION + 3] = points
        table[:, NORMAL : NORMAL + 3] = normals
        table[:, UV : UV + 2] = self.rig.uv
        table[:, OCCLUSION] = self._occlusion
        table[:, DEPTH] = inverse
        return table

    def _look(self, scene: Scene, posed: Floats, points: Floats, worn: Worn | None) -> Look:
        rig, traits, light = self.rig, scene.traits, scene.light
        values = np.nan_to_num(scene.coefficients, nan=0.0)
        head = head_rotation(values)
        axes, frame, shadow = self._shadow(np.array(light.key_direction), points)
        if worn:
            worn.shade(axes, frame, shadow)
        camera = scene.camera
        style = rig.hair_names[traits.hair] if rig.hair_names else ""

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
            head=head,
            eye_centres=points[[eye.centre for eye in rig.eyes]],
            eye_axes=vector(rig.gaze(scene.coefficients) @ head.T),
            lid_shade=_lid_shade(rig, posed),
            skin=vector(traits.skin),
            lips=vector(traits.lips),
            iris=vector(traits.iris),
            hair=vector(traits.hair_colour),
            brow=vector(traits.brow_colour),
            shirt=vector(traits.shirt),
            blush=np.float32(traits.blush),
            freckles=np.float32(traits.freckles),
            stubble=np.float32(traits.stubble),
            wrinkles=np.float32(traits.wrinkles),
            iris_size=np.float32(traits.iris_size),
            brow_thickness=np.float32(traits.brow_thickness),
            brow_arch=np.float32(traits.brow_arch),
            brow_tilt=np.float32(traits.brow_tilt),
            cartoon=np.float32(scene.style.drawn),
            cel=vector([scene.style.depth, scene.style.softness, scene.style.tones - 2]),
            shaved=np.float32(style == "buzz"),
            strand_slant=np.float32(0.12 * np.sin(2.0 * traits.hair)),
            hairline=_hairline(rig, traits.hair),
            folds=_folds(values[: len(SHAPES)], traits.wrinkles * (0.0 if scene.style.drawn else 1.0)),
        )

    def _shadow(self, direction: NDArray, points: Floats) -> tuple[Floats, Floats, Floats]:
        axes, flat, depth, frame = parallel_view(points, direction, SHADOW_TEXELS)
        visible = np.empty((SHADOW_TEXELS, SHADOW_TEXELS), np.int32)
        nearest = np.empty((SHADOW_TEXELS, SHADOW_TEXELS), np.float32)
        rasterise(flat, depth, self.rig.triangles, self._two_sided, self._inside, visible, nearest)
        return axes, frame, nearest


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
