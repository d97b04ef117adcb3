"""The form of an answer as a grammar over tokens: at each place either one token is possible, or there is a choice.

A description's fields are free words between an opening and an ending; each coefficient is one of its slot's texts, or, where
coefficients are read and not written, a channel token. Places are values: going on from one leaves it as it was, so that a guess
can be followed and given up, and a processor of logits walks the same grammar as our own decoding.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch

from sfcore.arkit import NAMES
from sfcore.student.dialogue import FIELD_LIMIT, Dialogue, Tokens


class Segment(Protocol):
    """A stretch of the answer; ``written`` are its tokens so far."""

    def allowed(self, written: Tokens) -> torch.Tensor:
        """Ids, (n,) int64 rising, that can follow."""
        ...

    def only(self, written: Tokens) -> int | None:
        """The id that must follow, or None where there is a choice."""
        ...

    def ends(self, written: Tokens) -> bool:
        """Whether the stretch is complete."""
        ...


@dataclass(frozen=True, eq=False)
class Fixed:
    """Tokens that leave no choice."""

    tokens: Tokens

    def allowed(self, written: Tokens) -> torch.Tensor:
        """The next token."""
        return torch.tensor([self.only(written)])

    def only(self, written: Tokens) -> int:
        """The next token."""
        return self.tokens[len(written)]

    def ends(self, written: Tokens) -> bool:
        """After the last token."""
        return len(written) == len(self.tokens)


@dataclass(frozen=True, eq=False)
class Words:
    """Free words, at least one and at most ``limit`` tokens after the first, until ``ending`` is chosen."""

    first: torch.Tensor
    """Ids that begin with a space, (n,) int64 rising."""
    words: torch.Tensor
    """Ids of words and of the ending, (n,) int64 rising."""
    ending: int
    limit: int

    def allowed(self, written: Tokens) -> torch.Tensor:
        """A word or the ending; at the limit the ending alone."""
        if len(written) > self.limit:
            return torch.tensor([self.ending])
        return self.words if written else self.first

    def only(self, written: Tokens) -> int | None:
        """The ending at the limit."""
        return self.ending if len(written) > self.limit else None

    def ends(self, written: Tokens) -> bool:
        """When the ending was chosen."""
        return written[-1:] == (self.ending,)


@dataclass(frozen=True, eq=False)
class Slot:
    """One of several texts, none of which begins another."""

    texts: frozenset[Tokens]

    @cached_property
    def _following(self) -> dict[Tokens, torch.Tensor]:
        following: dict[Tokens, set[int]] = defaultdict(set)
        for tokens in self.texts:
            for at, token in enumerate(tokens):
                following[tokens[:at]].add(token)
        return {written: torch.tensor(sorted(tokens)) for written, tokens in following.items()}

    def allowed(self, written: Tokens) -> torch.Tensor:
        """The tokens with which some text goes on."""
        return self._following[written]

    def only(self, written: Tokens) -> int | None:
        """The token, where all texts go on with it."""
        following = self._following[written]
        return int(following[0]) if len(following) == 1 else None

    def ends(self, written: Tokens) -> bool:
        """When a text is complete."""
        return written in self.texts


@dataclass(frozen=True)
class Place:
    """A place in an answer that is being written: which segment of the frame, and that segment's tokens so far."""

    frame: Frame
    at: int
    written: Tokens

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self.at == len(self.frame.segments)

    @property
    def segment(self) -> Segment:
        """The stretch that is being written."""
        return self.frame.segments[self.at]

    def allowed(self) -> torch.Tensor:
        """Ids, (n,) int64 rising, that can follow."""
        return self.segment.allowed(self.written)

    def only(self) -> int | None:
        """The id that must follow, or None where there is a choice."""
        return self.segment.only(self.written)

    def after(self, token: int) -> Place:
        """The place behind a token that can follow."""
        written = (*self.written, token)
        return Place(self.frame, self.at + 1, ()) if self.segment.ends(written) else Place(self.frame, self.at, written)


@dataclass(frozen=True, eq=False)
class Frame:
    """The grammar of the answers of one student.

    A channel that no training row knew is written as unknown, and every other as known: the loss never taught when to say which.
    """

    dialogue: Dialogue
    unknown_channels: tuple[str, ...]
    device: str = "cpu"
    """Where the ids of choices lie: beside the logits."""
    field_limit: int = FIELD_LIMIT
    """Tokens of a field after its first word."""

    def start(self) -> Place:
        """The place before the first token."""
        return Place(self, 0, ())

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """All stretches of an answer in their order, up to its last coefficient."""
        segments: list[Segment] = []
        for opening, ending in self.dialogue.fields:
            segments += [Fixed(opening), self._words_until(ending[0])]
            segments += [Fixed(ending[1:])] if ending[1:] else []
        if self.dialogue.channel_ids:
            return (*segments, Fixed(self.dialogue.channel_ids))
        return (*segments, *self._slots())

    def _slots(self) -> list[Slot]:
        unknown = self.dialogue.unknown_marks
        slots = []
        for name, slot, mark in zip(NAMES, self.dialogue.slots, unknown, strict=True):
            slots.append(Slot(frozenset({mark}) if name in self.unknown_channels else frozenset(slot) - {mark}))
        return slots

    def _words_until(self, ending: int) -> Words:
        plain = [token for token in self._plain if token != ending]
        first = [token for token in plain if self._texts[token].startswith(" ")]
        words = sorted([*plain, ending])
        return Words(torch.tensor(first, device=self.device), torch.tensor(words, device=self.device), ending, self.field_limit)

    @property
    def reads_at(self) -> int:
        """The segment of the channel tokens; behind the last where coefficients are written."""
        return len(self.segments) - (1 if self.dialogue.channel_ids else 0)

    @cached_property
    def _texts(self) -> list[str]:
        return [self.dialogue.text([token]) for token in range(len(self.dialogue.processor.tokenizer))]

    @cached_property
    def _plain(self) -> list[int]:
        """Tokens that a field may hold: no marker, no channel, no line break, nothing that an escape begins with."""
        markers = {*self.dialogue.processor.tokenizer.all_special_ids, *self.dialogue.channel_ids}
        return [
            token
            for token, text in enumerate(self._texts)
            if token not in markers and text and not any(sign in text for sign in "\n\r\\")
        ]
