"""The kernel on meshes whose picture is known: which sample shows what, pictures on triangles, alpha, broken input."""

from __future__ import annotations

import resource
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX, NAMES
from sfcore.errors import WrongUse
from sfcore.recipe import Faces
from sfcore.render.coverage import rasterise_clear
from sfcore.render.draw import Renderer
from sfcore.render.kernel import NOTHING, TILE, farthest, place, rasterise
from sfcore.render.look import ATTRIBUTES
from sfcore.render.pictures import cover_of_triangles, pack
from sfcore.render.scene import draw_scene
from sfcore.render.sheet import plain_scene
from sfcore.render.texture import grain
from sfcore.rigs.parts import Part
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Textures, head_rotation

SIZE = 32
NO_TILES = np.zeros((0, 0), np.float32)
QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
"""Counter-clockwise seen from the camera, for corners given from the lower left onwards."""


def _screen(corners: list[tuple[float, float, float]]) -> np.ndarray:
    return np.array([[*corner, 1.0] for corner in corners], np.float32)


def _drawn(screen: np.ndarray, triangles: np.ndarray, tiles: np.ndarray = NO_TILES) -> tuple[np.ndarray, np.ndarray]:
    visible, nearest = np.full((SIZE, SIZE), NOTHING, np.int32), np.zeros((SIZE, SIZE), np.float32)
    rasterise(screen, triangles, np.ones(len(triangles), bool), 0, len(triangles), tiles, visible, nearest)
    return visible, nearest


coordinate = st.floats(-8, SIZE + 8, width=32)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=4))
def test_neighbours_share_no_sample_and_leave_no_gap(corners: list[tuple[float, float]]) -> None:
    """A fan around a point inside a polygon covers what the two triangles of the same polygon cover."""
    middle = tuple(np.mean(corners, axis=0))
    screen = _screen([(x, y, 0.5) for x, y in [*corners, middle]])
    fan = np.array([[4, 0, 1], [4, 1, 2], [4, 2, 3], [4, 3, 0]], np.int32)
    counts = np.zeros((SIZE, SIZE), int)
    winding = np.zeros((SIZE, SIZE), int)
    for triangle in fan:
        a, b, c = screen[triangle, :2].astype(float)
        turn = np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        shown = _drawn(screen, triangle[None])[0] >= 0
        counts += shown
        winding += int(turn) * shown
    halves = np.zeros((SIZE, SIZE), int)
    for triangle in QUAD:
        a, b, c = screen[triangle, :2].astype(float)
        turn = np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        halves += int(turn) * (_drawn(screen, triangle[None])[0] >= 0)
    # The mean of four corners in single precision can leave the sign of a sliver open.
    assert (winding != halves).sum() <= 2
    assert counts.max(initial=0) <= 4


def test_a_sample_shows_what_its_centre_lies_in() -> None:
    visible, _ = _drawn(_screen([(4, 20, 0.5), (20, 20, 0.5), (20, 4, 0.5), (4, 4, 0.5)]), QUAD)
    expected = np.zeros((SIZE, SIZE), bool)
    expected[4:20, 4:20] = True
    assert np.array_equal(visible >= 0, expected)


def test_nearer_hides_farther_whatever_the_order() -> None:
    screen = _screen([(2, 30, 0.2), (30, 30, 0.2), (30, 2, 0.2), (8, 24, 0.4), (24, 24, 0.4), (24, 8, 0.4)])
    near, far = [3, 4, 5], [0, 1, 2]
    first, _ = _drawn(screen, np.array([near, far], np.int32))
    second, _ = _drawn(screen, np.array([far, near], np.int32))
    assert np.array_equal(first == 0, second == 1)
    assert (first == 0).sum() > 50 < (first == 1).sum()


