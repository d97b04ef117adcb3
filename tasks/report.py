"""Step 6: what people look at after a run: a contact sheet, an HTML report, a model card, a summary for the terminal."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed
from sfcore.gate.decide import Decision, RuleResult
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST
from sfcore.rigs.registry import rig_card
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.query import open_for_questions
from sfcore.store.workspace import Workspace
from sfcore.supervision.wanted import Versions, WantedSamples, cast_in, names_of, samples_of
from tasks.progress import Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sfcore.reports.calibration import Curve

SHEET_PICTURES, SHEET_COLUMNS = 32, 8
PAGE_SAMPLES = 12
PAGE_WORST = 6


@dataclass(frozen=True, slots=True)
class Reported:
    """Where in the workspace the report lies."""

    page: str
    sheet: str
    card: str


def report(
    workspace: Workspace,
    recipe: Recipe,
    run_id: str,
    model_id: str,
    versions: Versions,
    started: datetime,
    progress: Progress,
) -> Reported:
    """Writes ``reports/<run_id>/{report.html,contact_sheet.png}`` and the model's card from the tables alone."""
    from sfcore.reports.model_card import ModelCard, write_model_card
    from sfcore.reports.run_report import RunReport, write_run_report

    progress.begin("report", 3, "pages")
    wanted = samples_of(workspace, recipe, versions.labels)
    reported = Reported(f"reports/{run_id}/report.html", f"reports/{run_id}/contact_sheet.png", f"models/{model_id}/README.md")
    workspace.write_bytes(reported.sheet, _sheet(workspace, versions.supervision, wanted))
    progress.advance(1)
    row, metrics = decision_row(workspace, run_id), metrics_of(workspace, run_id)
    lineage = json.loads(workspace.read_bytes(f"models/{model_id}/lineage.json"))
    samples = _varied_rows(workspace, versions.supervision, names_of(wanted, TEST), PAGE_SAMPLES)
    worst = _worst_rows(workspace, versions.supervision, model_id, names_of(wanted, TEST))
    page = RunReport(
        run_id=run_id,
        candidate=model_id,
        champion=row["champion_before"],
        started_at=started,
        seconds=(datetime.now(UTC) - started).total_seconds(),
        recipe=recipe.model_dump(mode="json"),
        rows=workspace.row_counts(),
        metrics=metrics,
        steps=workspace.read("steps", filter=pc.field("model_id") == model_id).sort_by("step"),
        samples=samples,
        predictions=_answers_to(workspace, model_id, [*samples["sample_id"].to_pylist(), *worst["sample_id"].to_pylist()]),
        worst=worst,
        calibration=_calibration(workspace, versions.supervision, names_of(wanted, TEST), [model_id, row["champion_before"]]),
        decision=decision_of(row),
        policy=row["policy"],
        lineage=lineage,
    )
    workspace.write_bytes(reported.page, write_run_report(page).encode())
    progress.advance(2)
    card = ModelCard(
        model_id=model_id,
        base=recipe.student.base,
        licence=_licence(recipe),
        datasets={recipe.labels.dataset: lineage["samples"]},
        domains=_domains(workspace, recipe),
        lineage=lineage,
        metrics=metrics,
        champion=row["champion_before"],
        verdict=row["verdict"],
        reason=row["reason"],
    )
    workspace.write_bytes(reported.card, write_model_card(card).encode())
    progress.end(f"report at {workspace.uri(reported.page)}")
    return reported


def _domains(workspace: Workspace, recipe: Recipe) -> tuple[str, ...]:
    cards = [rig_card(name, workspace) for name in cast_in(workspace, recipe).rigs]
    return tuple(sorted({f"{card.domain} ({card.licence})" for card in cards}))


def _licence(recipe: Recipe) -> str:
    # Weights made from a seed by this project are under its own licence; an adapter of a hub's model is bound by that model's.
    return "Apache-2.0" if recipe.student.base == "tiny" else f"that of {recipe.student.base}"


def metrics_of(workspace: Workspace, run_id: str) -> pa.Table:
    """The figures of one run; raises `WorkFailed` when it has none."""
    rows = workspace.read("metrics", filter=pc.field("run_id") == run_id)
    if not rows.num_rows:
        raise WorkFailed(f"run {run_id} has no metrics: run evaluate first.")
    return rows


def decision_row(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """The newest decision of a run; raises `WorkFailed` when it has none."""
    rows = workspace.read("decisions", filter=pc.field("run_id") == run_id).sort_by("decided_at").to_pylist()
    if not rows:
        raise WorkFailed(f"run {run_id} has no decision: run promote first.")
    return dict(rows[-1])


def decision_of(row: dict[str, Any]) -> Decision:
    """The decision that a row of ``decisions`` keeps."""
    return Decision(row["verdict"], row["reason"], tuple(RuleResult(**rule) for rule in row["rules"]))


def decision_markdown(row: dict[str, Any]) -> str:
    """A decision as Markdown: the verdict, its reason, a table of the rules, and the query behind each number."""
    lines = [f"# {row['verdict'].capitalize()}: {row['candidate']}", "", row["reason"], "", "| rule | outcome | finding |"]
    lines.append("| --- | --- | --- |")
    for rule in row["rules"]:
        name = rule["rule"] + ("" if rule["required"] else " (advice)")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (name, rule["outcome"], rule["sentence"])) + " |")
    for rule in row["rules"]:
        queries = [query for query in (rule["query"], rule.get("interval_query")) if query]
        if queries:
            lines += ["", f"## {rule['rule']}", "", "```sql", "\n\n".join(queries), "```"]
    return "\n".join(lines)


