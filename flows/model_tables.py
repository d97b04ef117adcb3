"""Models, comparisons, histories and replays as the terminal shows them; nothing is cut at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sfcore.gate.decide import Decision
from sfcore.gate.ledger import Entry, Reign
from sfcore.gate.roster import Comparison, Difference, Model, Score
from sfcore.gate.wording import digits
from sfcore.metrics.figures import FIGURES
from tasks.promote import Promoted, RolledBack
from tasks.replay import Replayed

_VERDICTS = {"promote": "green", "refuse": "red", "undecided": "yellow", "forced": "magenta", "rollback": "magenta"}
_ARROWS = {"higher": "↑", "lower": "↓", "one": "→ 1"}
_MARKS = {"first": ("✓", "green"), "second": ("✗", "red"), "not told apart": ("=", "dim"), "no interval": ("?", "dim")}


def models_table(models: Sequence[Model]) -> RenderableType:
    """A line for each model, and its headline figures."""
    if not models:
        return Text("no models yet: 'sface demo' or 'sface distill' makes one.")
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("model", "role"):
        table.add_column(name, overflow="fold")
    for name in ("skill ↑", "error ↓"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("decided", no_wrap=True)
    table.add_column("trained on", overflow="fold")
    for model in models:
        scores = {score.metric: score.value for score in model.scores}
        table.add_row(
            Text(model.model_id, style="bold" if model.role == "champion" else ""),
            Text(model.role or "–"),
            *(f"{scores[name]:.3f}" if name in scores else "–" for name in ("skill", "mae")),
            _verdict(model.verdict),
            Text(_origin(model)),
        )
    return table


def model_page(model: Model, reigns: Sequence[Reign], entries: Sequence[Entry]) -> RenderableType:
    """Everything that is known of one model."""
    role = f"  {model.role}" if model.role else ""
    parts: list[RenderableType] = [Text.assemble((model.model_id, "bold"), (role, "green" if model.role == "champion" else ""))]
    parts.append(Text(_origin(model)))
    if reigns:
        parts += [Text(), Text("Champion", style="bold"), *(_reign(reign) for reign in reigns)]
    if entries:
        parts += [Text(), Text("Decisions", style="bold"), *(_entry(entry) for entry in entries)]
    parts.append(Text())
    parts.append(_scores_table(model) if model.scores else Text("not scored yet: 'sface evaluate' does it."))
    return Group(*parts)


def comparison_table(found: Comparison) -> RenderableType:
    """Figures of two models side by side, and who is better for certain."""
    title = f"{found.first} and {found.second} on '{found.dataset}' at version {found.dataset_version}"
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("")
    for name in ("first", "second", "lead of the first"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found.differences:
        mark, style = _MARKS[one.finding]
        figure = FIGURES[one.metric]
        label = Text(f"{figure.label} {_ARROWS[figure.better]}")
        table.add_row(Text(mark, style=style), label, digits(one.first), digits(one.second), _lead(one))
    told = "✓ the first is better for certain (95 %), ✗ the second, = not told apart, ? no interval"
    if not found.paired:
        told = f"figures of two runs ({found.runs[0]}, {found.runs[1]}) that drew other faces: leads without intervals"
    return Group(Text(title, style="bold"), table, Text(told, style="dim"))


def history_lines(reigns: Sequence[Reign], told: str | None) -> RenderableType:
    """Who was champion from when to when, and by which decision; the newest last."""
    lines: list[RenderableType] = [Text(told, style="yellow")] if told else []
    lines += [_reign(reign) for reign in reigns]
    return Group(*lines) if lines else Text("there has been no champion yet: 'sface model promote MODEL' makes one.")


def query_lines(decision: Decision) -> Text:
    """The SQL that makes each rule's numbers and interval again; to be printed unwrapped, so that it can be copied."""
    parts = []
    for rule in decision.rules:
        queries = [f"{query};" for query in (rule.query, rule.interval_query) if query]
        parts += [f"\n-- {rule.rule}", *queries] if queries else []
    return Text("\n".join(parts))


