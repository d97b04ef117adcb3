"""Supervision rows to tensors, in an order that follows from the seed alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import Answer
from sfcore.codecs.ordinal import soft_labels
from sfcore.errors import WorkFailed
from sfcore.randomness import stream
from sfcore.student.dialogue import Dialogue, Part, Tokens
from sfcore.student.mirror import mirrored_answer

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: tuple[str, ...] = ("sample_id", "image", *NAMES, *FIELDS)
"""The columns of `supervision` that training reads."""


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return stream(f"order-{seed}", str(epoch)).permutation(count)


def batch_indices(step: int, batch_size: int, count: int, seed: int) -> np.ndarray:
    """Row numbers of one optimiser step, (batch_size,) int64.

    The epochs' permutations follow each other without a gap, so every row is seen once per epoch, every batch is full, and any
    step can be made alone. A rank takes its slice of this batch: the order knows nothing of the number of ranks.
    """
    places = np.arange(step * batch_size, (step + 1) * batch_size)
    return np.array([_permutation(seed, int(place) // count, count)[place % count] for place in places], dtype=np.int64)


def rank_slice(indices: np.ndarray, rank: int, world_size: int) -> np.ndarray:
    """The rows of a global batch that one rank computes: contiguous, equally many for each, else `WorkFailed`."""
    if len(indices) % world_size:
        raise WorkFailed(f"a batch of {len(indices)} cannot be shared by {world_size} processes: choose a multiple of it.")
    share = len(indices) // world_size
    return indices[rank * share : (rank + 1) * share]


def batch_flips(step: int, batch_size: int, count: int, seed: int, share: float) -> np.ndarray:
    """Which rows of an optimiser step are learnt mirrored, (batch_size,) bool: in each epoch others, by the seed."""
    places = range(step * batch_size, (step + 1) * batch_size)
    return np.array([_chances(seed, place // count, count)[place % count] < share for place in places])


@lru_cache(maxsize=2)
def _chances(seed: int, epoch: int, count: int) -> np.ndarray:
    return stream(f"flips-{seed}", str(epoch)).random(count)


@dataclass(frozen=True)
class Reading:
    """What is read off channel tokens: ``labels`` (B, 61, levels) float32, all 0 where a channel is unknown; ``places`` (B, 61)
    int64, where each row's channel tokens stand; and the ids of the levels."""

    labels: torch.Tensor
    places: torch.Tensor
    level_ids: Tokens


