"""``sface model``: which models there are, which is champion, how it became that, and how to change it."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.arguments import Json, Place, example, opened, progress, say, writable
from flows.terminal import console
from sfcore.errors import WorkFailed, WrongUse

if TYPE_CHECKING:
    from sfcore.gate.decide import Decision
    from sfcore.gate.ledger import Reign
    from sfcore.gate.policy import Policy
    from sfcore.store.workspace import Workspace
    from tasks.promote import Promoted

model = typer.Typer(help="Models: list, look at, compare, promote, roll back, and who was champion when.", no_args_is_help=True)

PROMOTE_EXAMPLE = example("sface promote demo-1a2b3c4d --run demo-20260101-120000-ab12 --policy strict")

Name = Annotated[str, typer.Argument(help="A model's id as 'sface model list' shows it, or 'champion'.")]
Candidate = Annotated[str, typer.Argument(help="The candidate's id, as 'sface model list' shows it.")]
Run = Annotated[
    str | None, typer.Option(help="The run whose figures decide; else the newest that scored the model.", show_default=False)
]
PolicyName = Annotated[
    str | None,
    typer.Option(help="A shipped policy (default, strict) or a file; else the one the run was decided by, else default."),
]
Force = Annotated[bool, typer.Option("--force", help="Make it champion whatever the gate finds; needs --reason.")]
Reason = Annotated[str | None, typer.Option(help="Why, in a sentence that is kept.", show_default=False)]
Queries = Annotated[bool, typer.Option("--queries", help="Print below each rule the SQL that makes its numbers again.")]


@model.command("list", epilog=example("sface model list"))
def model_list(workspace: Place = None, as_json: Json = False) -> None:
    """List the models, the champion first."""
    place = opened(workspace)
    from sfcore.gate.roster import models_of

    models = models_of(place)
    say([asdict(one) for one in models], as_json)
    if not as_json:
        from flows.model_tables import models_table

        console().print(models_table(models))


@model.command("show", epilog=example("sface model show champion"))
def model_show(name: Name, workspace: Place = None, as_json: Json = False) -> None:
    """Show what a model was made from, its figures, the decisions on it and its times as champion."""
    place = opened(workspace)
    from sfcore.gate.roster import model_named, model_of

    found, reigns, entries = model_of(place, model_named(place, name))
    if as_json:
        say(asdict(found) | {"reigns": _plain(reigns), "decisions": [asdict(entry) for entry in entries]}, as_json)
        return
    from flows.model_tables import model_page

    console().print(model_page(found, reigns, entries))


@model.command("compare", epilog=example("sface model compare demo-1a2b3c4d champion"))
def model_compare(first: Name, second: Name, workspace: Place = None, as_json: Json = False) -> None:
    """Put the figures of two models side by side, and say which leads are certain."""
    place = opened(workspace)
    from sfcore.gate.roster import compare, model_named

    found = compare(place, model_named(place, first), model_named(place, second))
    if as_json:
        rows = [asdict(one) | {"finding": one.finding} for one in found.differences]
        say(asdict(found) | {"differences": rows}, as_json)
        return
    from flows.model_tables import comparison_table

    console().print(comparison_table(found))


@model.command("promote", epilog=example('sface model promote demo-1a2b3c4d --force --reason "the champion drops frames"'))
def model_promote(
    name: Candidate,
    run: Run = None,
    policy: PolicyName = None,
    force: Force = False,
    reason: Reason = None,
    queries: Queries = False,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Let the gate decide on a model, and move the champion if it says so, or with --force whatever it says."""
    _promote(workspace, name, run, policy, _forcing(force, reason), queries, as_json)


@model.command("rollback", epilog=example('sface model rollback --reason "blinks are missed in the new one"'))
def model_rollback(
    reason: Annotated[str, typer.Option(help="Why, in a sentence that is kept.")], workspace: Place = None, as_json: Json = False
) -> None:
    """Make the champion before the present one champion again."""
    place = writable(opened(workspace))
    from tasks.promote import rollback

    done = rollback(place, reason, progress())
    say(asdict(done), as_json)
    if not as_json:
        from flows.model_tables import rolled_back_line

        console().print(rolled_back_line(done), soft_wrap=True)
    if _prefect_hears():
        from tasks.events import send_rollback

        send_rollback(done)


@model.command("history", epilog=example("sface model history"))
def model_history(workspace: Place = None, as_json: Json = False) -> None:
    """Tell who was champion from when to when, and by which decision; a promotion that was cut off is finished first."""
    place = opened(workspace)
    from sfcore.gate.ledger import reigns_of

    told = _finished(place)
    reigns = reigns_of(place)
    if as_json:
        if told:
            console(stderr=True).print(told, soft_wrap=True, markup=False)
        say(_plain(reigns), as_json)
        return
    from flows.model_tables import history_lines

    console().print(history_lines(reigns, told))


