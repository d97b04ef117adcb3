"""What a source brings in: its takes as the recipe wants them, each with a warning where it looks mirrored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfcore.recipe import Labels
from sfcore.recordings.finding import Found
from sfcore.recordings.mirroring import looks_mirrored, lopsidedness, mirrored
from sfcore.recordings.reading import Reading
from sfcore.recordings.resting import RestingFace, resting_face, without
from sfcore.recordings.source import Refused, read_takes
from sfcore.recordings.take import Take

# Programs made these: such takes say nothing about a person's lopsided face.
_WITHOUT_A_PERSON = ("prior", "perturbed")


def reading_of(labels: Labels) -> Reading:
    """How the recipe wants its source read."""
    return Reading(rotation=labels.rotation, fps=labels.fps, names=labels.names, video=labels.video)


class OtherTakes:
    """The mean lopsidedness of the takes seen so far."""

    def __init__(self) -> None:
        self._sum: NDArray[np.float64] | None = None
        self._rows = 0

    def add(self, coefficients: NDArray[np.float32]) -> None:
        """Adds (n, 61) rows of a take."""
        weighted = lopsidedness(coefficients) * len(coefficients)
        self._sum = weighted if self._sum is None else self._sum + weighted
        self._rows += len(coefficients)

    @property
    def mean(self) -> NDArray[np.float64] | None:
        """(p,) mean over all rows; None before there are any."""
        return None if self._sum is None or not self._rows else self._sum / self._rows


def incoming(found: Found, labels: Labels, others: OtherTakes) -> Iterator[tuple[Take | Refused, str | None]]:
    """The takes of the files, at rest where asked for and turned over where asked for, each with why it looks mirrored (or None).

    Raises what reading a single file raises.
    """
    rests: dict[str, RestingFace] = {}
    for take in read_takes(found, reading_of(labels)):
        if isinstance(take, Refused):
            yield take, None
            continue
        made = take
        if labels.neutral != "none":
            # One face for all parts of a long recording.
            rest = (
                rests.setdefault(take.source_name, resting_face(take, labels.neutral))
                if not take.cut[0]
                else rests[take.source_name]
            )
            made = without(made, rest)
        if labels.mirror:
            made = mirrored(made)
        suspicion = looks_mirrored(made, others.mean)
        if suspicion is None:
            others.add(made.coefficients)
        else:
            made = replace(made, provenance=made.provenance | {"looks_mirrored": suspicion})
        yield made, suspicion


def stored_as_person(form: str) -> bool:
    """Whether rows of a format show a person's face."""
    return form not in _WITHOUT_A_PERSON


def seconds_in(take: Take) -> float:
    """Seconds of a take, 0 where it knows no time."""
    return 0.0 if math.isnan(take.seconds) else take.seconds
