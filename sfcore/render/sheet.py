"""Sheets for looking: every shape on one face, and faces drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sfcore.arkit import INDEX, LEFT_RIGHT_PAIRS, NAMES, SHAPES
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.camera import Camera
from sfcore.render.colour import Colour, linear
from sfcore.render.draw import Renderer
from sfcore.render.grooming import BARE, SHAVEN
from sfcore.render.scene import Scene, draw_scene
from sfcore.render.traits import Traits
from sfcore.rigs.rig import Rig

_LABEL = 24
_FONT = 15
_CLOSE = Camera(90.0, 20.8, 0.0, -3.3)
"""From the hairline to below the chin of an average face whose jaw is open."""


def plain_scene(rig: Rig, coefficients: NDArray[np.float32], size: int, hair: str = "short") -> Scene:
    """A scene with an average face, plain light, no noise and the head straight: only the coefficients show."""
    # Whatever happens to a share of the pictures happens to none of these.
    never = {name: 0.0 for name in Faces.model_fields if name.endswith("_share")}
    plain = {"head_motion": False, "light": False, "background": False, "noise": False}
    faces = Faces.model_validate({"size": max(size, 32), **plain, **never})
    scene = draw_scene("plain", rig, "plain", coefficients, faces)
    average = _average(scene.traits, rig, hair)
    return replace(scene, traits=average, camera=Camera(90.0, 27.0, 0.0, -0.8), size=size)


def _average(traits: Traits, rig: Rig, hair: str) -> Traits:
    def colour(r: int, g: int, b: int) -> Colour:
        x, y, z = linear((r, g, b))
        return float(x), float(y), float(z)

    return replace(
        traits,
        modes=(0.0,) * len(rig.mode_names),
        skin=colour(226, 184, 154),
        lips=colour(196, 116, 108),
        iris=colour(112, 84, 52),
        hair_colour=colour(70, 46, 32),
        brow_colour=colour(60, 40, 30),
        shirt=colour(70, 96, 120),
        blush=0.35,
        freckles=0.0,
        beard=SHAVEN,
        make_up=BARE,
        wrinkles=0.0,
        iris_size=1.0,
        brow_thickness=1.0,
        brow_arch=0.8,
        brow_tilt=0.0,
        hair=rig.hair_names.index(hair) if hair in rig.hair_names else 0,
    )


def _tiled(pictures: list[NDArray[np.uint8]], labels: list[str], columns: int) -> Image.Image:
    size = pictures[0].shape[0]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * size, rows * (size + _LABEL)), (250, 250, 250))
    pen = ImageDraw.Draw(sheet)
    width = max(ImageFont.load_default(_FONT).getlength(label) for label in labels)
    font = ImageFont.load_default(max(6.0, min(_FONT, _FONT * (size - 6) / width)))
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = (i % columns) * size, (i // columns) * (size + _LABEL)
        sheet.paste(Image.fromarray(picture), (x, y + _LABEL))
        pen.text((x + 3, y + _LABEL // 2), label, fill=(20, 20, 20), font=font, anchor="lm")
    return sheet


def shape_sheet(rig: Rig, size: int = 176) -> Image.Image:
    """The neutral face and each of the 52 shapes at full value on an average face, close up and labelled."""
    renderer = Renderer(rig)
    pictures, labels = [], []
    for name in ("neutral", *(shape.name for shape in SHAPES)):
        values = np.full(len(NAMES), np.nan, np.float32)
        values[: len(SHAPES)] = 0.0
        if name != "neutral":
            values[INDEX[name]] = 1.0
        pictures.append(renderer.draw(replace(plain_scene(rig, values, size), camera=_CLOSE)))
        masked = name in INDEX and not rig.channels_shown[INDEX[name]]
        labels.append(f"{name}: not shown" if masked else name)
    return _tiled(pictures, labels, 9)


def _pair_up(values: NDArray[np.float32], draw: np.random.Generator) -> None:
    """Makes most expressions symmetric, and lets both eyes look the same way."""
    for left, right in LEFT_RIGHT_PAIRS:
        if "Look" in left or draw.random() < 0.6:
            values[INDEX[right]] = values[INDEX[left]]
    for turn, other in (("In", "Out"), ("Out", "In")):
        values[INDEX[f"EyeLook{turn}Right"]] = values[INDEX[f"EyeLook{other}Left"]]


def random_sheet(rig: Rig, faces: Faces, count: int, key: str = "sheet") -> Image.Image:
    """``count`` random people with sparse random expressions."""
    renderer = Renderer(rig)
    pictures, labels = [], []
    for i in range(count):
        draw = stream(f"{key} {i}", "expression")
        values = np.full(len(NAMES), np.nan, np.float32)
        values[: len(SHAPES)] = np.where(draw.random(len(SHAPES)) < 0.12, draw.random(len(SHAPES)), 0.0)
        _pair_up(values, draw)
        scene = draw_scene(f"{key} {i}", rig, f"{rig.name}-{key}-{i:03d}", values, faces)
        pictures.append(renderer.draw(scene))
        labels.append(f"{key} {i:03d}")
    return _tiled(pictures, labels, max(1, int(np.ceil(count**0.5 * 1.3))))
