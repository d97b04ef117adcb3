"""An answer as it is for the mirrored picture: channels change sides and signs, words left and right."""

from __future__ import annotations

import numpy as np

from sfcore.arkit import MIRROR_INDEX, MIRROR_SIGN
from sfcore.captions.sides import exchanged
from sfcore.codecs.answer import Answer

_SIGN = np.array(MIRROR_SIGN, np.float32)


def mirrored_answer(answer: Answer) -> Answer:
    """What is to be answered to the picture turned over; twice gives the answer itself."""
    values = answer.coefficients[list(MIRROR_INDEX)] * _SIGN
    return Answer(exchanged(answer.description), np.where(values == 0, np.float32(0.0), values).astype(np.float32))  # no -0
