"""What labels cover, for the terminal: takes, channels with a histogram each, and what a person should look at. 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sfcore.recordings.channel_tally import ChannelCoverage
from sfcore.recordings.label_coverage import LabelCoverage, TakeCoverage
from sfcore.recordings.take import RejectReason

_BLOCKS = " ▁▂▃▄▅▆▇█"
_MOST_TAKES = 40
UNREAD: RejectReason = "unreadable file"
_STATES = {"unknown": "dim", "dead": "red", "rare": "yellow", "covered": "green"}


def labels_summary(coverage: LabelCoverage) -> Group:
    """Everything that ``sface labels report`` prints."""
    parts: list[RenderableType] = [headline(coverage), Text()]
    if coverage.takes:
        parts += [_takes(coverage.takes), Text()]
    parts += [_channels(coverage.channels), Text()]
    parts += [_remark(mark, style, sentence) for mark, style, sentence in remarks(coverage)]
    return Group(*parts)


def headline(coverage: LabelCoverage) -> Text:
    """Name and sums in one line."""
    sums = f"{counted(len(coverage.takes), 'take')}, {counted(coverage.rows, 'frame')}, {duration(coverage.seconds)}"
    return Text.assemble((coverage.dataset, "bold"), f"  {sums}")


def counted(count: int, word: str) -> str:
    """``1 row``, ``3,050 rows``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def rows_rejected(coverage: LabelCoverage) -> dict[str, int]:
    """Reason -> rows; a file that could not be read at all is no row."""
    return {reason: count for reason, count in coverage.rejects.items() if reason != UNREAD}


def duration(seconds: float) -> str:
    """``1 h 02 min``, ``2 min 14 s`` or ``5.4 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def sparkline(histogram: Sequence[int]) -> str:
    """A character for each bin, its height the root of its share of the fullest: rests would hide all else."""
    most = max(histogram, default=0)
    if not most:
        return " " * len(histogram)
    last = len(_BLOCKS) - 1
    # Any count at all is seen.
    return "".join(_BLOCKS[max(1, round(last * (n / most) ** 0.5)) if n else 0] for n in histogram)


def _table(title: str, told: str) -> Table:
    heading = Text.assemble((title, "bold"), (f"  {told}", "dim"))
    return Table(title=heading, title_justify="left", title_style="", header_style="dim", box=None, padding=(0, 2, 0, 0))


def _takes(takes: Sequence[TakeCoverage]) -> Table:
    table = _table("Takes", "split: % train/guard/test; lost: frames that the recording lost")
    table.add_column("take", overflow="fold")
    for name in ("frames", "seconds", "fps", "lost", "clipped"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("split", justify="right", no_wrap=True)
    for take in takes[:_MOST_TAKES]:
        table.add_row(
            Text(take.name),
            f"{take.frames:,}",
            "?" if take.seconds is None else f"{take.seconds:.1f}",
            "?" if take.fps is None else f"{take.fps:.4g}",
            str(take.lost or "–"),
            str(take.clipped or "–"),
            "/".join(str(round(100 * take.splits.get(split, 0) / take.frames)) for split in ("train", "guard", "test")),
        )
    if len(takes) > _MOST_TAKES:
        table.add_row(Text(f"... {len(takes) - _MOST_TAKES} more; --json has all", style="dim"))
    return table


def _channels(channels: Sequence[ChannelCoverage]) -> Table:
    table = _table("Channels", "0 to 1, rotations -0.8 to 0.8 rad; heights are roots of counts")
    table.add_column("channel", no_wrap=True)
    table.add_column("active", justify="right", no_wrap=True)
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=20)
    table.add_column("", no_wrap=True)
    for channel in channels:
        known = channel.known > 0
        state = Text(channel.state, style=_STATES[channel.state])
        if known and channel.known_share < 1:
            state.append(f" {100 * channel.known_share:.0f}%", style="dim")
        table.add_row(
            Text(channel.name),
            f"{100 * channel.active_share:.1f}%" if known else "",
            f"{channel.low:.2f} … {channel.high:.2f}" if channel.low is not None and channel.high is not None else "",
            Text(sparkline(channel.histogram), style="cyan"),
            state,
        )
    return table


def remarks(coverage: LabelCoverage) -> Iterator[tuple[str, str, str]]:
    """Mark, style and sentence of what a person should look at, the gravest first."""
    for conflict in coverage.conflicts:
        yield "✗", "red", f"conflict: {conflict}"
    for take in coverage.takes:
        if take.suspicion:
            yield "✗", "red", f"take '{take.name}' may be mirrored: {take.suspicion}"
    reasons = rows_rejected(coverage)
    rejected = sum(reasons.values())
    if rejected:
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        yield "!", "yellow", f"{counted(rejected, 'row')} rejected: {told}"
    if unread := coverage.rejects.get(UNREAD, 0):
        yield "!", "yellow", f"{counted(unread, 'file')} not read"
    lost = sum(take.lost for take in coverage.takes)
    if lost:
        places = sum(take.lost > 0 for take in coverage.takes)
        yield "!", "yellow", f"{counted(lost, 'frame')} lost by the recording in {counted(places, 'take')}"
    if coverage.clipped:
        yield "!", "yellow", f"{counted(coverage.clipped, 'value')} outside 0..1 clipped"
    says = {
        "dead": ("never change in any take, so nothing can be learnt of them", "!", "yellow"),
        "rare": ("active in less than 1 % of the rows", "!", "yellow"),
        "unknown": ("not known by any take", "–", "dim"),
    }
    for state, (words, mark, style) in says.items():
        names = coverage.names(state)
        if names:
            yield mark, style, f"{counted(len(names), 'channel')} {words}: {', '.join(names)}"
    if not coverage.rejects and not coverage.conflicts and not any(take.suspicion for take in coverage.takes):
        yield "✓", "green", "no row rejected, no conflict, nothing looks mirrored"


def _remark(mark: str, style: str, sentence: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1)
    grid.add_row(Text(mark, style=style), Text(sentence))
    return grid