def test_tiles_leave_out_only_what_is_hidden() -> None:
    draw = np.random.default_rng(0)
    front = _screen([(0, 40, 0.5), (26, 40, 0.5), (26, -8, 0.5), (0, -8, 0.5)])
    behind = np.concatenate([draw.uniform(-4, 36, (90, 2)), draw.uniform(0.3, 0.7, (90, 1)), np.ones((90, 1))], axis=1)
    screen = np.concatenate([front, behind]).astype(np.float32)
    triangles = np.concatenate([QUAD, np.arange(4, 94).reshape(-1, 3)]).astype(np.int32)
    plain = _drawn(screen, triangles)
    visible, nearest = _drawn(screen, QUAD)
    tiles = np.empty((SIZE // TILE, SIZE // TILE), np.float32)
    farthest(nearest, tiles)
    rasterise(screen, triangles, np.ones(len(triangles), bool), 2, len(triangles), tiles, visible, nearest)
    assert np.array_equal(visible, plain[0])
    assert np.array_equal(nearest, plain[1])


def test_turning_is_the_rigs_own() -> None:
    rig = load_rig("procedural")
    values = np.zeros(len(NAMES), np.float32)
    values[[INDEX["HeadYaw"], INDEX["HeadPitch"], INDEX["HeadRoll"]]] = 0.4, -0.2, 0.1
    n = len(rig.neutral)
    points, table, screen = (np.zeros((n, k), np.float32) for k in (3, ATTRIBUTES, 4))
    camera = plain_scene(rig, values, 64).camera
    pivot = np.array(rig.pivot, np.float32)
    place(rig.neutral, head_rotation(values), pivot, rig.head_share, camera.view_of(128), points, table, screen)
    turned = rig.turn(rig.neutral, values)
    assert np.abs(points - turned).max() < 1e-4
    xy, inverse = camera.project(turned, 128)
    assert np.abs(screen[:, :2] - xy).max() < 1e-2
    assert np.abs(screen[:, 2] - inverse).max() < 1e-6


def _card(images: tuple[np.ndarray, ...], uv: np.ndarray) -> tuple[Textures, np.ndarray]:
    textures = Textures(uv.astype(np.float32), images, np.zeros(2, np.int16))
    return textures, cover_of_triangles(textures, QUAD)


UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]])


def _samples_covered(image: np.ndarray, screen: np.ndarray) -> np.ndarray:
    textures, _ = _card((image,), UV)
    pictures = pack(textures, 4, np.arange(2))
    visible, nearest = np.full((SIZE, SIZE), NOTHING, np.int32), np.zeros((SIZE, SIZE), np.float32)
    table, texel = np.zeros((4, ATTRIBUTES), np.float32), np.zeros(4, np.float32)
    two_sided, parts = np.ones(2, bool), np.full(2, int(Part.HAIR), np.uint8)
    rasterise_clear(screen, QUAD, two_sided, parts, table, pictures, grain(), 0, 2, texel, visible, nearest)
    return visible >= 0


FLAT = _screen([(0, SIZE, 0.5), (SIZE, SIZE, 0.5), (SIZE, 0, 0.5), (0, 0, 0.5)])


@pytest.mark.parametrize("alpha", [0, 64, 128, 255])
def test_alpha_is_the_share_of_samples(alpha: int) -> None:
    image = np.full((16, 16, 4), 200, np.uint8)
    image[..., 3] = alpha
    assert _samples_covered(image, FLAT).mean() == pytest.approx(alpha / 255, abs=0.04)


