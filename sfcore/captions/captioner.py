"""Who writes captions: one interface for the grammar and for a language model, both checked before anybody learns from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.category import see
from sfcore.captions.description import Description
from sfcore.captions.grammar import describe_seen
from sfcore.captions.verify import Verification, verify_seen

if TYPE_CHECKING:
    from sfcore.captions.llm.access import TeacherAccess
    from sfcore.recipe import Recipe
    from sfcore.store.workspace import Workspace

GRAMMAR = "grammar"


@dataclass(frozen=True, slots=True)
class Captioned:
    """A caption, how it was checked, and what it took to write it."""

    description: Description
    checked: Verification
    source: str = GRAMMAR
    """``grammar``, ``llm``, or ``grammar (llm ...)`` with the reason for which the language model's caption was not taken."""
    attempts: int = 1
    """Calls of the language model, failed ones among them; 1 for the grammar."""
    tokens: int = 0
    """Tokens read and written as the endpoint counts them; what it does not count is 0."""
    cost: float = 0.0
    """Their price by the recipe's prices."""


class Captioner(Protocol):
    """Writes captions of faces."""

    def caption(self, faces: Sequence[NDArray[np.float32]], sample_ids: Sequence[str]) -> list[Captioned]:
        """One caption for each face (61,) float32, NaN = unknown, in their order; ``sample_ids`` choose among wordings.

        Raises `sfcore.errors.SfaceError` when the work is hopeless; a single failure is told by the caption's ``source``.
        """


class GrammarCaptioner:
    """Writes captions by rules: free, offline, and the same words for the same sample."""

    def caption(self, faces: Sequence[NDArray[np.float32]], sample_ids: Sequence[str]) -> list[Captioned]:
        """See `Captioner.caption`."""
        return [by_grammar(face, name) for face, name in zip(faces, sample_ids, strict=True)]


def by_grammar(face: NDArray[np.float32], sample_id: str) -> Captioned:
    """The grammar's caption of (61,) float32, NaN = unknown."""
    seen = see(face)
    description = describe_seen(seen, sample_id)
    return Captioned(description, verify_seen(description, seen))


def captioner_of(recipe: Recipe, workspace: Workspace, access: TeacherAccess | None = None) -> Captioner:
    """The captioner a recipe asks for; ``access`` says where a language model answers, by default the environment.

    Raises `sfcore.errors.WrongUse` when the recipe wants a language model and nothing says where one is.
    """
    if recipe.supervision.captions == "grammar":
        return GrammarCaptioner()
    from sfcore.captions.llm.access import TeacherAccess
    from sfcore.captions.llm.cache import TeacherCache
    from sfcore.captions.llm.captioner import LlmCaptioner

    reached = access or TeacherAccess.from_environment()
    return LlmCaptioner(recipe.supervision.teacher, reached, TeacherCache(workspace))
