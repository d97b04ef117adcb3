"""What the student is asked about a picture, and how its answer is laid out in tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from transformers import AddedToken

from sfcore.arkit import CHANNELS
from sfcore.captions.description import Description
from sfcore.codecs.answer import Answer
from sfcore.codecs.codec import Codec
from sfcore.codecs.readout import CHANNEL_TOKENS, MARKS, ReadoutCodec
from sfcore.errors import WorkFailed

QUESTION = "Describe this face."

# A field of the grammar takes at most 100 tokens of the tiny base; a student that rambles is cut there, where nothing is known of
# what it has learnt.
FIELD_LIMIT = 112
_LEAST_LIMIT = 8


class Part(IntEnum):
    """What a token belongs to; the loss weighs the parts apart."""

    NONE = 0
    """Question, picture, padding, and coefficients that are not known: no loss."""
    DESCRIPTION = 1
    COEFFICIENT = 2
    FORM = 3
    """What the codec's form leaves no choice about, such as the keys of a JSON object. A student that is asked under the form's
    grammar needs none of it; one that is to write freely must know it."""


Tokens = tuple[int, ...]

_NOTHING = Answer(Description("", "", "", ""), np.full(len(CHANNELS), np.nan, dtype=np.float32))


class Field(NamedTuple):
    """How one field of the description is set: tokens before it and tokens that end it."""

    opening: Tokens
    ending: Tokens


@dataclass(frozen=True)
class Dialogue:
    """Question and answer as token ids of one processor's tokenizer, in one codec.

    The description is tokenised field by field and the coefficients slot by slot, so that no merge of a tokenizer joins two
    fields or two channels: what is learnt is what a constrained answer is made of, whichever base is used. Where the codec reads
    coefficients off channel tokens, the tokenizer learns those here; it keeps them when it is saved.
    """

    processor: Any
    codec: Codec

    def __post_init__(self) -> None:
        """Adds the channel tokens to the tokenizer of a codec that has them; those that it knows keep their ids."""
        if isinstance(self.codec, ReadoutCodec):
            self.processor.tokenizer.add_tokens([AddedToken(t, special=True, normalized=False) for t in CHANNEL_TOKENS])

    @property
    def image_id(self) -> int:
        """The token that stands for one merged patch of the picture."""
        return int(self.processor.image_token_id)

    @property
    def pad_id(self) -> int:
        """The token that fills rows up."""
        return int(self.processor.tokenizer.pad_token_id)

    @cached_property
    def end_id(self) -> int:
        """The token that ends a turn."""
        return int(self.processor.tokenizer.convert_tokens_to_ids("<|im_end|>"))

    @cached_property
    def channel_ids(self) -> Tokens:
        """The 61 channel tokens in Live Link order; none where coefficients are written."""
        if not isinstance(self.codec, ReadoutCodec):
            return ()
        return tuple(self.processor.tokenizer.convert_tokens_to_ids(list(CHANNEL_TOKENS)))

    @cached_property
    def level_ids(self) -> Tokens:
        """The tokens whose logits, at a channel token, are the channel's levels in rising order."""
        return tuple(self._one(mark) for mark in MARKS)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """How each field is set; the space before its first word is part of that word's token."""
        pieces = self.codec.pieces(_NOTHING.description)
        return tuple(Field(self.tokens(piece.opening), self.tokens(piece.ending)) for piece in pieces)

    @cached_property
    def unknown_marks(self) -> list[Tokens]:
        """For each of the 61 channels the tokens that say that it is not known."""
        return self.slot_tokens(self.codec.parts(_NOTHING)[1])

    @cached_property
    def slots(self) -> tuple[dict[Tokens, str], ...]:
        """For each of the 61 channels the texts allowed in its place, by their tokens."""
        seen: dict[str, Tokens] = {}
        for texts in self.codec.coefficient_slots():
            seen.update({text: self.tokens(text) for text in texts if text not in seen})
        return tuple({seen[text]: text for text in texts} for texts in self.codec.coefficient_slots())

    @cached_property
    def _choices(self) -> tuple[frozenset[Tokens], ...]:
        """For each channel the beginnings of its texts after which more than one token may follow."""
        return tuple(frozenset(_branches(slot)) for slot in self.slots)

    @cached_property
    def _around_picture(self) -> tuple[list[int], list[int]]:
        content = [{"type": "image"}, {"type": "text", "text": QUESTION}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        ids = list(self.processor.tokenizer(text, add_special_tokens=False)["input_ids"])
        at = ids.index(self.image_id)
        return ids[:at], ids[at + 1 :]

    def question(self, picture_tokens: int) -> list[int]:
        """Ids of the question about a picture of so many tokens, up to where the answer begins."""
        before, after = self._around_picture
        return [*before, *[self.image_id] * picture_tokens, *after]

    def answer(self, answer: Answer) -> tuple[list[int], list[Part]]:
        """Ids of an answer from its first word to the end of the turn, and the part each belongs to."""
        ids, parts = self.described(answer.description)
        if self.channel_ids:
            return [*ids, *self.channel_ids, self.end_id], [*parts, *[Part.NONE] * (len(CHANNELS) + 1)]
        texts = self.slot_tokens(self.codec.parts(answer)[1])
        for tokens, choices, value in zip(texts, self._choices, answer.coefficients, strict=True):
            chosen = Part.NONE if np.isnan(value) else Part.COEFFICIENT
            ids += tokens
            parts += [chosen if tokens[:at] in choices else Part.FORM for at in range(len(tokens))]
        return [*ids, self.end_id], [*parts, Part.DESCRIPTION]

    def described(self, description: Description) -> tuple[list[int], list[Part]]:
        """Ids of the description alone, and their parts."""
        ids: list[int] = []
        parts: list[Part] = []
        for piece, field in zip(self.codec.pieces(description), self.fields, strict=True):
            body = self.tokens(piece.body)
            ids += [*field.opening, *body, *field.ending]
            parts += [Part.FORM] * len(field.opening) + [Part.DESCRIPTION] * (len(body) + 1)
            parts += [Part.FORM] * (len(field.ending) - 1)
        return ids, parts

    def limit_of(self, descriptions: Iterable[Description]) -> int:
        """Tokens at which a field may be cut: a quarter above the longest field of what is learnt."""
        pieces = (piece for description in descriptions for piece in self.codec.pieces(description))
        return _LEAST_LIMIT + max((len(self.tokens(piece.body)) for piece in pieces), default=FIELD_LIMIT) * 5 // 4

    def slot_tokens(self, numbers: str) -> list[Tokens]:
        """The tokens of each of the 61 channels in coefficient text."""
        chosen = []
        for slot in self.slots:
            tokens, text = next((tokens, text) for tokens, text in slot.items() if numbers.startswith(text))
            chosen.append(tokens)
            numbers = numbers[len(text) :]
        return chosen

    def tokens(self, text: str) -> Tokens:
        """Ids of text in which nothing is read as a marker, whatever it spells."""
        return tuple(self.processor.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def text(self, ids: list[int] | Tokens) -> str:
        """The text of ids."""
        return str(self.processor.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    def _one(self, text: str) -> int:
        ids = self.tokens(text)
        if len(ids) != 1:
            raise WorkFailed(f"the base's tokenizer writes {text!r} with {len(ids)} tokens instead of one: choose another base.")
        return ids[0]


def _branches(texts: Iterable[Tokens]) -> Iterator[Tokens]:
    """The beginnings after which texts go on in more than one way."""
    following: dict[Tokens, set[int]] = defaultdict(set)
    for tokens in texts:
        for at, token in enumerate(tokens):
            following[tokens[:at]].add(token)
    return (beginning for beginning, tokens in following.items() if len(tokens) > 1)
