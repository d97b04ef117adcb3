"""What a language model is told: the rules, one face's coefficients and what they amount to, and what was wrong with its answer.

The texts are the files in ``prompts/``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.actions import ACTIONS, Measures, measure
from sfcore.captions.category import read_category
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import NOT_OBSERVABLE, describe
from sfcore.captions.intensity import BANDS
from sfcore.captions.vocabulary import BASES, INTENSITIES, MOTIONS, PHRASES
from sfcore.randomness import digest, stream

if TYPE_CHECKING:
    from jinja2 import Environment

    from sfcore.recipe import Teacher

Messages = tuple[dict[str, str], ...]

_FOLDER = Path(__file__).parent / "prompts"
_MOST_FAULTS = 8

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {field: {"type": "string"} for field in FIELDS},
    "required": list(FIELDS),
    "additionalProperties": False,
}
"""JSON schema of an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a language model, with everything that decides its answer."""

    messages: Messages
    model: str
    revision: str
    temperature: float
    max_tokens: int

    @property
    def key(self) -> str:
        """Names the question by its content: prompt, coefficients, earlier faults, model, revision, schema; 32 hex digits."""
        content = [self.messages, self.model, self.revision, self.temperature, self.max_tokens, SCHEMA]
        return digest(json.dumps(content, sort_keys=True))


@cache
def prompt_digest() -> str:
    """Names the texts and the schema that every question is made of."""
    files = sorted(_FOLDER.glob("*.j2"))
    return digest(*(path.name for path in files), *(path.read_bytes() for path in files), json.dumps(SCHEMA, sort_keys=True))


def request_for(messages: Messages, teacher: Teacher) -> Request:
    """The question as a recipe's teacher is asked it; the recipe must name the model."""
    return Request(messages, str(teacher.model), teacher.revision, teacher.temperature, teacher.max_tokens)


def first_messages(face: NDArray[np.float32], sample_id: str) -> Messages:
    """Asks for the caption of (61,) float32, NaN = unknown; the manner of wording follows from ``sample_id``."""
    styles = _rendered("styles.j2").strip().splitlines()
    style = styles[int(stream(sample_id, "style").integers(len(styles)))]
    return (
        {"role": "system", "content": _rules()},
        {"role": "user", "content": _rendered("face.j2", style=style, **_facts(face))},
    )


def asked_again(messages: Messages, answer: Description, faults: Sequence[str]) -> Messages:
    """The conversation so far, its answer, and what is wrong with it."""
    said = json.dumps({field: getattr(answer, field) for field in FIELDS})
    again = _rendered("again.j2", faults=faults[:_MOST_FAULTS])
    return (*messages[:2], {"role": "assistant", "content": said}, {"role": "user", "content": again})


def _facts(face: NDArray[np.float32]) -> dict[str, object]:
    m = measure(face)
    ours = describe(face, "facts")
    # Three decimals say all, but for a value that they would move over a threshold.
    rounded = np.round(face, 3)
    values = rounded if describe(rounded, "facts") == ours else np.round(face, 6)
    known = {name: round(float(value), 6) for name, value in zip(NAMES, values, strict=True) if value == value}
    return {
        "coefficients": json.dumps(known),
        "actions": [f"{PHRASES[ACTIONS[p].key].nouns[0]}: {told}" for p in range(len(ACTIONS)) if (told := _strength(m, p))],
        "category": read_category(m).category,
        "feeling": "none" if ours.emotional_implication == NOT_OBSERVABLE else ours.emotional_implication,
        "symmetry": ours.symmetry,
    }


def _strength(m: Measures, place: int) -> str:
    """ "strong", "left strong, right slight", or "" for what cannot be seen."""
    if ACTIONS[place].region == "gaze" and m.gaze_hidden():
        return ""
    both = m.both(place)
    if both is not None:
        return BANDS[both - 1] if both else ""
    sides = (("left", m.left_bands[place]), ("right", m.right_bands[place]))
    return ", ".join(f"{side} {BANDS[number - 1]}" for side, number in sides if number)


@cache
def _rules() -> str:
    by_band = {name: [w for w, n in INTENSITIES.items() if n == number] for number, name in enumerate(BANDS, 1)}
    return _rendered(
        "rules.j2",
        strengths="; ".join(f"{name}: {', '.join(words)}" for name, words in by_band.items()),
        parts=", ".join(sorted(BASES)),
        motions=", ".join(sorted(MOTIONS)),
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Plain text, read by a model: nothing to escape.
    return Environment(loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, trim_blocks=True, autoescape=False)


def _rendered(name: str, **facts: object) -> str:
    return _environment().get_template(name).render(**facts)
