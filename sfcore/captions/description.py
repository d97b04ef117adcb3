"""The four fields in which a face is described."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS: tuple[str, ...] = ("expression_category", "muscle_movements", "emotional_implication", "symmetry")


@dataclass(frozen=True, slots=True)
class Description:
    """What a face shows, in words; the fields and their order are those of the SemanticFace prompt."""

    expression_category: str
    muscle_movements: str
    emotional_implication: str
    symmetry: str
