"""Greedy decoding under a frame, many tokens to a forward pass: forced ones are fed together, usual ones are guessed and checked.

Exactly what choosing one token at a time would give: each choice is the allowed token of the highest logit after all tokens
before it. Rows of a batch advance by unlike numbers of tokens; what a row does not use is masked out of the attention of all that
follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image

from sfcore.student.batches import look, padded
from sfcore.student.frame import Frame, Place
from sfcore.student.habits import Habits

# Tokens of a row fed in one pass beyond those decided. `python benchmarks/decode.py --guessed N` prints what other numbers cost.
MOST_GUESSED = 16
# Keys and values kept, over those that the longest row uses, beyond which they are moved together. Eight untaught answers of 60
# tokens a field took 3.4 s of a core at 1.25, 4.4 s when moved at each pass (1.0), 3.9 s at 2 and 4.2 s when never moved.
_MOST_WASTE = 1.25


@dataclass
class Row:
    """One answer that is being written."""

    place: Place
    pending: list[int] = field(default_factory=list)
    """Decided and not yet fed."""
    written: list[int] = field(default_factory=list)
    shares: torch.Tensor | None = None
    """(61, levels) float32 shares of the levels at the channel tokens, where coefficients are read."""
    finished: bool = False
    most: int = MOST_GUESSED
    """Tokens ever guessed in one pass; 0 feeds what is decided alone."""
    reach: int = field(init=False)
    """Tokens worth guessing now: it doubles where all guesses were right and halves where none was."""

    def __post_init__(self) -> None:
        self.reach = self.most

    def decide(self, token: int) -> None:
        """Adds a token to the answer."""
        self.place = self.place.after(token)
        self.written.append(token)

    def run_on(self) -> None:
        """Decides what leaves no choice."""
        while not self.place.done and (token := self.place.only()) is not None:
            self.decide(token)
            self.pending.append(token)

    def take(self, fed: list[int], logits_WV: torch.Tensor) -> int:
        """Goes on as far as the logits at the tokens fed tell, and returns how many of those stand in the answer."""
        at, self.pending = len(self.pending) - 1, []
        while not self.place.done:
            token = self.place.only()
            if token is None:
                if self.pending:
                    break
                choices = self.place.allowed()
                token = int(choices[logits_WV[at, choices.to(logits_WV.device)].argmax()])
            self.decide(token)
            if not self.pending and at + 1 < len(fed) and fed[at + 1] == token:
                at += 1
            else:
                self.pending.append(token)
        return at + 1

    def fed(self, habits: Habits) -> list[int]:
        """What the next pass reads: the tokens that are decided, then those that usually follow, as far as guessing reaches."""
        return [*self.pending, *habits.ahead(self.place, self.written, self.reach)]

    def learn(self, right: int, guesses: int) -> None:
        """Takes to heart how many of its last guesses were right: a student that never does the usual is soon guessed at less."""
        if guesses and right == guesses:
            self.reach = min(self.most, 2 * self.reach)
        elif guesses and not right:
            self.reach = max(1, self.reach // 2)


@dataclass(frozen=True)
class Written:
    """What a batch wrote: rows in the order of its pictures, and how many forward passes it took."""

    rows: list[Row]
    passes: int


@torch.no_grad()
def write(model: Any, frame: Frame, habits: Habits, pictures: list[Image.Image], guessed: int = MOST_GUESSED) -> Written:
    """Answers RGB pictures, all together; at most ``guessed`` tokens a row are tried ahead in a pass, 0 feeds what is decided."""
    rows = [Row(frame.start(), most=guessed) for _ in pictures]
    for row in rows:
        row.run_on()
    feed = Feed.begin(model, frame, pictures, [row.pending for row in rows])
    fed, logits_BWV = [list(row.pending) for row in rows], feed.logits_BWV
    while True:
        kept = [_taken(row, tokens, logits_WV, frame) for row, tokens, logits_WV in zip(rows, fed, logits_BWV, strict=True)]
        feed.keep(kept)
        if all(row.finished for row in rows):
            return Written(rows, feed.passes)
        fed = [[] if row.finished else row.fed(habits) for row in rows]
        logits_BWV = feed.next(fed)


def _taken(row: Row, fed: list[int], logits_WV: torch.Tensor, frame: Frame) -> int:
    """How many of the tokens fed a row keeps; a row that is done reads its channels or is finished."""
    if row.finished:
        return 0
    channels = frame.dialogue.channel_ids
    if row.place.done:  # what was fed ends in the channel tokens
        logits = logits_WV[len(fed) - len(channels) : len(fed)][:, list(frame.dialogue.level_ids)]
        row.shares, row.finished = logits.float().softmax(dim=-1).cpu(), True
        return len(fed)
    decided = len(row.pending)
    kept = row.take(fed, logits_WV)
    row.learn(kept - decided, len(fed) - decided)
    reached = row.place
    row.finished = reached.done and not channels
    return kept


class Feed:
    """What a batch carries from pass to pass: keys and values, the mask over all tokens, each row's next position."""

    def __init__(self, model: Any, pad_id: int, cache: Any, mask_BT: torch.Tensor, position_B: torch.Tensor) -> None:
        self.passes = 1
        self._model, self._pad_id, self._cache = model, pad_id, cache
        self._mask_BT, self._position_B = mask_BT, position_B
        self._width = 0
        self.logits_BWV = torch.empty(0)

    @staticmethod
    def begin(model: Any, frame: Frame, pictures: list[Image.Image], openings: list[list[int]]) -> Feed:
        """Reads the questions, each followed by how its answer opens; the logits kept are those of the openings."""
        dialogue, device = frame.dialogue, next(model.parameters()).device
        pixels, grid_B3 = look(dialogue.processor, pictures)
        merge = dialogue.processor.image_processor.merge_size**2
        questions = [dialogue.question(int(grid.prod()) // merge) for grid in grid_B3]
        asked = [[*question, *opening] for question, opening in zip(questions, openings, strict=True)]
        ids_BT = padded(asked, dialogue.pad_id, side="left").to(device)
        mask_BT = padded([[1] * len(ids) for ids in asked], 0, side="left").to(device)
        qwen: Any = model.get_base_model().model
        kinds_BT = (ids_BT == dialogue.image_id).int()
        positions_3BT, _ = qwen.get_rope_index(ids_BT, kinds_BT, image_grid_thw=grid_B3.to(device), attention_mask=mask_BT)
        out = model(
            input_ids=ids_BT,
            attention_mask=mask_BT,
            position_ids=positions_3BT,
            pixel_values=pixels.to(device),
            image_grid_thw=grid_B3.to(device),
            use_cache=True,
            logits_to_keep=len(openings[0]),
        )
        feed = Feed(model, dialogue.pad_id, out.past_key_values, mask_BT, positions_3BT.amax(dim=(0, 2)) + 1)
        feed.logits_BWV = out.logits.float()
        return feed

    def keep(self, kept: list[int]) -> None:
        """Masks what rows do not use of the tokens fed last, and moves each row on by what it keeps."""
        if not self._width:  # openings are all kept, and their positions counted
            return
        kept_B1 = torch.tensor(kept, device=self._mask_BT.device)[:, None]
        places_1W = torch.arange(self._width, device=self._mask_BT.device)[None]
        self._mask_BT[:, -self._width :] = (places_1W < kept_B1).to(self._mask_BT.dtype)
        self._position_B = self._position_B + kept_B1[:, 0]
        if self._mask_BT.shape[1] > _MOST_WASTE * int(self._mask_BT.sum(dim=1).max()):
            self._drop_unused()

    def _drop_unused(self) -> None:
        """Moves what each row uses to the right, in its order, and cuts off what no row uses any more; keys know their places."""
        used = int(self._mask_BT.sum(dim=1).max())
        order_BT = self._mask_BT.argsort(dim=1, stable=True)[:, -used:]
        self._mask_BT = self._mask_BT.gather(1, order_BT)
        for layer in self._cache.layers:
            places_BHTD = order_BT[:, None, :, None].expand(-1, layer.keys.shape[1], -1, layer.keys.shape[3])
            layer.keys, layer.values = layer.keys.gather(2, places_BHTD), layer.values.gather(2, places_BHTD)

    def next(self, fed: list[list[int]]) -> torch.Tensor:
        """One pass over unlike numbers of tokens: (B, W, V) float32 logits."""
        device = self._mask_BT.device
        ids_BW = padded(fed, self._pad_id).to(device)
        self._width = ids_BW.shape[1]
        fresh_BW = padded([[1] * len(tokens) for tokens in fed], 0).to(device)
        self._mask_BT = torch.cat([self._mask_BT, fresh_BW], dim=1)
        positions_BW = self._position_B[:, None] + torch.arange(self._width, device=device)[None]
        out = self._model(
            input_ids=ids_BW,
            attention_mask=self._mask_BT,
            position_ids=positions_BW[None].expand(3, -1, -1),
            past_key_values=self._cache,
            use_cache=True,
        )
        self.passes += 1
        logits_BWV: torch.Tensor = out.logits.float()
        return logits_BWV
