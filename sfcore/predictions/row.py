"""A prediction: one picture's answer, or why there is none, as it is written to files and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import AnswerError
from sfcore.codecs.codec import Codec
from sfcore.predictions.shots import Shot
from sfcore.student.answering import StudentAnswer

# What a channel must reach to be named beside a picture: active, as in the metrics.
_ACTIVE = 0.1
_NAMED = 4


@dataclass(frozen=True)
class Prediction:
    """``number`` counts the rows; ``coefficients`` (61,) float32, NaN = unknown; all NaN, and no description, with an error."""

    number: int
    source: str
    frame: int
    t: float | None
    coefficients: NDArray[np.float32]
    description: Description | None
    error: str | None
    warning: str | None
    tokens: int
    milliseconds: float

    @staticmethod
    def of(number: int, shot: Shot, answer: StudentAnswer, codec: Codec) -> Prediction:
        """Reads an answer to a shot."""
        values, words, error = np.full(len(NAMES), np.nan, np.float32), None, answer.error
        if error is None:
            try:
                read = codec.decode(answer.text)
            except AnswerError as unread:
                error = str(unread)
            else:
                values, words = read.coefficients, read.description
        return Prediction(
            number, shot.source, shot.frame, shot.t, values, words, error, answer.warning, answer.tokens, answer.milliseconds
        )

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: null for what is not known."""
        known = [None if np.isnan(value) else float(f"{value:.6g}") for value in self.coefficients]
        return {
            "source": self.source,
            "frame": self.frame,
            "t": None if self.t is None else round(self.t, 6),
            "error": self.error,
            "warning": self.warning,
            "description": None if self.description is None else {field: getattr(self.description, field) for field in FIELDS},
            "coefficients": None if self.error else dict(zip(NAMES, known, strict=True)),
            "tokens": self.tokens,
            "milliseconds": round(self.milliseconds, 2),
        }

    def strongest(self) -> str:
        """The channels that move most, for people: "JawOpen 0.62, MouthSmileLeft 0.40"."""
        sizes = np.abs(np.nan_to_num(self.coefficients))
        chosen = [at for at in np.argsort(-sizes, kind="stable")[:_NAMED].tolist() if sizes[at] > _ACTIVE]
        return ", ".join(f"{NAMES[at]} {self.coefficients[at]:.2f}" for at in chosen) or "nothing above 0.1"
