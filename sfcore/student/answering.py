"""Asking the student: pictures in, answers out, in batches, greedily; the text always parses."""

from __future__ import annotations

import io
import time
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image, UnidentifiedImageError

from sfcore.arkit import NAMES
from sfcore.codecs.codec import codec_named
from sfcore.errors import WorkFailed
from sfcore.student.adapter import Facts, reopen_adapter
from sfcore.student.base import load_processor
from sfcore.student.batches import look, padded
from sfcore.student.dialogue import FIELD_LIMIT, Dialogue, Tokens


@dataclass(frozen=True)
class StudentAnswer:
    """One answer. ``error`` says why there is none; ``text`` is empty then."""

    text: str
    tokens: int
    milliseconds: float
    """The batch's time divided by its pictures."""
    error: str | None = None


Writing = Generator[torch.Tensor, int, None]
"""Yields the token ids allowed next, (n,) int64, and is sent the one that was chosen."""


@dataclass(frozen=True)
class Frame:
    """The frame of an answer: free words where the description has its fields, a choice of marks in each coefficient's place.

    A channel that no training row knew is written as unknown, and every other as known: the loss never taught when to say which.
    """

    dialogue: Dialogue
    unknown_channels: tuple[str, ...]

    def write(self) -> Writing:
        """Writes one answer from its first token to its last coefficient."""
        for opening in self.dialogue.openings:
            for token in opening:
                yield _only(token)
            yield self._first_words
            for _ in range(FIELD_LIMIT):
                if (yield self._words) == self.dialogue.break_id:
                    break
            else:
                yield _only(self.dialogue.break_id)
        for slot in self._slots:
            written: Tokens = ()
            while written not in slot:
                written += ((yield slot_next(slot, written)),)

    @cached_property
    def _slots(self) -> list[frozenset[Tokens]]:
        unknown = self.dialogue.unknown_marks
        slots = []
        for name, slot, mark in zip(NAMES, self.dialogue.slots, unknown, strict=True):
            slots.append(frozenset({mark}) if name in self.unknown_channels else frozenset(slot) - {mark})
        return slots

    @cached_property
    def _texts(self) -> list[str]:
        return [self.dialogue.text([token]) for token in range(len(self.dialogue.processor.tokenizer))]

    @cached_property
    def _plain(self) -> list[int]:
        """Tokens that a field may hold: no marker, no line break, nothing that an escape begins with."""
        markers = set(self.dialogue.processor.tokenizer.all_special_ids)
        return [
            token
            for token, text in enumerate(self._texts)
            if token not in markers and text and not any(sign in text for sign in "\n\r\\")
        ]

    @cached_property
    def _words(self) -> torch.Tensor:
        return torch.tensor([*self._plain, self.dialogue.break_id])

    @cached_property
    def _first_words(self) -> torch.Tensor:
        return torch.tensor([token for token in self._plain if self._texts[token].startswith(" ")])


def _only(token: int) -> torch.Tensor:
    return torch.tensor([token])


def slot_next(slot: frozenset[Tokens], written: Tokens) -> torch.Tensor:
    """Ids, (n,) int64 rising, that can follow ``written`` towards one of the slot's texts."""
    at = len(written)
    return torch.tensor(sorted({tokens[at] for tokens in slot if tokens[:at] == written and len(tokens) > at}))


