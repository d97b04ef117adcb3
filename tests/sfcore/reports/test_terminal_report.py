"""What the terminal shows at the end, and the model card."""

from __future__ import annotations

import io

import pytest
import yaml
from report_examples import CANDIDATE, CHAMPION, CNN, HOSTILE, MEDIAN, finished_run
from rich.console import Console

from sfcore.metrics.figures import FIGURES
from sfcore.reports.leaderboard import leader, leaderboard, shown_figures
from sfcore.reports.model_card import ModelCard, write_model_card
from sfcore.reports.run_report import RunReport
from sfcore.reports.terminal import end_of_run, leaderboard_table


@pytest.fixture(scope="module")
def run() -> RunReport:
    return finished_run()


def _printed(run: RunReport, width: int = 120, queries: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(end_of_run(run.rows, run.metrics, run.decision, run.candidate, run.champion, queries))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_leaderboard_puts_the_candidate_first_and_the_baselines_last(run: RunReport) -> None:
    standings = leaderboard(run.metrics, CANDIDATE, CHAMPION)
    assert [(s.role, s.model_id) for s in standings] == [
        ("candidate", CANDIDATE),
        ("champion", CHAMPION),
        ("CNN baseline", CNN),
        ("median baseline", MEDIAN),
    ]
    by_name = {figure.name: figure for figure in shown_figures(standings)}
    assert leader(standings, by_name["mae_active"]) == CANDIDATE
    assert leader(standings, by_name["share_parsed"]) is None, "three models share it"


def test_the_end_of_a_run_shows_rows_figures_and_every_rule(run: RunReport) -> None:
    text = _printed(run)
    for wanted in ("1,640", "candidate", "champion", "median baseline", "CNN baseline", "Decision refuse", "(advice)"):
        assert wanted in text, wanted
    for row in run.metrics.to_pylist():
        if row["slice"] == "all" and FIGURES[row["metric"]].headline:
            assert f"{row['value']:.3f}" in text
    flat = " ".join(text.split())
    for rule in run.decision.rules:
        assert rule.rule in flat
        assert rule.sentence in flat
    assert "FROM supervision" not in text
    assert "FROM supervision" in _printed(run, queries=True)


def test_markup_in_names_is_printed_not_obeyed() -> None:
    run = finished_run(rows={"[bold]labels[/bold]": 1})
    assert "[bold]labels[/bold]" in _printed(run)


def test_a_narrow_terminal_still_shows_every_number(run: RunReport) -> None:
    text = _printed(run, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert f"{run.decision.rules[0].candidate_value:.3f}" in text


@pytest.mark.parametrize("width", [120, 80, 60])
def test_figures_are_whole_at_any_width(run: RunReport, width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(leaderboard_table(run.metrics, CANDIDATE, CHAMPION))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert "…" not in text
    standings = leaderboard(run.metrics, CANDIDATE, CHAMPION)
    for standing in standings:
        assert standing.role in text
        for name, statistic in standing.figures.items():
            if not FIGURES[name].headline:
                continue
            assert statistic.text in text
            assert statistic.interval in text
    for figure in shown_figures(standings, headline=True):
        assert any(line.startswith(figure.label) for line in lines), figure.label


def _card(run: RunReport, **changed: object) -> ModelCard:
    parts = {
        "model_id": CANDIDATE,
        "base": "tiny",
        "licence": "Apache-2.0",
        "datasets": {"demo": 512},
        "domains": ("procedural",),
    }
    return ModelCard(**(parts | {"lineage": run.lineage, "metrics": run.metrics, "champion": CHAMPION} | changed))  # type: ignore[arg-type]


def test_the_card_states_data_figures_licence_and_lineage(run: RunReport) -> None:
    card = write_model_card(_card(run, verdict=run.decision.verdict, reason=run.decision.reason))
    head = yaml.safe_load(card.split("---")[1])
    assert (head["license"], head["base_model"]) == ("Apache-2.0", "tiny")
    for wanted in (
        CANDIDATE,
        "| demo | 512 |",
        "Decision: **refuse**",
        "supervision_version | 7",
        "test split of `demo`",
        MEDIAN,
    ):
        assert wanted in card, wanted
    table = [line for line in card.splitlines() if line.startswith("| skill over median")]
    assert table[0].count("|") == 6
    assert f"{run.metrics.to_pylist()[0]['value']:.3f}" in card


def test_a_card_without_figures_says_so_and_hostile_values_keep_the_table(run: RunReport) -> None:
    card = write_model_card(_card(run, metrics=None, lineage={"note": "a | b\nc"}, base=HOSTILE))
    assert "This model has not been evaluated." in card
    assert "| note | a \\| b c |" in card
    assert yaml.safe_load(card.split("\n---\n")[0].removeprefix("---\n"))["base_model"] == HOSTILE
