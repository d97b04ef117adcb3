"""What a source brings in: its takes as the recipe wants them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sfcore.errors import WrongUse
from sfcore.recipe import Labels
from sfcore.recordings.finding import Found
from sfcore.recordings.mirroring import mirrored
from sfcore.recordings.reading import Reading
from sfcore.recordings.resting import RestingFace, resting_face, without
from sfcore.recordings.source import Refused, read_takes
from sfcore.recordings.take import Take

# Programs made these: such takes say nothing about a person's lopsided face.
_WITHOUT_A_PERSON = ("prior", "perturbed")


def reading_of(labels: Labels) -> Reading:
    """How the recipe wants its source read."""
    return Reading(rotation=labels.rotation, fps=labels.fps, names=labels.names, video=labels.video)


def incoming(found: Found, labels: Labels) -> Iterator[Take | Refused]:
    """The takes of the files, at rest where asked for and turned over where asked for.

    Raises what reading a single file raises; of several, what cannot be done to one is told of that one.
    """
    rests: dict[str, RestingFace] = {}
    for take in read_takes(found, reading_of(labels)):
        if isinstance(take, Refused):
            yield take
            continue
        made = take
        if labels.neutral != "none":
            try:
                made = without(take, _rest_of(take, labels.neutral, rests))
            except WrongUse as error:
                if found.is_single:
                    raise
                yield Refused(take.source_name, str(error))
                continue
        yield mirrored(made) if labels.mirror else made


def _rest_of(take: Take, wanted: str, rests: dict[str, RestingFace]) -> RestingFace:
    """The resting face of a take; one face for all parts of a recording that was cut."""
    begins = take.cut[0]
    recording = take.name.rpartition("~")[0] if begins else take.name
    if not begins or recording not in rests:
        rests[recording] = resting_face(take, wanted)
    return rests[recording]


def stored_as_person(form: str) -> bool:
    """Whether rows of a format show a person's face."""
    return form not in _WITHOUT_A_PERSON


def seconds_in(take: Take) -> float:
    """Seconds of a take, 0 where it knows no time."""
    return 0.0 if math.isnan(take.seconds) else take.seconds
