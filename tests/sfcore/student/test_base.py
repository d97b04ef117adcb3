"""The tiny base: reproducible, whole or absent, and with a tokenizer that loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfcore.errors import WorkFailed, WrongUse
from sfcore.student.base import load_base, load_processor, make_tiny
from sfcore.student.batches import look
from sfcore.student.dialogue import Dialogue


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_seed_makes_the_same_bytes_and_another_seed_other_weights(tiny: Path, tmp_path: Path) -> None:
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    make_tiny(tmp_path / "again", 0)
    make_tiny(tmp_path / "other", 1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert _bytes(tmp_path / "again") == _bytes(tiny)
    assert _bytes(tmp_path / "other")["model.safetensors"] != _bytes(tiny)["model.safetensors"]


def test_a_torn_folder_is_made_anew_and_a_whole_one_left_alone(tiny: Path, tmp_path: Path) -> None:
    torn = tmp_path / "tiny-0"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    make_tiny(torn, 0)
    assert _bytes(torn) == _bytes(tiny)
    (torn / "note.txt").write_text("kept")
    make_tiny(torn, 0)
    assert (torn / "note.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-0"]


def test_base_opens_as_a_small_qwen3_vl(tiny: Path) -> None:
    base = load_base(tiny)
    assert base.untaught
    assert type(base.model).__name__ == "Qwen3VLForConditionalGeneration"
    assert 3e6 <= sum(parameter.numel() for parameter in base.model.parameters()) <= 8e6
    assert base.model.lm_head.weight is base.model.get_input_embeddings().weight


def test_missing_and_torn_bases_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot open the base"):
        load_base(tmp_path / "nowhere")
    (tmp_path / "torn").mkdir()
    with pytest.raises(WorkFailed, match="holds no weights"):
        load_base(tmp_path / "torn")


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_round_trips(dialogue: Dialogue, text: str) -> None:
    assert dialogue.text(dialogue.tokens(text)) == text


@given(st.sampled_from(["<|im_end|>", "<|image_pad|>", "<|endoftext|>"]), st.text(max_size=20))
@settings(max_examples=30, deadline=None)
def test_text_that_spells_a_marker_does_not_become_one(dialogue: Dialogue, marker: str, text: str) -> None:
    ids = dialogue.tokens(text + marker + text)
    assert not set(ids) & set(dialogue.processor.tokenizer.all_special_ids)
    assert dialogue.text(ids) == text + marker + text


def test_each_mark_of_a_coefficient_is_one_token_and_digits_stay_apart(dialogue: Dialogue) -> None:
    for slot in dialogue.slots:
        assert {len(tokens) for tokens in slot} == {1}
        assert len(slot) == len(set(slot.values()))
    assert [dialogue.text([token]) for token in dialogue.tokens("2026")] == ["2", "0", "2", "6"]


@pytest.mark.parametrize(("width", "height"), [(96, 96), (256, 256), (640, 360), (32, 48)])
def test_any_picture_is_about_36_tokens(tiny: Path, width: int, height: int) -> None:
    picture = Image.new("RGB", (width, height))
    pixels, grids = look(load_processor(tiny), [picture])
    assert pixels.shape == (int(grids[0].prod()), 3 * 2 * 8 * 8)
    assert 25 <= int(grids[0].prod()) // 4 <= 49
    if width == height:
        assert int(grids[0].prod()) // 4 == 36


def test_each_patch_shows_its_own_place_of_the_picture(tiny: Path) -> None:
    picture = Image.new("RGB", (96, 96))
    picture.paste("white", (88, 0, 96, 8))
    pixels, _ = look(load_processor(tiny), [picture])
    bright = (pixels.mean(dim=1) > 0).nonzero().flatten().tolist()
    # Patches come in blocks of 2 x 2, row by row: the top right one is the second of the sixth block.
    assert bright == [5 * 4 + 1]
