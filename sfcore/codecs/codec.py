"""What every codec can do: turn an answer into the text a student learns to write, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.description import Description
from sfcore.codecs.answer import Answer
from sfcore.codecs.compact import CompactCodec
from sfcore.codecs.official import OfficialCodec
from sfcore.codecs.prose import Piece
from sfcore.codecs.readout import ReadoutCodec
from sfcore.errors import WrongUse, nearest


@runtime_checkable
class Codec(Protocol):
    """A text form of answers: ``decode(encode(a))`` is ``a`` with ``quantised`` coefficients, which writes the same text."""

    name: str

    def encode(self, answer: Answer) -> str:
        """The text of an answer."""
        ...

    def parts(self, answer: Answer) -> tuple[str, str]:
        """Description text and coefficient text, whose concatenation is ``encode(answer)``."""
        ...

    def pieces(self, description: Description) -> tuple[Piece, ...]:
        """The description text field by field: concatenated, the first of `parts`; no ending occurs in a body."""
        ...

    def decode(self, text: str) -> Answer:
        """The answer written in ``text``; raises `AnswerError` with a sentence when it is none."""
        ...

    def quantised(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """(61,) float32 -> (61,) float32: the values that survive the text, NaN stays NaN."""
        ...

    def coefficient_slots(self) -> tuple[tuple[str, ...], ...]:
        """For each of the 61 channels the texts allowed in its place; any choice of one each concatenates to coefficient text."""
        ...


_MAKERS: dict[str, Callable[[], Codec]] = {"official": OfficialCodec, "compact": CompactCodec, "readout": ReadoutCodec}
CODEC_NAMES: tuple[str, ...] = tuple(_MAKERS)


def codec_named(name: str) -> Codec:
    """The codec of that name; raises `WrongUse` with the nearest name when there is none."""
    maker = _MAKERS.get(name)
    if maker is None:
        raise WrongUse(f"no codec '{name}'{nearest(name, _MAKERS)}: choose one of {', '.join(_MAKERS)}.")
    return maker()