def promoted_line(done: Promoted) -> Text:
    """Who is champion after a promotion, in a sentence."""
    if done.kind == "forced":
        verdict = done.decision.verdict
        return Text(f"Forced: {done.candidate} is champion. The gate's verdict was {verdict}. Reason kept: {done.why}")
    if done.champion_before == done.candidate:
        decided = f"{done.candidate} is the champion and stays it, whatever is found of it (decision {done.decision_id})"
        return Text(f"{decided}: 'sface model rollback' takes it off.")
    if done.champion == done.candidate:
        return Text(f"{done.candidate} is champion (decision {done.decision_id}, policy {done.policy}, run {done.run_id}).")
    stays = f"{done.champion} stays champion" if done.champion else "there is no champion yet"
    return Text(f"{stays} (decision {done.decision_id}, policy {done.policy}, run {done.run_id}).")


def rolled_back_line(done: RolledBack) -> Text:
    """Who is champion after a rollback, in a sentence."""
    back = f"{done.champion} is champion again, instead of {done.champion_before} (decision {done.decision_id})."
    return Text(f"{back} Reason kept: {done.why}")


def replay_lines(done: Replayed, policy_now: str | None) -> RenderableType:
    """What deciding again has shown; ``policy_now`` is the digest of the policy of that name that ships now."""
    mark = ("✓ ", "green") if done.same else ("✗ ", "red")
    verdict = (
        f"{done.verdict}, as decision {done.decision_id} on {done.candidate} says, by policy '{done.policy}' as it was then."
        if done.same
        else f"{done.verdict}; decision {done.decision_id} on {done.candidate} says {done.verdict_then}."
    )
    lines = [Text.assemble(mark, verdict)]
    lines += [Text(f"  differs: {difference}", style="red") for difference in done.differences]
    lines += [Text(f"  gone: {what}", style="yellow") for what in done.gone]
    if done.recomputed or not done.gone:
        lines.append(Text(f"  {done.recomputed} of {done.numbers} numbers were found again by the rules' own queries."))
    if policy_now not in (None, done.policy_digest):
        lines.append(Text(f"  policy '{done.policy}' has changed since: its kept text was used.", style="yellow"))
    return Group(*lines)


def _verdict(verdict: str | None) -> Text:
    return Text(verdict or "–", style=_VERDICTS.get(verdict or "", ""))


def _origin(model: Model) -> str:
    if not model.files:
        return "its files are gone"
    lineage = model.lineage
    if "samples" not in lineage:
        return "–"
    return f"{lineage['samples']:,} samples of {lineage.get('dataset', '?')}, base {lineage.get('base', '?')}"


def _scores_table(model: Model) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(f"run {model.run_id}")
    for name in ("value", "interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in model.scores:
        figure = FIGURES.get(score.metric)
        label = f"{figure.label} {_ARROWS[figure.better]}" if figure else score.metric
        table.add_row(Text(label), digits(score.value), _interval(score), f"{score.n:,}")
    return table


def _interval(score: Score) -> str:
    return "–" if score.ci_low is None or score.ci_high is None else f"{digits(score.ci_low)} to {digits(score.ci_high)}"


def _lead(one: Difference) -> str:
    if one.lead_low is None or one.lead_high is None:
        return digits(one.lead)
    return f"{digits(one.lead)} ({digits(one.lead_low)} to {digits(one.lead_high)})"


def _reign(reign: Reign) -> RenderableType:
    until = f"until {_when(reign.until)}" if reign.until else "until now"
    who = (reign.model_id, "bold" if reign.until is None else "")
    line = Text.assemble(f"{reign.move:>3}  ", who, f"  from {_when(reign.since)} {until}")
    return Group(line, _below(_by(reign.entry)))


def _below(text: str) -> RenderableType:
    return Padding(Text(text, style="dim"), (0, 0, 0, 5))


def _by(entry: Entry | None) -> str:
    if entry is None:
        return "its decision is gone"
    if entry.kind == "rollback":
        return f"rolled back, decision {entry.decision_id}: {entry.why}"
    measured = f"run {entry.run_id}" if entry.run_id else "no run"
    decided = f"policy {entry.policy}, {measured}, decision {entry.decision_id}"
    if entry.kind == "forced":
        return f"forced against the gate's {entry.verdict}, {decided}: {entry.why}"
    return f"promoted by {decided}"


def _entry(entry: Entry) -> RenderableType:
    word = entry.verdict if entry.kind == "gate" else entry.kind
    line = Text.assemble(f"  {_when(entry.decided_at)}  ", _verdict(word), f"  {entry.decision_id}")
    return Group(line, _below(entry.reason))


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
