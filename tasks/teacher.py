"""Which language model writes a recipe's captions: the environment's, or the one that a Prefect block keeps."""

from __future__ import annotations

import os
from typing import cast

from sfcore.captions.llm.access import MODEL, TeacherAccess
from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Recipe

BLOCK = "SFACE_TEACHER_BLOCK"
"""Environment variable that names a `tasks.teacher_block.LanguageModel`; it comes before the other variables."""


def named(recipe: Recipe) -> Recipe:
    """The recipe with the name of its language model, which is part of what its captions are: as given, else as set around it.

    Raises `WrongUse` when the recipe wants a language model and none is named.
    """
    teacher = recipe.supervision.teacher
    if recipe.supervision.captions == "grammar" or teacher.model:
        return recipe
    block = os.environ.get(BLOCK)
    name = _kept(block).model if block else os.environ.get(MODEL, "").strip()
    if not name:
        raise WrongUse(
            f"the recipe wants captions by a language model and names none: set {MODEL}, or its supervision.teacher.model."
        )
    filled = recipe.supervision.model_copy(update={"teacher": teacher.model_copy(update={"model": name})})
    return recipe.model_copy(update={"supervision": filled})


def teacher_access(recipe: Recipe) -> TeacherAccess | None:
    """Where the recipe's language model answers, None for one that wants none; raises `WrongUse` when nothing says where."""
    if recipe.supervision.captions == "grammar":
        return None
    block = os.environ.get(BLOCK)
    return _kept(block) if block else TeacherAccess.from_environment()


def try_access(recipe: Recipe, access: TeacherAccess | None) -> None:
    """Asks for one caption before the work begins; raises `WorkFailed` with what is wrong with key, name or address."""
    if access is None:
        return
    from sfcore.captions.llm.captioner import try_teacher

    try_teacher(recipe.supervision.teacher, access)


def _kept(block: str) -> TeacherAccess:
    from tasks.teacher_block import LanguageModel

    try:
        kept = cast(LanguageModel, LanguageModel.load(block))
    except ValueError:
        raise WrongUse(f"Prefect keeps no block '{block}' of the kind sface-language-model: make it, or unset {BLOCK}.") from None
    except Exception as error:
        raise WorkFailed(f"Prefect could not give the block '{block}' that {BLOCK} names: {error}.") from error
    return TeacherAccess(kept.url, kept.model or None, kept.key.get_secret_value() or "none")
