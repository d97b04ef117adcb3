"""Charts of a run as PNG bytes, drawn without a display and without global state."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.arkit import CHANNELS, Channel
from sfcore.captions.intensity import SHAPE
from sfcore.reports.calibration import Curve
from sfcore.reports.leaderboard import Statistic, statistics_of

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID, ACCENT, SECOND = "#22222a", "#7c7c84", "#e6e4de", "#2f6f8f", "#c4713b"
_DPI = 160
_LEFT_PANEL = ("brows", "eyes", "head")


def per_channel_chart(metrics: pa.Table, candidate: str, beside: str | None) -> bytes | None:
    """Correlation of every channel with its interval, another model's as a second bar; None where no channel varies.

    Channels whose truth never varies in the test pictures are listed in grey: nothing can be said about them.
    """
    numbers = statistics_of(metrics)
    found = {c.name: numbers.get((candidate, "correlation", f"channel:{c.name}")) for c in CHANNELS}
    if not any(found.values()):
        return None
    other = {c.name: numbers.get((beside, "correlation", f"channel:{c.name}")) for c in CHANNELS} if beside else {}
    lows = [s.low if s.low is not None else s.value for each in (found, other) for s in each.values() if s is not None]
    panels = [[c for c in CHANNELS if (c.region in _LEFT_PANEL) == left] for left in (True, False)]
    figure = _figure(10.4, 0.24 * max(map(len, panels)) + 0.9)
    for axes, channels in zip(figure.subplots(1, 2), panels, strict=True):
        _bars(axes, sorted(channels, key=lambda c: (c.region, c.index)), found, other)
        axes.set_xlim(min(-0.15, *lows, -0.15), 1.0)
    return _png(figure)


def _bars(axes: Axes, channels: list[Channel], found: dict[str, Statistic | None], other: dict[str, Statistic | None]) -> None:
    for place, channel in enumerate(channels):
        if found[channel.name] is None:
            axes.text(0.01, place, "truth does not vary", color="#b4b2ac", fontsize=6.5, va="center")
            continue
        _bar(axes, place - 0.19 if other else place, found[channel.name], ACCENT, 0.36 if other else 0.62)
        _bar(axes, place + 0.19, other.get(channel.name), SECOND, 0.36)
    axes.set_yticks(range(len(channels)), [channel.name for channel in channels], fontsize=7.5, color=INK)
    axes.set_ylim(len(channels) - 0.4, -0.6)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    _plain(axes, grid="x")


def _bar(axes: Axes, place: float, statistic: Statistic | None, colour: str, height: float) -> None:
    if statistic is None:
        return
    axes.barh(place, statistic.value, height=height, color=colour, alpha=0.85)
    if statistic.low is not None and statistic.high is not None:
        axes.plot([statistic.low, statistic.high], [place, place], color=INK, linewidth=0.8)


def calibration_chart(candidate: Mapping[str, Curve], beside: Mapping[str, Curve] | None = None) -> bytes | None:
    """Answer against truth by region, a thin line where they would be equal; None without a curve.

    The band behind the candidate's line holds the middle half of its answers; upright lines part the words for strength.
    """
    if not candidate:
        return None
    figure = _figure(10.4, 5.4)
    panels = figure.subplots(2, 4, sharex=True, sharey=True).ravel()
    for axes, (name, curve) in zip(panels, candidate.items(), strict=False):
        for edge in SHAPE:
            axes.axvline(edge, color=GRID, linewidth=0.8)
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.fill_between(curve.truth, curve.low, curve.high, color=ACCENT, alpha=0.18, linewidth=0)
        if beside and name in beside:
            axes.plot(beside[name].truth, beside[name].answer, color=SECOND, linewidth=1.4, marker=".", markersize=4)
        axes.plot(curve.truth, curve.answer, color=ACCENT, linewidth=1.8, marker="o", markersize=3)
        axes.set_title("all shapes" if name == "all" else name, fontsize=8.5, color=INK, loc="left")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        _plain(axes, grid="y")
    for axes in panels[len(candidate) :]:
        axes.set_visible(False)
    figure.supxlabel("true strength", fontsize=8, color=SOFT)
    figure.supylabel("answered strength", fontsize=8, color=SOFT)
    return _png(figure)


def loss_chart(steps: pa.Table) -> bytes | None:
    """The training loss and its parts over the steps, each with its running mean; None without steps."""
    if not steps.num_rows:
        return None
    ordered = steps.sort_by("step")
    at = ordered["step"].to_numpy()
    figure = _figure(10.4, 3.0)
    axes = figure.subplots()
    lines = (("loss", "loss", INK), ("loss_coefficients", "coefficients", ACCENT), ("loss_description", "description", SECOND))
    for column, label, colour in lines:
        values = ordered[column].to_numpy()
        axes.plot(at, values, color=colour, linewidth=0.7, alpha=0.3)
        axes.plot(at, _smooth(values), color=colour, linewidth=1.7, label=label)
    axes.set_xlabel("optimiser step", fontsize=8, color=SOFT)
    axes.set_ylabel("loss", fontsize=8, color=SOFT)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    _plain(axes, grid="y")
    return _png(figure)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Mean over the last tenth of the curve up to each step, so that the end is not flattered by a future."""
    window = max(1, len(values) // 10)
    summed = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (summed[ends] - summed[starts]) / (ends - starts)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _plain(axes: Axes, grid: Any) -> None:
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=INK)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without the Software field the same numbers give the same bytes for one version of the library.
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
