"""What labels cover, as one self-contained HTML page: the takes on their timelines, and a histogram for each channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sfcore.arkit import BY_NAME
from sfcore.recordings.channel_tally import ACTIVE_ANGLE, ACTIVE_SHAPE, BINS, WIDEST_ANGLE, ChannelCoverage
from sfcore.recordings.label_coverage import LabelCoverage, TakeCoverage
from sfcore.reports.labels_terminal import UNREAD, duration, remarks, rows_rejected
from sfcore.reports.run_report import environment

_REGIONS = ("eyes", "brows", "nose", "cheeks", "jaw", "mouth", "tongue", "head")
_WIDTH, _HEIGHT = 200.0, 44.0
_MOST_TAKES = 200
_KINDS = {"✗": "bad", "!": "wait", "✓": "good", "–": "soft"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a drawing, in its own units, y downwards; ``kind`` is its class."""

    x: float
    y: float
    width: float
    height: float
    kind: str


def write_labels_report(coverage: LabelCoverage) -> str:
    """Writes the page; it names no outside address."""
    busiest = max((mean for take in coverage.takes for mean, _ in take.timeline), default=0.0)
    return (
        environment()
        .get_template("labels_report.html.j2")
        .render(
            coverage=coverage,
            duration=duration,
            rejects=rows_rejected(coverage),
            unread=coverage.rejects.get(UNREAD, 0),
            remarks=[(_KINDS[mark], sentence) for mark, _, sentence in remarks(coverage)],
            takes=[(take, list(timeline(take, busiest))) for take in coverage.takes[:_MOST_TAKES]],
            busiest=busiest,
            more_takes=max(0, len(coverage.takes) - _MOST_TAKES),
            regions=[(region, channels) for region, channels in _by_region(coverage.channels) if channels],
            active_shape=ACTIVE_SHAPE,
            active_angle=ACTIVE_ANGLE,
            widest_angle=WIDEST_ANGLE,
            width=_WIDTH,
            height=_HEIGHT,
        )
    )


def histogram(channel: ChannelCoverage) -> Iterator[Bar]:
    """The bars of a channel's histogram; their heights are roots of counts, since rests would hide all else."""
    most = max(channel.histogram, default=0)
    step = _WIDTH / BINS
    for place, count in enumerate(channel.histogram):
        if count:
            tall = max(1.5, _HEIGHT * (count / most) ** 0.5)
            kind = "active" if _is_active(channel.kind, place) else "rest"
            yield Bar(round(place * step + 0.75, 2), round(_HEIGHT - tall, 2), step - 1.5, round(tall, 2), kind)


def _is_active(kind: str, place: int) -> bool:
    """Whether the middle of a bin lies where a channel counts as active."""
    middle = (place + 0.5) / BINS
    return middle >= ACTIVE_SHAPE if kind == "shape" else abs(2 * middle - 1) * WIDEST_ANGLE >= ACTIVE_ANGLE


def timeline(take: TakeCoverage, busiest: float) -> Iterator[Bar]:
    """A bar for each part of the take's time, as high as it is busy, in the colour of its split."""
    step = 1000.0 / max(len(take.timeline), 1)
    for place, (mean, split) in enumerate(take.timeline):
        if split:
            tall = max(2.0, _HEIGHT * mean / busiest) if busiest else 2.0
            yield Bar(round(place * step, 2), round(_HEIGHT - tall, 2), round(max(step - 1.0, 0.6), 2), round(tall, 2), split)


def _by_region(channels: Sequence[ChannelCoverage]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Channels of each region: pairs first, left beside right, then those of the middle."""
    for region in _REGIONS:
        of_region = [channel for channel in channels if channel.region == region]
        paired = {channel.name for channel in of_region if BY_NAME[channel.name].partner != channel.name}
        ordered: list[ChannelCoverage] = []
        by_name = {channel.name: channel for channel in of_region}
        for channel in of_region:
            if channel.name in paired and channel not in ordered:
                both = sorted((channel.name, BY_NAME[channel.name].partner), key=lambda name: "Right" in name)
                ordered += [by_name[name] for name in both]
        ordered += [channel for channel in of_region if channel.name not in paired]
        yield region, [{"channel": channel, "bars": list(histogram(channel))} for channel in ordered]
