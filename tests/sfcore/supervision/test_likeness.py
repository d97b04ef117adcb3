"""Pictures that are nearly the same are found, others are not."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance

from sfcore.recipe import Faces
from sfcore.render.draw import Renderer
from sfcore.render.scene import draw_scene
from sfcore.rigs.registry import load_rig
from sfcore.supervision.likeness import NEAR, likeness, perceptual_hash


def stored(picture: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    """The picture as bytes of a file."""
    sink = io.BytesIO()
    picture.save(sink, kind, **how)
    return sink.getvalue()


def test_a_picture_stored_anew_is_a_near_duplicate_and_another_face_is_none() -> None:
    rig = load_rig("procedural")
    renderer, rng = Renderer(rig), np.random.default_rng(0)
    faces = []
    for number in range(4):
        shown = np.where(rng.random(61) < 0.2, rng.random(61), 0).astype(np.float32)
        scene = draw_scene(f"{number:032x}", rig, f"procedural-train-{number:03d}", shown, Faces())
        faces.append(Image.fromarray(renderer.draw(scene)))
    first = faces[0]
    again = [
        stored(first, "JPEG", quality=30),
        stored(first.resize((48, 48))),
        stored(ImageEnhance.Brightness(first).enhance(1.1)),
    ]
    hashes = [perceptual_hash(picture) for picture in (*map(stored, faces), *again)]
    found = likeness(hashes)
    assert found.near == 4
    assert {place for pair in found.closest if pair.bits <= NEAR for place in (pair.first, pair.second)} == {0, 4, 5, 6}
    assert sum(found.histogram) == found.pictures == 7
    assert likeness(hashes[:1]).near == 0
    assert likeness([hashes[0], hashes[0]]).same == 2
