"""What the terminal shows at the end of a run: rows, leaderboard and decision, as rich renderables that someone else prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sfcore.gate.decide import Decision, Outcome, RuleResult, Verdict
from sfcore.metrics.figures import Better
from sfcore.reports.leaderboard import Standing, leader, leaderboard, shown_figures

if TYPE_CHECKING:
    import pyarrow as pa

_OUTCOME_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "missing": ("?", "red"),
    "too_few": ("…", "yellow"),
}
_ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓", "one": "→ 1"}
_VERDICT_STYLES: dict[Verdict, str] = {"promote": "bold green", "refuse": "bold red", "undecided": "bold yellow"}


# Wider than any table here.
_NO_LIMIT = 10_000


def _plain_table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, padding=(0, 2, 0, 0))


def rows_table(rows: Mapping[str, int]) -> Table:
    """Rows by table, in the order given."""
    table = _plain_table("Rows")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in rows.items():
        table.add_row(Text(name), f"{count:,}")
    return table


def leaderboard_table(metrics: pa.Table, candidate: str, champion: str | None) -> RenderableType:
    """Every figure of each model with its interval, the best of a figure bold.

    A column for each model where the terminal is wide enough, else a line for each: nothing is cut.
    """
    return _Leaderboard(leaderboard(metrics, candidate, champion))


@dataclass(frozen=True, slots=True)
class _Leaderboard:
    standings: list[Standing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = self._column_each()
        # Measured without a limit: under the terminal's own width, rich would report what is left after cutting.
        fits = Measurement.get(console, options.update(width=_NO_LIMIT), columns).maximum <= options.max_width
        yield columns if fits else self._line_each()

    def _column_each(self) -> Table:
        table = _plain_table("Figures on unseen faces")
        table.add_column("", no_wrap=True)
        for standing in self.standings:
            table.add_column(Text(standing.role), justify="right", no_wrap=True)
        for label, cells in self._figures():
            table.add_row(Text(label), *(value.append_text(Text("\n")).append_text(interval) for value, interval in cells))
        return table

    def _line_each(self) -> Table:
        table = _plain_table("Figures on unseen faces")
        table.add_column("")
        table.add_column("value", justify="right", no_wrap=True)
        table.add_column("interval")
        for label, cells in self._figures():
            table.add_row(Text(label))
            for standing, cell in zip(self.standings, cells, strict=True):
                table.add_row(Text(f"  {standing.role}"), *cell)
        return table

    def _figures(self) -> Iterator[tuple[str, list[tuple[Text, Text]]]]:
        """Each figure's label, and the value and interval of each model."""
        for figure in shown_figures(self.standings, headline=True):
            best = leader(self.standings, figure)
            cells = [_cell(standing, figure.name, standing.model_id == best) for standing in self.standings]
            yield f"{figure.label} {_ARROWS[figure.better]}", cells


def _cell(standing: Standing, metric: str, best: bool) -> tuple[Text, Text]:
    statistic = standing.figures.get(metric)
    if statistic is None:
        return Text("–", style="dim"), Text()
    # Null intervals come from too few identities.
    return Text(statistic.text, style="bold" if best else ""), Text(statistic.interval or "no interval", style="dim not bold")


def decision_lines(decision: Decision, queries: bool = False) -> Group:
    """The verdict and each rule as a sentence with its outcome; with ``queries``, the SQL that recomputes it below each."""
    lines: list[RenderableType] = [Text.assemble(("Decision ", "bold"), (decision.verdict, _VERDICT_STYLES[decision.verdict]))]
    for rule in decision.rules:
        lines.append(_rule_line(rule))
        asked = (rule.query, rule.interval_query) if queries else ()
        lines += [Padding(Text(query, style="dim"), (0, 0, 0, 4)) for query in asked if query]
    lines.append(Text(decision.reason))
    return Group(*lines)


def _rule_line(rule: RuleResult) -> Table:
    mark, style = _OUTCOME_MARKS[rule.outcome]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1)
    name = Text(rule.rule, style="bold" if rule.required else "")
    if not rule.required:
        name.append(" (advice)", style="dim")
    grid.add_row(
        Text(mark, style=style if rule.required else f"dim {style}"), name.append(f"\n{rule.sentence}", style="not bold dim")
    )
    return grid


def end_of_run(
    rows: Mapping[str, int], metrics: pa.Table, decision: Decision, candidate: str, champion: str | None, queries: bool = False
) -> Group:
    """Everything the terminal shows when a run is over."""
    parts: list[RenderableType] = [
        rows_table(rows),
        Text(),
        leaderboard_table(metrics, candidate, champion),
        Text(),
        decision_lines(decision, queries),
    ]
    return Group(*parts)
