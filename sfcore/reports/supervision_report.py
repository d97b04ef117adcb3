"""What a dataset's samples are, as one self-contained HTML page with plots, and as a card in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sfcore.captions.description import FIELDS
from sfcore.recordings.channel_tally import ACTIVE_ANGLE, ACTIVE_SHAPE, BINS, ChannelCoverage
from sfcore.reports.run_report import data_address, environment
from sfcore.supervision.likeness import BITS, NEAR
from sfcore.supervision.survey import Survey

_WIDTH, _HEIGHT = 200.0, 40.0
_STATES = ("covered", "rare", "dead", "unknown")


def write_supervision_report(survey: Survey) -> str:
    """Writes the page; it names no outside address."""
    most = max((count for _, count in survey.categories), default=1)
    return (
        environment()
        .get_template("supervision_report.html.j2")
        .render(
            survey=survey,
            fields=[field.replace("_", " ") for field in FIELDS],
            categories=[(word, count, 100 * count / most) for word, count in survey.categories[:24]],
            channels=_by_channel(survey),
            states={domain: _states(channels) for domain, channels in survey.channels.items()},
            examples=[(row, data_address(row["image"]), [row[field] for field in FIELDS]) for row in survey.examples],
            pairs=[(a, data_address(a["image"]), b, data_address(b["image"]), bits) for a, b, bits in survey.pairs],
            alike=_alike(survey.likeness.histogram),
            remarks=remarks(survey),
            active_shape=ACTIVE_SHAPE,
            active_angle=ACTIVE_ANGLE,
            near=NEAR,
            bits=BITS,
            width=_WIDTH,
            height=_HEIGHT,
        )
    )


def write_supervision_card(survey: Survey) -> str:
    """Writes the card that lies beside the page."""
    return (
        environment()
        .get_template("supervision_card.md.j2")
        .render(
            survey=survey,
            states={domain: _states(channels) for domain, channels in survey.channels.items()},
            remarks=remarks(survey),
            active_shape=ACTIVE_SHAPE,
            active_angle=ACTIVE_ANGLE,
            near=NEAR,
            bits=BITS,
        )
    )


def remarks(survey: Survey) -> list[tuple[str, str]]:
    """What people should know before they train on these samples: a kind (bad, wait, good) and a sentence each."""
    told = []
    for domain, channels in survey.channels.items():
        for state, kind, said in (("dead", "bad", "never move"), ("rare", "wait", "are active in under 1 % of its pictures")):
            names = [channel.name for channel in channels if channel.state == state]
            if names:
                told.append((kind, f"In {domain}, {len(names)} channels {said}: {', '.join(names)}."))
    checked = survey.verification
    if checked.perfect == survey.samples:
        told.append(("good", f"All {survey.samples:,} captions are true of their coefficients by the verifier."))
    else:
        told.append(
            ("wait", f"{survey.samples - checked.perfect:,} of {survey.samples:,} captions have a fault by the verifier.")
        )
    if checked.rejects:
        told.append(("wait", f"{sum(checked.rejects.values()):,} samples were kept out: {_listed(checked.rejects)}."))
    alike, looked = survey.likeness, survey.looked_at
    share = alike.near / max(alike.pictures, 1)
    told.append(("wait" if share > 0.05 else "good", f"{alike.near:,} of {looked:,} pictures have a near duplicate."))
    if not survey.splits.get("test"):
        told.append(("bad", "No sample is held out to measure with."))
    return told


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def _states(channels: Sequence[ChannelCoverage]) -> dict[str, int]:
    return {state: sum(channel.state == state for channel in channels) for state in _STATES}


def _by_channel(survey: Survey) -> list[tuple[str, str, list[tuple[ChannelCoverage, list[tuple[float, float, str]]]]]]:
    """For each channel, its coverage and the bars of its histogram in every domain."""
    rows = []
    for place, channel in enumerate(next(iter(survey.channels.values()))):
        cells = [(channels[place], _bars(channels[place].histogram)) for channels in survey.channels.values()]
        rows.append((channel.name, channel.region, cells))
    # By region, as people look for them.
    return sorted(rows, key=lambda row: row[1])


def _bars(histogram: Sequence[int]) -> list[tuple[float, float, str]]:
    """Place, height and class of each bar; heights are roots of counts, since rests would hide all else."""
    most = max(histogram, default=0)
    step = _WIDTH / BINS
    return [
        (round(place * step + 0.75, 2), round(max(1.5, _HEIGHT * (count / most) ** 0.5), 2), "answer")
        for place, count in enumerate(histogram)
        if count
    ]


def _alike(histogram: Sequence[int]) -> list[tuple[int, int, float, bool]]:
    """From how many bits, pictures, height in percent, and whether they pass for near duplicates."""
    most = max(histogram, default=0) or 1
    last = max((place for place, count in enumerate(histogram) if count), default=0)
    return [(8 * place, count, 100 * count / most, 8 * place <= NEAR) for place, count in enumerate(histogram[: last + 1])]


def summary(survey: Survey) -> list[tuple[str, Any]]:
    """The same in a dozen lines for the terminal: what, and how much of it."""
    checked, alike = survey.verification, survey.likeness
    words = {one.field: one for one in survey.wording}
    movements = words["muscle_movements"]
    return [
        ("samples", f"{survey.samples:,} of {survey.labels:,} labels in {survey.takes:,} takes"),
        ("splits", _listed_by(survey.splits)),
        ("faces", f"{survey.identities:,}; {_listed_by(survey.domains)}"),
        (
            "pictures",
            f"{' and '.join(survey.sizes)} pixels, {survey.picture_bytes / max(survey.samples, 1):,.0f} bytes in the mean",
        ),
        ("captions", f"{_listed_by(checked.sources)}; mean score {checked.mean_score:.4f}, {checked.perfect:,} without a fault"),
        ("kept out", _listed(checked.rejects) or "none"),
        (
            "wording",
            f"{movements.distinct:,} of {movements.captions:,} muscle movements differ; distinct n-grams "
            + ", ".join(f"{n}: {share:.3f}" for n, share in enumerate(movements.distinct_ngrams, 1)),
        ),
        ("alike", f"{alike.near:,} of {alike.pictures:,} pictures have a near duplicate, {alike.same:,} the same hash"),
    ]


def _listed_by(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
