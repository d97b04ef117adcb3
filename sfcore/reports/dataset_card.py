"""The card that travels with an exported dataset: what is in it, under which licence, split how, and which channels it covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sfcore.exports.selection import Selection
from sfcore.recordings.channel_tally import ACTIVE_ANGLE, ACTIVE_SHAPE, ChannelTally
from sfcore.reports.run_report import environment

# Sizes by which the hub sorts datasets.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
_WORDS = {"take": "takes", "subject": "people", "format": "formats", "identity": "faces", "domain": "families of faces"}
_NAMED = 12
"""Takes, people and faces named one by one; of more, the number is told."""


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """What a card states."""

    selection: Selection
    counts: Mapping[str, int]
    """Split -> rows."""
    files: Mapping[str, str]
    """Split -> pattern of its files."""
    features: Mapping[str, str]
    """Column -> type."""
    channels: ChannelTally
    contents: Mapping[str, tuple[str, ...]]
    """Column -> the different values in it (takes, subjects, identities ...)."""
    licence: str | None
    """A licence of the recordings, as the hub spells it; None where nobody stated one."""
    heads: Mapping[str, str]
    """Domain -> licence of the heads that were drawn."""


def write_dataset_card(card: DatasetCard) -> str:
    """Writes the card as Markdown with the metadata block that the hub and `datasets` read."""
    rows = sum(card.counts.values())
    named = {_WORDS[name]: _named(values) for name, values in card.contents.items() if values}
    size = next((word for most, word in _SIZES if rows < most), "10M<n<100M")
    return (
        environment()
        .get_template("dataset_card.md.j2")
        .render(
            card=card,
            rows=rows,
            named=named,
            size=size,
            channels=card.channels.channels(),
            active_shape=ACTIVE_SHAPE,
            active_angle=ACTIVE_ANGLE,
        )
    )


def _named(values: tuple[str, ...]) -> str:
    shown = ", ".join(value.replace("|", "\\|").replace("\n", " ") for value in values[:_NAMED])
    return f"{len(values):,}" if len(values) > _NAMED else f"{len(values)} ({shown})"