def promote(
    name: Annotated[str | None, typer.Argument(metavar="MODEL", help="The candidate's id.", show_default=False)] = None,
    run: Run = None,
    policy: PolicyName = None,
    replay: Annotated[
        str | None, typer.Option(metavar="DECISION", help="Make a decision again from what it was made on, and change nothing.")
    ] = None,
    force: Force = False,
    reason: Reason = None,
    queries: Queries = False,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Let the gate decide on a model by a run's figures, and move the champion if it says so."""
    if replay is not None:
        if name or run or policy or force or reason:
            raise WrongUse("--replay takes a decision alone: it keeps its own model, run and policy.")
        _replay(workspace, replay, queries, as_json)
        return
    if name is None:
        raise WrongUse("name a model to decide on, as 'sface model list' shows it, or a decision to --replay.")
    _promote(workspace, name, run, policy, _forcing(force, reason), queries, as_json)


def _forcing(force: bool, reason: str | None) -> str | None:
    """The reason of a forced promotion; None where the gate decides."""
    if force and not (reason or "").strip():
        raise WrongUse('--force needs a reason that will be kept: give --reason "...".')
    if reason is not None and not force:
        raise WrongUse("--reason goes with --force: without it the gate gives the reason.")
    return reason if force else None


def _promote(
    location: str | None, name: str, run: str | None, policy: str | None, why: str | None, queries: bool, as_json: bool
) -> None:
    # Told before the workspace is opened: a misspelt policy.
    given = _shipped(policy) if policy is not None else None
    place = writable(opened(location))
    done = _decided(place, name, run, given, why)
    say(asdict(done), as_json)
    if not as_json:
        from flows.model_tables import promoted_line

        _print_decision(done.decision, queries)
        console().print(promoted_line(done), soft_wrap=True)
    if _prefect_hears():
        from tasks.events import send_decision

        send_decision(done)


def _prefect_hears() -> bool:
    """Whether a Prefect server is named; without one a command says nothing to Prefect and does not load it."""
    return bool(os.environ.get("PREFECT_API_URL"))


def _decided(place: Workspace, name: str, run: str | None, given: Policy | None, why: str | None) -> Promoted:
    from sfcore.gate.roster import newest_run
    from sfcore.student.shelf import lineage_of
    from tasks.promote import force, promote

    lineage_of(place, name)
    run_id = run or newest_run(place, name)
    rules = given or _policy_of_run(place, run_id) or _shipped("default")
    if why is not None:
        return force(place, rules, name, run_id, why, progress())
    if run_id is None:
        raise WorkFailed(f"{name} has no figures to decide by: score it with 'sface evaluate {name} --dataset ...'.")
    return promote(place, rules, name, run_id, progress())


def _shipped(name: str) -> Policy:
    from flows.shipped import policy_named

    return policy_named(name)


def _policy_of_run(place: Workspace, run_id: str | None) -> Policy | None:
    """The policy that a run was decided by last, as the decision keeps it."""
    import pyarrow.compute as pc

    from sfcore.gate.ledger import read_entries
    from sfcore.gate.policy import Policy

    kept = [entry.policy_text for entry in read_entries(place, pc.field("run_id") == run_id)]
    return Policy.model_validate_json(kept[-1]) if kept and kept[-1] else None


def _replay(location: str | None, decision_id: str, queries: bool, as_json: bool) -> None:
    place = opened(location)
    from tasks.replay import replay

    done = replay(place, decision_id)
    say(asdict(done), as_json)
    if not as_json:
        from flows.model_tables import replay_lines

        _print_decision(done.decision, queries)
        console().print(replay_lines(done, _digest_now(done.policy)), soft_wrap=True)
    if not done.same:
        raise typer.Exit(1)


def _print_decision(decision: Decision, queries: bool) -> None:
    from flows.model_tables import query_lines
    from sfcore.reports.terminal import decision_lines

    console().print(decision_lines(decision))
    if queries:
        console().print(query_lines(decision), soft_wrap=True)


def _digest_now(policy: str) -> str | None:
    """The digest of a policy that ships under this name now, None where there is none."""
    try:
        return _shipped(policy).digest
    except WrongUse:
        return None


def _finished(place: Workspace) -> str | None:
    """Finishes a promotion that was cut off, where the workspace can be written; what was found, in a sentence."""
    from sfcore.gate.ledger import cut_off
    from sfcore.store.aliases import CHAMPION, read_alias
    from tasks.promote import finish_cut_off

    left = cut_off(place, read_alias(place, CHAMPION))
    if left is None:
        return None
    try:
        return finish_cut_off(writable(place))
    except WorkFailed as error:
        return f"a promotion to {left.candidate} (decision {left.decision_id}) was cut off and is not finished: {error}"


def _plain(reigns: list[Reign]) -> list[dict[str, object]]:
    """Reigns as JSON has them: the decision in a few words, its rules left to ``sface query``."""
    rows = []
    for reign in reigns:
        entry = reign.entry
        row = {"move": reign.move, "model_id": reign.model_id, "since": reign.since, "until": reign.until, "kind": reign.kind}
        named = ("decision_id", "run_id", "verdict", "policy", "policy_digest", "champion_before", "why", "reason")
        rows.append(row | {name: getattr(entry, name) if entry else None for name in named})
    return rows
