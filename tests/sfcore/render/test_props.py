"""What is worn and held: on the face it should be on, never over more of it than allowed, turning with the head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.recipe import Faces
from sfcore.render.draw import Renderer
from sfcore.render.props import Rod, draw_glasses, draw_headwear, draw_occluder, hidden_share
from sfcore.render.scene import Scene, draw_scene
from sfcore.rigs.parts import Part
from sfcore.rigs.registry import load_rig

RIG = load_rig("procedural")
SIZE = 96
BARE = Faces(size=SIZE, glasses_share=0, headwear_share=0, occluder_share=0, drawn_share=0)
FACE = [Part.SKIN, Part.LIPS, Part.EYE_LEFT, Part.EYE_RIGHT, Part.LID_EDGE, Part.LASHES, Part.TEETH_UPPER, Part.CAVITY]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(RIG)


def _scene(number: int, faces: Faces = BARE, **rotations: float) -> Scene:
    values = np.zeros(len(NAMES), np.float32)
    for name, value in rotations.items():
        values[INDEX[name]] = value
    return draw_scene(f"prop {number}", RIG, f"wearer {number}", values, faces)


def _parts(renderer: Renderer, scene: Scene) -> np.ndarray:
    return renderer.draw_light(scene)[1]


@pytest.mark.parametrize("cartoon_share", [0.0, 1.0])
def test_glasses_frame_the_eyes_and_let_them_show(renderer: Renderer, cartoon_share: float) -> None:
    for number in range(12):
        scene = _scene(number, BARE.model_copy(update={"cartoon_share": cartoon_share}))
        glasses = draw_glasses(f"pair {number}", 1.0)
        bare, worn = _parts(renderer, scene), _parts(renderer, replace(scene, glasses=glasses))
        eyes = np.isin(bare, (Part.EYE_LEFT, Part.EYE_RIGHT))
        frame = worn == Part.GLASSES
        assert frame.sum() > 40
        assert (eyes & frame).sum() < 0.2 * eyes.sum(), number
        rows, columns = np.nonzero(frame)
        eye_rows, eye_columns = np.nonzero(eyes)
        assert columns.min() < eye_columns.min()
        assert columns.max() > eye_columns.max()
        assert rows.min() - 6 < eye_rows.mean() < rows.max() + 6


def test_glasses_turn_with_the_head(renderer: Renderer) -> None:
    for yaw in (-0.4, 0.4):
        scene = replace(_scene(1, HeadYaw=yaw), glasses=draw_glasses("pair", 1.0))
        parts = _parts(renderer, scene)
        columns = np.nonzero(parts == Part.GLASSES)[1]
        assert np.sign(columns.mean() - np.nonzero(parts == Part.SHIRT)[1].mean()) == np.sign(yaw)


def test_dark_glasses_are_rare_and_clear_ones_change_the_eyes_little(renderer: Renderer) -> None:
    pairs = [draw_glasses(f"pair {i}", 1.0) for i in range(400)]
    assert 0.03 < np.mean([pair.tint > 0.3 for pair in pairs if pair]) < 0.15
    assert len({pair.shape for pair in pairs if pair}) == 8
    scene = _scene(3)
    light, parts = renderer.draw_light(scene)
    eyes = np.isin(parts, (Part.EYE_LEFT, Part.EYE_RIGHT))[::2, ::2]
    clear = next(pair for pair in pairs if pair and pair.tint < 0.1 and pair.glare < 0.05 and pair.thickness < 0.05)
    dark = next(pair for pair in pairs if pair and pair.tint > 0.6)
    through = {name: renderer.draw_light(replace(scene, glasses=pair))[0] for name, pair in (("clear", clear), ("dark", dark))}
    assert np.abs(through["clear"] - light)[eyes].mean() < 0.3 * light[eyes].mean()
    # Dark, and yet what the eyes do, which the label tells, can be seen.
    assert 0.3 * light[eyes].mean() < through["dark"][eyes].mean() < 0.8 * light[eyes].mean()


def test_what_is_held_hides_no_more_of_the_face_than_allowed(renderer: Renderer) -> None:
    shares = []
    for number in range(24):
        scene = _scene(number)
        occluder = draw_occluder(f"hand {number}", 1.0, 0.25, scene.traits)
        assert occluder is not None
        assert occluder.hides <= 0.25
        bare, held = _parts(renderer, scene), _parts(renderer, replace(scene, occluder=occluder))
        face = np.isin(bare, FACE)
        shares.append((face & (held == Part.OCCLUDER)).sum() / face.sum())
    assert max(shares) < 0.33
    assert np.mean(shares) > 0.02


def test_a_smaller_allowance_hides_less() -> None:
    traits = _scene(0).traits
    for limit in (0.02, 0.1, 0.4):
        hidden = [held.hides for held in (draw_occluder(f"k{i}", 1.0, limit, traits) for i in range(40)) if held]
        assert len(hidden) > 30
        assert max(hidden) <= limit


def test_the_share_that_rods_hide() -> None:
    assert hidden_share([Rod(0, -0.3, 0, -0.31, 9, 9, 0, 0)]) == 1.0
    assert hidden_share([Rod(3, 3, 4, 4, 0.5, 0.5, 0, 0)]) == 0.0
    assert 0.4 < hidden_share([Rod(0.5, -3, 0.5, 3, 0.5 / 1.12, 0.5 / 1.12, 0, 0)]) < 0.6, "the left half"


@pytest.mark.parametrize("kind", ["cap", "beanie", "headband", "headset"])
def test_headwear_leaves_the_face_free(renderer: Renderer, kind: str) -> None:
    pieces = (draw_headwear(f"hat {i}", 1.0) for i in range(200))
    wear = next(piece for piece in pieces if piece and piece.kind == kind)
    for number in range(8):
        scene = _scene(number)
        bare, worn = _parts(renderer, scene), _parts(renderer, replace(scene, headwear=wear))
        assert (worn == Part.HEADWEAR).sum() > 60
        features = np.isin(bare, (Part.EYE_LEFT, Part.EYE_RIGHT, Part.LIPS))
        assert (features & (worn == Part.HEADWEAR)).sum() < 0.1 * features.sum()


def test_a_drawn_expression_stays_the_label_whatever_is_worn() -> None:
    faces = Faces(glasses_share=1, headwear_share=1, occluder_share=1)
    values = np.linspace(0, 1, len(NAMES)).astype(np.float32)
    scene = draw_scene("a", RIG, "b", values, faces)
    assert np.array_equal(scene.coefficients[: len(SHAPES)], values[: len(SHAPES)])