@dataclass(frozen=True)
class Batch:
    """Rows padded on the right: ids, mask and parts (B, T) int64; pixels (patches, patch values) float32; grids (B, 3) int64."""

    sample_ids: list[str]
    ids: torch.Tensor
    mask: torch.Tensor
    parts: torch.Tensor
    pixels: torch.Tensor
    grids: torch.Tensor
    image_id: int
    reading: Reading | None = None

    def inputs(self, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
        """What Qwen3-VL's forward takes."""
        return {
            "input_ids": self.ids.to(device),
            "attention_mask": self.mask.to(device),
            "mm_token_type_ids": (self.ids == self.image_id).long().to(device),
            "pixel_values": self.pixels.to(device),
            "image_grid_thw": self.grids.to(device),
        }


@dataclass(frozen=True)
class Supervision:
    """The rows to learn from (columns `COLUMNS` of the supervision table) and how they are laid out for one base and codec."""

    rows: pa.Table
    dialogue: Dialogue

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def sample_ids(self, indices: np.ndarray) -> list[str]:
        """The names of the rows, for messages."""
        return list(self.rows.column("sample_id").take(indices).to_pylist())

    def answers(self, indices: np.ndarray) -> list[Answer]:
        """What is to be answered to the pictures of the rows."""
        return _answers(self.rows.take(indices))

    def batch(self, indices: np.ndarray, flips: np.ndarray | None = None) -> Batch:
        """The rows as tensors, those of ``flips`` (B,) bool mirrored: picture, channels and words.

        Raises `WorkFailed` naming the sample whose picture cannot be decoded.
        """
        rows = self.rows.take(indices)
        sample_ids = rows.column("sample_id").to_pylist()
        turned = np.zeros(len(indices), bool) if flips is None else flips
        pictures = _pictures(rows.column("image").to_pylist(), sample_ids)
        pictures = [ImageOps.mirror(picture) if flip else picture for picture, flip in zip(pictures, turned, strict=True)]
        answers = [mirrored_answer(answer) if flip else answer for answer, flip in zip(_answers(rows), turned, strict=True)]
        pixels, grid_B3 = look(self.dialogue.processor, pictures)
        merge = self.dialogue.processor.image_processor.merge_size**2
        tokens, parts = [], []
        for grid, answer in zip(grid_B3, answers, strict=True):
            question = self.dialogue.question(int(grid.prod()) // merge)
            answer_ids, answer_parts = self.dialogue.answer(answer)
            tokens.append([*question, *answer_ids])
            parts.append([Part.NONE] * len(question) + answer_parts)
        return Batch(
            sample_ids=sample_ids,
            ids=padded(tokens, self.dialogue.pad_id),
            mask=padded([[1] * len(row) for row in tokens], 0),
            parts=padded(parts, Part.NONE),
            pixels=pixels,
            grids=grid_B3,
            image_id=self.dialogue.image_id,
            reading=self._reading(tokens, answers) if self.dialogue.channel_ids else None,
        )

    def _reading(self, tokens: list[list[int]], answers: list[Answer]) -> Reading:
        first, count = self.dialogue.channel_ids[0], len(NAMES)
        places = [[at + channel for channel in range(count)] for at in (row.index(first) for row in tokens)]
        labels = soft_labels(np.stack([answer.coefficients for answer in answers]))
        return Reading(torch.from_numpy(labels), torch.tensor(places), self.dialogue.level_ids)


def _answers(rows: pa.Table) -> list[Answer]:
    values = np.stack([rows.column(name).to_numpy().astype(np.float32) for name in NAMES], axis=1)
    words = [rows.column(name).to_pylist() for name in FIELDS]
    return [Answer(Description(*fields), row) for fields, row in zip(zip(*words, strict=True), values, strict=True)]


def look(processor: Any, pictures: list[Image.Image]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures as the vision tower takes them: (patches, patch values) float32 and (B, 3) int64 grids of patches."""
    seen = processor.image_processor(pictures, return_tensors="pt")
    return seen["pixel_values"], seen["image_grid_thw"]


def _pictures(encoded: list[bytes], sample_ids: list[str]) -> list[Image.Image]:
    pictures = []
    for content, sample_id in zip(encoded, sample_ids, strict=True):
        try:
            pictures.append(Image.open(io.BytesIO(content)).convert("RGB"))
        except OSError as error:
            raise WorkFailed(f"the picture of sample {sample_id} cannot be decoded ({error}): make the sample again.") from None
    return pictures


def padded(rows: Sequence[Sequence[int]], fill: int, side: Literal["left", "right"] = "right") -> torch.Tensor:
    """Rows of ids filled up to the longest, (B, T) int64."""
    tensors = [torch.tensor(row, dtype=torch.int64) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=fill, padding_side=side)


class LossSums(NamedTuple):
    """Sums of the tokens' losses and how many tokens they are over, for each part: scalars; means are taken over all ranks."""

    description: torch.Tensor
    description_tokens: torch.Tensor
    coefficients: torch.Tensor
    coefficient_tokens: torch.Tensor
    form: torch.Tensor
    form_tokens: torch.Tensor


def loss_sums(logits_BTV: torch.Tensor, batch: Batch) -> LossSums:
    """Cross entropy in nats of each answer token given what stands before it, summed by part.

    Where coefficients are read off channel tokens, theirs is the divergence of the levels' shares from their soft labels.
    """
    ids_BT, parts_BT = batch.ids[:, 1:].to(logits_BTV.device), batch.parts[:, 1:].to(logits_BTV.device)
    loss_BT = functional.cross_entropy(logits_BTV[:, :-1].float().flatten(0, 1), ids_BT.flatten(), reduction="none").view_as(
        ids_BT
    )
    described, form = parts_BT == Part.DESCRIPTION, parts_BT == Part.FORM
    if batch.reading is None:
        chosen = parts_BT == Part.COEFFICIENT
        coefficients, measured = loss_BT[chosen].sum(), chosen.sum()
    else:
        coefficients, measured = _reading_loss(logits_BTV, batch.reading)
    words = loss_BT[described].sum(), described.sum()
    return LossSums(*words, coefficients, measured, loss_BT[form].sum(), form.sum())


def _reading_loss(logits_BTV: torch.Tensor, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """Divergence in nats summed over the known channels, and how many they are."""
    device = logits_BTV.device
    labels_BCL, places_BC = reading.labels.to(device), reading.places.to(device)
    rows_B1 = torch.arange(len(places_BC), device=device)[:, None]
    logits_BCL = logits_BTV[rows_B1, places_BC][..., list(reading.level_ids)].float()
    divergence_BC = functional.kl_div(logits_BCL.log_softmax(dim=-1), labels_BCL, reduction="none").sum(dim=-1)
    known_BC = labels_BCL.sum(dim=-1) > 0
    return divergence_BC[known_BC].sum(), known_BC.sum()
