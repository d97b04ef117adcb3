"""The model card that travels with a model: what it learned from, how well it does, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sfcore.metrics.figures import Scope
from sfcore.reports.leaderboard import leaderboard, shown_figures
from sfcore.reports.run_report import environment

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ModelCard:
    """What a card states. ``metrics`` may be None for a model that has not been evaluated; the card then says so."""

    model_id: str
    base: str
    licence: str
    """Licence of the weights: that of the base model binds an adapter made from it."""
    datasets: Mapping[str, int]
    """Dataset -> training pictures."""
    domains: tuple[str, ...]
    """Families of faces it saw, each with the licence of its rig."""
    lineage: Mapping[str, Any]
    metrics: pa.Table | None = None
    champion: str | None = None
    verdict: str | None = None
    reason: str | None = None


def write_model_card(card: ModelCard) -> str:
    """Writes the card as Markdown with the metadata block that model hubs read."""
    standings = leaderboard(card.metrics, card.model_id, card.champion) if card.metrics is not None else []
    return (
        environment()
        .get_template("model_card.md.j2")
        .render(
            card=card,
            standings=standings,
            figures=shown_figures(standings),
            scope=Scope.of(card.metrics) if card.metrics is not None else None,
            one_line=_one_line,
        )
    )


def _one_line(value: object) -> str:
    """Any value as one table cell: no line break and no bar that would end the cell."""
    return " ".join(str(value).split()).replace("|", "\\|")