def test_holes_of_a_picture_show_what_is_behind() -> None:
    image = np.full((SIZE, SIZE, 4), 255, np.uint8)
    image[:, SIZE // 2 :, 3] = 0
    covered = _samples_covered(image, FLAT)
    assert covered[:, : SIZE // 2 - 1].all()
    assert not covered[:, SIZE // 2 + 1 :].any()
    half = np.full((4, 4, 4), 255, np.uint8)
    half[:2, :, 3] = 0
    assert _card((half,), UV)[1] == pytest.approx(0.5)


def test_pictures_lie_in_perspective() -> None:
    """The left edge is three times nearer, so the middle of the picture is seen three quarters of the way to the right."""
    image = np.full((64, 64, 4), 255, np.uint8)
    image[:, 32:, 3] = 0
    leaning = _screen([(0, SIZE, 0.6), (SIZE, SIZE, 0.2), (SIZE, 0, 0.2), (0, 0, 0.6)])
    covered = _samples_covered(image, leaning)
    assert abs(covered[SIZE // 2].sum() - SIZE * 0.75) <= 1


def _one_colour_rig(size: int, colour: tuple[int, int, int]) -> object:
    rig = load_rig("procedural")
    image = np.zeros((size, size, 4), np.uint8)
    image[..., :3], image[..., 3] = colour, 255
    uv = np.stack([(rig.uv[:, 0] + 10) / 20, (12 - rig.uv[:, 1]) / 32], -1).astype(np.float32)
    image[: size * 12 // 32] = (*colour[::-1], 255)
    of_triangle = np.where(np.isin(rig.parts, (Part.SKIN, Part.LIPS)), 0, -1).astype(np.int16)
    return replace(rig, textures=Textures(uv, (image,), of_triangle), digest="")


def test_a_texel_is_shown_where_it_lies() -> None:
    """A head that is red below the eyes and blue above."""
    rig = _one_colour_rig(512, (200, 40, 40))
    renderer = Renderer(rig)
    picture = renderer.draw(plain_scene(rig, np.zeros(len(NAMES), np.float32), 96, hair="bald")).astype(int)
    red = picture[..., 0] - picture[..., 2]
    eyes, middle = 45, slice(40, 56)
    assert (red[eyes + 12 : eyes + 24, middle] > 30).all()
    assert (red[eyes - 24 : eyes - 12, middle] < -30).all()


def test_large_pictures_do_not_flicker() -> None:
    """A fine checkerboard is grey from afar: no pixel stands out as it would where single texels are taken."""
    rig = load_rig("procedural")
    board = (np.indices((1024, 1024)).sum(0) % 2 * 255).astype(np.uint8)
    image = np.dstack([board, board, board, np.full_like(board, 255)])
    uv = np.stack([(rig.uv[:, 0] + 10) / 20, (12 - rig.uv[:, 1]) / 32], -1).astype(np.float32)
    of_triangle = np.where(np.isin(rig.parts, (Part.SKIN, Part.LIPS)), 0, -1).astype(np.int16)
    rig = replace(rig, textures=Textures(uv, (image,), of_triangle), digest="")
    picture = Renderer(rig).draw(plain_scene(rig, np.zeros(len(NAMES), np.float32), 96, hair="bald")).astype(int)
    forehead = picture[22:32, 40:56].sum(axis=2)
    assert np.abs(np.diff(forehead, axis=1)).max() < 40


def test_sizes_and_values_that_are_none() -> None:
    rig = load_rig("procedural")
    scene = plain_scene(rig, np.zeros(len(NAMES), np.float32), 32)
    for size in (0, -1, 5000):
        with pytest.raises(WrongUse, match="pixels wide"):
            replace(scene, size=size)
    infinite = np.zeros(len(NAMES), np.float32)
    infinite[INDEX["JawOpen"]] = np.inf
    with pytest.raises(WrongUse, match="JawOpen is infinite"):
        replace(scene, coefficients=infinite)
    unknown = np.zeros(len(NAMES), np.float32)
    unknown[INDEX["JawOpen"]] = np.nan
    renderer = Renderer(rig)
    assert np.array_equal(renderer.draw(replace(scene, coefficients=unknown)), renderer.draw(scene))
    assert renderer.draw(replace(scene, size=1)).shape == (1, 1, 3)


def test_a_rig_with_broken_faces_is_refused() -> None:
    rig = load_rig("procedural")
    triangles = rig.triangles.copy()
    triangles[7, 1] = len(rig.neutral)
    with pytest.raises(WrongUse, match="vertices that do not exist"):
        replace(rig, triangles=triangles, digest="")
    neutral = rig.neutral.copy()
    neutral[3, 2] = np.nan
    with pytest.raises(WrongUse, match="not finite"):
        replace(rig, neutral=neutral, digest="")


def test_a_rig_without_hair_and_lids_is_drawn() -> None:
    rig = load_rig("procedural")
    empty = np.zeros(0, np.int32)
    eyes = tuple(replace(eye, upper=empty, lower=empty) for eye in rig.eyes)
    keep = rig.parts != Part.HAIR
    bare = replace(
        rig,
        triangles=rig.triangles[keep],
        parts=rig.parts[keep],
        hair=np.zeros((0, 0, 3), np.float32),
        hair_names=(),
        hair_edge=empty,
        hair_start=0,
        eyes=eyes,
        digest="",
    )
    _, parts = Renderer(bare).draw_light(plain_scene(bare, np.zeros(len(NAMES), np.float32), 64))
    assert {int(Part.EYE_LEFT), int(Part.SKIN)} <= set(np.unique(parts).tolist())
    assert not (parts == Part.HAIR).any()


def test_memory_does_not_grow() -> None:
    rig = load_rig("procedural")
    renderer = Renderer(rig)
    work = [draw_scene(f"m {i}", rig, f"person {i % 80}", np.zeros(len(NAMES), np.float32), Faces(size=48)) for i in range(80)]
    for scene in work:
        renderer.draw(scene)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        for scene in work:
            renderer.draw(scene)
    # KiB on Linux: 320 pictures may not add 8 MiB to the largest size the process ever had.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024
