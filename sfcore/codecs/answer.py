"""An answer: what a face shows in words, and the 61 numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.description import Description


class AnswerError(ValueError):
    """A text is no answer; its sentence says where it stops being one."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One answer of a teacher or a student."""

    description: Description
    coefficients: NDArray[np.float32]
    """(61,) float32 in Live Link order: shapes in 0..1, rotations in radians, NaN = unknown."""

    def __eq__(self, other: object) -> bool:
        """Equal words and equal numbers; two unknown channels are equal."""
        if not isinstance(other, Answer):
            return NotImplemented
        same = np.array_equal(self.coefficients, other.coefficients, equal_nan=True)
        return self.description == other.description and same

    __hash__ = None  # type: ignore[assignment]  # it holds an array
