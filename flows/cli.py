"""The ``sface`` command. Heavy engines are imported by the verbs that use them: help, wrong use and queries answer at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from flows.arguments import Json, Place, RecipeName, example, made, opened, progress, say, writable
from flows.dataset_verbs import dataset
from flows.failures import tell, tell_interrupted
from flows.ingest_verb import INGEST_EXAMPLE, ingest, labelled
from flows.interruption import ctrl_c_was_heard, heed_ctrl_c
from flows.label_verbs import EXPORT_EXAMPLE, export, labels
from flows.model_verbs import PROMOTE_EXAMPLE, model, promote
from flows.predict_verb import PREDICT_EXAMPLE, predict
from flows.query_verb import QUERY_EXAMPLE, query
from flows.rig_verbs import rig
from flows.terminal import console

if TYPE_CHECKING:
    from sfcore.recipe import Recipe

app = typer.Typer(
    name="sface",
    help="From recordings of facial motion to a measured, promoted model that reads faces.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)


# The workflow -----------------------------------------------------------------------------------------------------------


@app.command(epilog=example("sface demo --labels take.csv"))
def demo(
    labels: Annotated[
        str | None, typer.Option(help="Recordings, as sface ingest takes them; none draws labels from the coefficient prior.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of the dataset; else the file's name.")] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Run the whole workflow at a small size: minutes on two cores."""
    _retrain(labelled(_recipe("demo"), labels, dataset), workspace, as_json)


