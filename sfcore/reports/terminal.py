"""What the terminal shows at the end of a run: rows, leaderboard and decision, as rich renderables that someone else prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sfcore.gate.decide import Decision, Outcome, RuleResult, Verdict
from sfcore.reports.leaderboard import Standing, leader, leaderboard, shown_figures

if TYPE_CHECKING:
    import pyarrow as pa

_OUTCOME_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "missing": ("?", "red"),
    "too_few": ("…", "yellow"),
}
_VERDICT_STYLES: dict[Verdict, str] = {"promote": "bold green", "refuse": "bold red", "undecided": "bold yellow"}


def rows_table(rows: Mapping[str, int]) -> Table:
    """Rows by table, in the order given."""
    table = Table(title="Rows", title_justify="left", title_style="bold", header_style="dim", box=None, padding=(0, 2, 0, 0))
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in rows.items():
        table.add_row(Text(name), f"{count:,}")
    return table


def leaderboard_table(metrics: pa.Table, candidate: str, champion: str | None) -> Table:
    """A row for each figure and a column for each model, every value over its interval; the best of a row is bold."""
    standings = leaderboard(metrics, candidate, champion)
    table = Table(
        title="Figures on unseen faces",
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("")
    for standing in standings:
        table.add_column(Text(standing.role), justify="right", no_wrap=True)
    for figure in shown_figures(standings):
        arrow = "↑" if figure.better == "higher" else "↓"
        best = leader(standings, figure)
        cells = [_cell(standing, figure.name, standing.model_id == best) for standing in standings]
        table.add_row(Text(f"{figure.label} {arrow}"), *cells)
    return table


def _cell(standing: Standing, metric: str, best: bool) -> Text:
    statistic = standing.figures.get(metric)
    if statistic is None:
        return Text("–", style="dim")
    text = Text(statistic.text, style="bold" if best else "")
    # Null intervals come from too few identities.
    return text.append(f"\n{statistic.interval or 'no interval'}", style="dim not bold")


def decision_lines(decision: Decision, queries: bool = False) -> Group:
    """The verdict and each rule as a sentence with its outcome; with ``queries``, the SQL that recomputes it below each."""
    lines: list[RenderableType] = [Text.assemble(("Decision ", "bold"), (decision.verdict, _VERDICT_STYLES[decision.verdict]))]
    for rule in decision.rules:
        lines.append(_rule_line(rule))
        if queries and rule.query:
            lines.append(Padding(Text(rule.query, style="dim"), (0, 0, 0, 4)))
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
