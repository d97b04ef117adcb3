"""A tower learns to see: the fast way through it is the real one, lessons are true and repeatable, a stopped course goes on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLVisionConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from sfcore.arkit import INDEX, NAMES
from sfcore.errors import WorkFailed
from sfcore.recipe import Faces, Sight
from sfcore.render.landmarks import frontal_points
from sfcore.rigs.registry import load_rig
from sfcore.student.base import TINY_WIDTH, load_base, make_tiny
from sfcore.student.batches import look
from sfcore.student.sight.lesson import CELLS, Lesson, Teacher
from sfcore.student.sight.muon import orthogonal
from sfcore.student.sight.neighbours import NEIGHBOURS, look_at_neighbours
from sfcore.student.sight.taught import save_tower, untaught_tower
from sfcore.student.sight.teaching import Checked, SightSchool, pixels_of, tensors_of
from sfcore.student.sight.tower import SquareTower

NO_RECORDING = np.empty((0, len(NAMES)), np.float32)


def _vision(depth: int = 2) -> Qwen3VLVisionModel:
    torch.manual_seed(3)
    config = Qwen3VLVisionConfig(
        depth=depth,
        hidden_size=144,
        intermediate_size=160,
        num_heads=9,
        patch_size=8,
        spatial_merge_size=2,
        temporal_patch_size=2,
        out_hidden_size=64,
        num_position_embeddings=CELLS**2,
        deepstack_visual_indexes=[],
    )
    model: Qwen3VLVisionModel = Qwen3VLVisionModel(config)
    return model


@cache
def _teacher() -> Teacher:
    return Teacher(load_rig("procedural"), Faces(size=96), NO_RECORDING, seed=5)


@cache
def _lesson(number: int) -> Lesson:
    return _teacher().lesson(number)


def test_a_batch_of_squares_is_seen_as_transformers_sees_packed_pictures() -> None:
    model = _vision()
    pictures = torch.rand(3, 3, 96, 96) * 2 - 1
    frames = torch.stack([pictures, pictures], dim=2).view(3, 3, 2, 6, 2, 8, 6, 2, 8)
    packed = frames.permute(0, 3, 6, 4, 7, 1, 2, 5, 8).reshape(3 * 144, -1)
    theirs = model(packed, torch.tensor([[1, 12, 12]] * 3))
    cells, merged = SquareTower(model)(pictures)
    assert torch.allclose(theirs.last_hidden_state.view(3, 144, -1), cells, atol=1e-5)
    assert torch.allclose(theirs.pooler_output.view(3, 36, -1), merged, atol=1e-5)


def test_heads_begin_by_looking_at_one_neighbour_each() -> None:
    model = _vision()
    look_at_neighbours(model)
    tower = SquareTower(model)
    attention = tower.model.blocks[0].attn
    qkv = attention.qkv(torch.zeros(1, CELLS**2, 144)).view(1, CELLS**2, 3, 9, 16).permute(2, 0, 3, 1, 4)
    query, key, _ = (tower._turned(each) for each in qkv)
    looks = (query @ key.transpose(-1, -2) / 4).softmax(-1)[0]
    in_rows = torch.empty(CELLS**2, dtype=torch.long)
    in_rows[tower.order] = torch.arange(CELLS**2)
    for head, (down, right) in enumerate(NEIGHBOURS):
        look = looks[head][in_rows][:, in_rows][5 * CELLS + 5].view(CELLS, CELLS)
        assert divmod(int(look.argmax()), CELLS) == (5 + down, 5 + right)
        assert look.max() > 0.5


@given(rows=st.integers(2, 40), columns=st.integers(2, 40), seed=st.integers(0, 1000))
def test_an_orthogonal_update_moves_every_direction_alike(rows: int, columns: int, seed: int) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    values = torch.linalg.svdvals(orthogonal(matrix))
    # A direction that the matrix hardly has takes more rounds than five.
    strong = torch.linalg.svdvals(matrix) > 0.1 * torch.linalg.matrix_norm(matrix, 2)
    assert (values[strong] > 0.6).all()
    assert (values < 1.3).all()


def test_a_lesson_is_its_number() -> None:
    again = Teacher(load_rig("procedural"), Faces(size=96), NO_RECORDING, seed=5)
    first, second = _lesson(7), again.lesson(7)
    for name, values in tensors_of(first).items():
        assert torch.equal(values.nan_to_num(9), tensors_of(second)[name].nan_to_num(9)), name
    assert not np.array_equal(first.picture, _lesson(8).picture)


def test_lessons_know_what_their_pictures_show() -> None:
    lessons = [_lesson(number) for number in range(24)]
    for lesson in lessons:
        assert np.allclose(lesson.face.shares.sum(axis=2), 1, atol=1e-5)
        assert ((lesson.face.surface == 0) == (lesson.face.place == 0).all(axis=2)).all()
        assert np.isfinite(lesson.points).all()
        # The whole face is in the picture, but for what a cut may leave out at its border.
        assert (np.abs(lesson.points - 0.5) < 0.75).all()
        # Most of what the expression moves is in cells that show the face.
        assert lesson.face.surface.sum() > 2
    shown = [lesson.face.place[lesson.face.surface > 0.9] for lesson in lessons]
    columns = [np.nonzero(lesson.face.surface > 0.9)[1] for lesson in lessons]
    # The subject's left, where x is positive, lies on the right of every picture.
    for place, column in zip(shown, columns, strict=True):
        if len(place) > 6:
            assert np.corrcoef(place[:, 0], column)[0, 1] > 0.5


def test_a_face_without_expression_has_moved_nowhere() -> None:
    teacher = _teacher()
    still = np.zeros(len(NAMES), np.float32)
    rest = Teacher(teacher.renderer.rig, teacher.faces, still[None], seed=5)
    recorded = next(lesson for number in range(60) if not (lesson := rest.lesson(number)).coefficients[:52].any())
    # Lids that would sink into large eyes are kept out of them, lips that would cross meet; nothing else moves.
    below_the_eyes = frontal_points()[:, 1] < -2
    assert np.abs(recorded.moved[below_the_eyes]).max() < 0.05
    # A head that was not followed is turned at random, and says so.
    assert recorded.coefficients[INDEX["HeadYaw"]] != 0


class _Diary:
    def __init__(self) -> None:
        self.losses: list[float] = []
        self.checks: list[Checked] = []

    def told(self, _: int, loss: float) -> None:
        self.losses.append(loss)


def _learnt(course: Sight, kept: Path | None = None) -> tuple[_Diary, dict[str, Tensor]]:
    model = _vision(depth=1)
    look_at_neighbours(model)
    torch.manual_seed(0)
    school = SightSchool(SquareTower(model), lambda: [_teacher()], course, seed=0)
    diary = _Diary()
    school.learn(diary.told, diary.checks.append, kept)
    return diary, model.state_dict()


def test_a_course_goes_on_where_it_stopped(tmp_path: Path) -> None:
    course = Sight(pictures=64, batch_size=8, drawing_processes=0, check_every=3, held_out=16)
    whole, weights = _learnt(course)
    stopped = RuntimeError("the lights went out")

    class Stops(_Diary):
        def told(self, pictures: int, loss: float) -> None:
            super().told(pictures, loss)
            if pictures == 40:
                raise stopped

    diary = Stops()
    model = _vision(depth=1)
    look_at_neighbours(model)
    torch.manual_seed(0)
    school = SightSchool(SquareTower(model), lambda: [_teacher()], course, seed=0)
    with pytest.raises(RuntimeError, match="lights"):
        school.learn(diary.told, diary.checks.append, tmp_path)
    gone_on, same = _learnt(course, tmp_path)
    # Saved at the check after 24 pictures: the 25th comes next.
    assert gone_on.losses == pytest.approx(whole.losses[3:])
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert np.isfinite(gone_on.checks[-1].pixels)


def test_loss_falls() -> None:
    diary, _ = _learnt(Sight(pictures=320, batch_size=16, drawing_processes=0, check_every=20, held_out=16))
    assert np.mean(diary.losses[-3:]) < 0.93 * np.mean(diary.losses[:2])


def test_a_base_sees_what_its_tower_was_taught_to_see(tmp_path: Path) -> None:
    """The same picture, through the processor and transformers as answering does, and as teaching does."""
    tower = untaught_tower(TINY_WIDTH, seed=4)
    save_tower(tower, tmp_path / "tower.safetensors")
    make_tiny(tmp_path / "base", 0, tmp_path / "tower.safetensors")
    base = load_base(tmp_path / "base")
    picture = _lesson(3).picture
    pixels, grid = look(base.processor, [Image.fromarray(picture)])
    asked = base.model.model.visual(pixels, grid).pooler_output
    _, taught = SquareTower(tower)(pixels_of(torch.from_numpy(picture)[None]))
    # 16 bits of weights are kept.
    assert torch.allclose(asked, taught[0], atol=0.02 * taught.std().item())


def test_weights_of_another_tower_are_told_in_a_sentence(tmp_path: Path) -> None:
    save_tower(untaught_tower(64, seed=4), tmp_path / "narrow.safetensors")
    (tmp_path / "torn.safetensors").write_bytes((tmp_path / "narrow.safetensors").read_bytes()[:5000])
    for name in ("narrow.safetensors", "torn.safetensors", "none.safetensors"):
        with pytest.raises(WorkFailed, match="does not hold this tower's weights"):
            make_tiny(tmp_path / "base", 0, tmp_path / name)