@dataclass(frozen=True)
class Student:
    """A base with its adapter, ready to be asked."""

    model: torch.nn.Module
    frame: Frame

    @staticmethod
    def open(base_folder: str | Path, adapter_folder: Path, codec_name: str | None = None) -> Student:
        """Opens what training wrote on its base; raises `WorkFailed` when ``codec_name`` is not the codec it was taught with."""
        facts = Facts.load(adapter_folder)
        if codec_name not in (None, facts.codec):
            raise WorkFailed(f"the student in {adapter_folder} answers in the codec '{facts.codec}', not in '{codec_name}'.")
        model = reopen_adapter(base_folder, adapter_folder)
        dialogue = Dialogue(load_processor(adapter_folder), codec_named(facts.codec))
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return Student(model.to(device), Frame(dialogue, facts.unknown_channels))

    def answer(self, images: list[bytes]) -> list[StudentAnswer]:
        """Answers encoded pictures, in their order; one that cannot be decoded gets an answer with an error."""
        started = time.perf_counter()
        pictures = [_opened(image) for image in images]
        readable = [picture for picture in pictures if isinstance(picture, Image.Image)]
        written = iter(self._write(readable) if readable else [])
        milliseconds = 1000 * (time.perf_counter() - started) / max(1, len(images))
        answers = []
        for picture in pictures:
            if isinstance(picture, str):
                answers.append(StudentAnswer("", 0, milliseconds, picture))
            else:
                ids = next(written)
                answers.append(StudentAnswer(self.frame.dialogue.text(ids), len(ids), milliseconds))
        return answers

    @torch.no_grad()
    def _write(self, pictures: list[Image.Image]) -> list[list[int]]:
        """Token ids of each picture's answer: prompts padded on the left, one step of the whole batch a token."""
        logits_BV, state = self._read(pictures)
        writings = [self.frame.write() for _ in pictures]
        allowed: list[torch.Tensor | None] = [next(writing) for writing in writings]
        written: list[list[int]] = [[] for _ in pictures]
        while True:
            chosen = [self.frame.dialogue.pad_id] * len(pictures)
            for row, choices in enumerate(allowed):
                if choices is not None:
                    chosen[row] = int(choices[logits_BV[row, choices].argmax()])
                    written[row].append(chosen[row])
                    allowed[row] = _sent(writings[row], chosen[row])
            if all(choices is None for choices in allowed):
                return written
            logits_BV = self._next(chosen, state)

    def _read(self, pictures: list[Image.Image]) -> tuple[torch.Tensor, _State]:
        dialogue, device = self.frame.dialogue, next(self.model.parameters()).device
        pixels, grid_B3 = look(dialogue.processor, pictures)
        merge = dialogue.processor.image_processor.merge_size**2
        questions = [dialogue.question(int(grid.prod()) // merge) for grid in grid_B3]
        ids_BT = padded(questions, dialogue.pad_id, side="left").to(device)
        mask_BT = padded([[1] * len(question) for question in questions], 0, side="left").to(device)
        qwen: Any = self.model.get_base_model().model  # type: ignore[operator]
        kinds_BT = (ids_BT == dialogue.image_id).int()
        positions_3BT, _ = qwen.get_rope_index(ids_BT, kinds_BT, image_grid_thw=grid_B3.to(device), attention_mask=mask_BT)
        out = self.model(
            input_ids=ids_BT,
            attention_mask=mask_BT,
            position_ids=positions_3BT,
            pixel_values=pixels.to(device),
            image_grid_thw=grid_B3.to(device),
            use_cache=True,
            logits_to_keep=1,
        )
        return out.logits[:, -1].float().cpu(), _State(out.past_key_values, mask_BT, positions_3BT.amax(dim=(0, 2)) + 1)

    def _next(self, chosen: list[int], state: _State) -> torch.Tensor:
        ids_B1 = torch.tensor(chosen, device=state.mask_BT.device)[:, None]
        state.mask_BT = torch.cat([state.mask_BT, torch.ones_like(ids_B1)], dim=1)
        out = self.model(
            input_ids=ids_B1,
            attention_mask=state.mask_BT,
            position_ids=state.position_B[None, :, None].expand(3, -1, 1),
            past_key_values=state.cache,
            use_cache=True,
        )
        state.position_B = state.position_B + 1
        logits_BV: torch.Tensor = out.logits[:, -1].float().cpu()
        return logits_BV


class _State:
    """What a batch carries from token to token: keys and values, the mask over all tokens, each row's next position."""

    def __init__(self, cache: Any, mask_BT: torch.Tensor, position_B: torch.Tensor) -> None:
        self.cache, self.mask_BT, self.position_B = cache, mask_BT, position_B


def _sent(writing: Writing, token: int) -> torch.Tensor | None:
    try:
        return writing.send(token)
    except StopIteration:
        return None


def _opened(image: bytes) -> Image.Image | str:
    try:
        return Image.open(io.BytesIO(image)).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        # Pillow names the object in memory when it knows no format: nobody can do anything with that.
        return "the picture cannot be decoded" + ("" if isinstance(error, UnidentifiedImageError) else f": {error}")