def leaderboard_of(workspace: Workspace, run_id: str) -> RenderableType:
    """A run's figures for the terminal; its candidate is the model that was evaluated first."""
    from sfcore.reports.terminal import leaderboard_table

    metrics = metrics_of(workspace, run_id)
    champion = read_alias(workspace, CHAMPION).model_id
    return leaderboard_table(metrics, metrics["model_id"][0].as_py(), champion)


def run_summary(workspace: Workspace, run_id: str) -> RenderableType:
    """The end of a run for the terminal: rows, figures and the decision."""
    from sfcore.reports.terminal import end_of_run

    row = decision_row(workspace, run_id)
    metrics = metrics_of(workspace, run_id)
    return end_of_run(workspace.row_counts(), metrics, decision_of(row), row["candidate"], row["champion_before"])


def where_to_look(workspace: Workspace, reported: Reported) -> str:
    """The champion and the addresses of report, sheet and model, one to a line."""
    champion = read_alias(workspace, CHAMPION).model_id
    return "\n".join(
        [
            "",
            f"champion       {champion or 'none yet'}",
            f"model          {workspace.uri(reported.card.rsplit('/', 1)[0])}",
            f"report         {workspace.uri(reported.page)}",
            f"contact sheet  {workspace.uri(reported.sheet)}",
        ]
    )


def _sheet(workspace: Workspace, version: int, wanted: WantedSamples) -> bytes:
    from sfcore.reports.contact_sheet import contact_sheet

    rows = _varied_rows(workspace, version, [name.decode() for name in wanted.names.tolist()], SHEET_PICTURES)
    sink = io.BytesIO()
    contact_sheet(rows, SHEET_COLUMNS).save(sink, "PNG")
    return sink.getvalue()


def _varied_rows(workspace: Workspace, version: int, samples: list[str], count: int) -> pa.Table:
    """Samples that differ: each category in turn, each time with a face not shown yet where there is one."""
    columns = ["sample_id", "expression_category", "identity"]
    keys = workspace.read("supervision", version, columns=columns, filter=pc.field("sample_id").isin(samples))
    by_category: dict[str, list[dict[str, str]]] = defaultdict(list)
    # Sample ids are hashes: sorting by them is a shuffle that is the same each time.
    for row in keys.sort_by("sample_id").to_pylist():
        by_category[_category(row["expression_category"])].append(row)
    chosen: list[str] = []
    shown: set[str] = set()
    while by_category and len(chosen) < count:
        for category in sorted(by_category)[: count - len(chosen)]:
            rows = by_category[category]
            row = next((row for row in rows if row["identity"] not in shown), rows[0])
            rows.remove(row)
            chosen.append(row["sample_id"])
            shown.add(row["identity"])
            if not rows:
                del by_category[category]
    found = workspace.read("supervision", version, filter=pc.field("sample_id").isin(chosen))
    places = {sample: i for i, sample in enumerate(found["sample_id"].to_pylist())}
    return found.take([places[sample] for sample in chosen])


def _category(text: str) -> str:
    from sfcore.reports.contact_sheet import short_category

    return short_category(text)


def _answers_to(workspace: Workspace, model_id: str, samples: list[str]) -> pa.Table:
    return workspace.read("predictions", filter=(pc.field("model_id") == model_id) & pc.field("sample_id").isin(samples))


def _worst_rows(workspace: Workspace, version: int, model_id: str, test: list[str]) -> pa.Table:
    """The supervision rows of the pictures that a model reads worst, worst first."""
    with open_for_questions(workspace, {"supervision": version}) as con:
        con.register("asked", pa.table({"sample_id": pa.array(test, pa.string())}))
        rows = con.execute(
            "SELECT sample_id FROM worst_samples WHERE model_id = $1 AND sample_id IN (SELECT sample_id FROM asked) "
            "ORDER BY error DESC, sample_id LIMIT $2",
            [model_id, PAGE_WORST],
        ).fetchall()
    chosen = [str(row[0]) for row in rows]
    found = workspace.read("supervision", version, filter=pc.field("sample_id").isin(chosen))
    places = {sample: i for i, sample in enumerate(found["sample_id"].to_pylist())}
    return found.take(pa.array([places[sample] for sample in chosen], pa.int64()))


def _calibration(workspace: Workspace, version: int, test: list[str], models: list[str | None]) -> dict[str, dict[str, Curve]]:
    from sfcore.reports.calibration import calibration

    asked = pc.field("sample_id").isin(test)
    truth = workspace.read("supervision", version, columns=["sample_id", *NAMES], filter=asked)
    curves = {}
    for model in dict.fromkeys(name for name in models if name):
        readable = asked & (pc.field("model_id") == model) & pc.field("parsed")
        curves[model] = calibration(truth, workspace.read("predictions", columns=["sample_id", *NAMES], filter=readable))
    return curves
