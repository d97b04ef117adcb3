"""What the student is asked about a picture, and how its answer is laid out in tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np

from sfcore.arkit import CHANNELS
from sfcore.captions.description import Description
from sfcore.codecs.answer import Answer
from sfcore.codecs.codec import Codec
from sfcore.errors import WorkFailed

QUESTION = "Describe this face."

# A field of the grammar takes at most 100 tokens of the tiny base; a student that rambles is cut there.
FIELD_LIMIT = 112


class Part(IntEnum):
    """What a token belongs to; the loss weighs the parts apart."""

    NONE = 0
    """Question, picture, padding, and coefficients that are not known: no loss."""
    DESCRIPTION = 1
    COEFFICIENT = 2


Tokens = tuple[int, ...]

_NOTHING = Answer(Description("", "", "", ""), np.full(len(CHANNELS), np.nan, dtype=np.float32))


@dataclass(frozen=True)
class Dialogue:
    """Question and answer as token ids of one processor's tokenizer, in one codec.

    The description is tokenised line by line and the coefficients slot by slot, so that no merge of a tokenizer joins two lines
    or two channels: what is learnt is what a constrained answer is made of, whichever base is used.
    """

    processor: Any
    codec: Codec

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
    def break_id(self) -> int:
        """The line break that ends each field of the description."""
        return self._one("\n")

    @cached_property
    def openings(self) -> tuple[Tokens, ...]:
        """How each line of the description begins; the space before its first word is part of that word's token."""
        return tuple(self.tokens(line.rstrip(" ")) for line in self.codec.parts(_NOTHING)[0].splitlines())

    @cached_property
    def unknown_marks(self) -> list[Tokens]:
        """For each of the 61 channels the tokens that say that it is not known."""
        return self._slot_tokens(self.codec.parts(_NOTHING)[1])

    @cached_property
    def slots(self) -> tuple[dict[Tokens, str], ...]:
        """For each of the 61 channels the texts allowed in its place, by their tokens."""
        seen: dict[str, Tokens] = {}
        for texts in self.codec.coefficient_slots():
            seen.update({text: self.tokens(text) for text in texts if text not in seen})
        return tuple({seen[text]: text for text in texts} for texts in self.codec.coefficient_slots())

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
        words, numbers = self.codec.parts(answer)
        ids: list[int] = []
        for line, opening in zip(words.splitlines(), self.openings, strict=True):
            body = line[len(self.text(opening)) :]
            ids += [*opening, *self.tokens(body), self.break_id]
        parts = [Part.DESCRIPTION] * len(ids)
        for tokens, value in zip(self._slot_tokens(numbers), answer.coefficients, strict=True):
            ids += tokens
            parts += [Part.NONE if np.isnan(value) else Part.COEFFICIENT] * len(tokens)
        return [*ids, self.end_id], [*parts, Part.DESCRIPTION]

    def _slot_tokens(self, numbers: str) -> list[Tokens]:
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