@app.command(epilog=example("sface retrain --recipe laptop --labels take.csv"))
def retrain(
    recipe: RecipeName = "laptop",
    labels: Annotated[str | None, typer.Option(help="Recordings, as sface ingest takes them; else the recipe's own.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of the dataset; else the file's name or the recipe's.")] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Ingest, supervise, distill, evaluate, promote and report; finished work is found and not repeated."""
    _retrain(labelled(_recipe(recipe), labels, dataset), workspace, as_json)


app.command("ingest", epilog=INGEST_EXAMPLE)(ingest)


@app.command(epilog=example("sface supervise --recipe laptop --dataset anna"))
def supervise(
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    recipe: RecipeName = "laptop",
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Make the pictures and descriptions that a recipe wants of a dataset."""
    wanted = labelled(_recipe(recipe), None, dataset)
    place = writable(opened(workspace))
    from flows.shipped import new_run_id
    from tasks.supervise import supervise as run

    say(asdict(run(place, wanted, new_run_id(wanted), progress())), as_json)


@app.command(epilog=example("sface distill --recipe laptop --dataset anna"))
def distill(
    dataset: Annotated[str | None, typer.Option(help="Name of the dataset; else the recipe's.")] = None,
    recipe: RecipeName = "laptop",
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Train a student on a dataset's supervision; an interrupted training goes on from its last checkpoint.

    A recipe with a part 'sight', such as tiny-base, teaches the vision tower of a tiny base instead, from pictures drawn on the
    spot; a dataset's recorded faces are learnt from too where one is named.
    """
    wanted = labelled(_recipe(recipe), None, dataset)
    if wanted.sight is not None:
        from tasks.sight import teach_sight

        say(asdict(teach_sight(made(workspace), wanted, dataset, progress())), as_json)
        return
    place = writable(opened(workspace))
    from flows.shipped import new_run_id
    from tasks.distill import distill as run
    from tasks.supervise import versions_now

    done = run(place, wanted, versions_now(place), new_run_id(wanted), progress())
    say(asdict(done), as_json)


@app.command(epilog=example("sface evaluate demo-1a2b3c4d --dataset anna"))
def evaluate(
    model: Annotated[str, typer.Argument(help="A model's id, as 'sface model list' shows it.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    recipe: RecipeName = "laptop",
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Score a model on held-out pictures, beside the champion and two baselines."""
    wanted = labelled(_recipe(recipe), None, dataset)
    place = writable(opened(workspace))
    from flows.shipped import new_run_id
    from tasks.evaluate import evaluate as run
    from tasks.supervise import versions_now

    done = run(place, wanted, model, versions_now(place), new_run_id(wanted), progress())
    say(asdict(done), as_json)
    if not as_json:
        from tasks.report import leaderboard_of

        console().print(leaderboard_of(place, done.run_id))
        console().print(f"\nrun {done.run_id}: decide with 'sface promote {model} --run {done.run_id}'", soft_wrap=True)


app.command("promote", epilog=PROMOTE_EXAMPLE)(promote)


# Asking -----------------------------------------------------------------------------------------------------------------


app.command("query", epilog=QUERY_EXAMPLE)(query)


@app.command(name="doctor", epilog=example("sface doctor"))
def doctor(as_json: Json = False) -> None:
    """Tell what this machine has and lacks."""
    from sfcore.machine import findings

    found = findings()
    if as_json:
        print(json.dumps([asdict(finding) for finding in found]))
    else:
        for finding in found:
            mark, style = ("✓", "green") if finding.fine else ("✗", "red") if finding.needed else ("!", "yellow")
            console().print(Text.assemble((mark, style), f" {finding.subject:<14} {finding.sentence}"), soft_wrap=True)
    if not all(finding.fine or not finding.needed for finding in found):
        raise typer.Exit(1)


app.add_typer(rig, name="rig")
app.add_typer(model, name="model")
app.add_typer(labels, name="labels")
app.add_typer(dataset, name="dataset")
app.command("export", epilog=EXPORT_EXAMPLE)(export)
app.command("predict", epilog=PREDICT_EXAMPLE)(predict)


# Plumbing ---------------------------------------------------------------------------------------------------------------


def _recipe(name: str) -> Recipe:
    from flows.shipped import recipe_named

    return recipe_named(name)


def _retrain(recipe: Recipe, location: str | None, as_json: bool) -> None:
    from flows.shipped import policy_named
    from sfcore.recordings.incoming import reading_of
    from sfcore.recordings.source import check_source
    from tasks.cluster import Resources, check_machine

    # Told before any engine starts: a misspelt policy, a source that is no recording, a place that cannot be written.
    policy_named(recipe.promotion.policy)
    if recipe.labels.source:
        check_source(recipe.labels.source, reading_of(recipe.labels))
    check_machine(Resources.of(recipe.training))
    place = made(location)
    _quiet_prefect()
    _reach_prefect()
    from flows.retrain import retrain as flow

    done = flow(recipe=recipe, workspace=place.address.uri)
    if as_json:
        say(asdict(done), as_json)
        return
    from tasks.report import run_summary, where_to_look

    console().print(run_summary(place, done.run_id))
    console().print(where_to_look(place, done.reported), soft_wrap=True)


def _quiet_prefect() -> None:
    # People read our own progress; Prefect's log is there for those who ask for it by PREFECT_LOGGING_LEVEL.
    for name, value in {
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # A busy machine takes longer than Prefect's 20 s to start its server on a new database.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    }.items():
        os.environ.setdefault(name, value)
    logging.getLogger("prefect").setLevel(logging.CRITICAL)


def _reach_prefect() -> None:
    """Starts Prefect's own server, unless one is named, where Ctrl-C does not reach it: it must hear that the run has ended."""
    # A child keeps the signals that were blocked when it was started. The server would else be gone before the run is, and the
    # run would try for more than a minute to tell it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True):
            pass
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def main() -> None:
    """Entry point: what fails is one line on standard error, with exit code 2 for wrong use and 1 for failed work."""
    heed_ctrl_c()
    try:
        app()
    except (SystemExit, KeyboardInterrupt) as stop:
        # Typer turns Ctrl-C into an exit with 130 before anyone else hears of it.
        if isinstance(stop, SystemExit) and stop.code != 130:
            raise
        ctrl_c_was_heard()
        sys.exit(tell_interrupted())
    except BaseException as error:  # engines written in Rust panic beside Exception
        sys.exit(tell(error))
