"""``sface ingest``: recordings of every format into the labels of a dataset, or a look at what would come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.arguments import Json, Place, RecipeName, example, made, opened, progress, say
from flows.terminal import console
from sfcore.errors import WrongUse

if TYPE_CHECKING:
    from sfcore.recipe import Labels, Recipe
    from tasks.ingest import Ingested

INGEST_EXAMPLE = example("sface ingest takes/ --dataset anna --dry-run")
_MOST_NOTES = 60
_LARGEST_NAMES = 1024**2


def ingest(
    source: Annotated[
        str, typer.Argument(help="A recording, a folder, a pattern ('takes/*.csv'), a zip archive, or an s3:// address of any.")
    ],
    dataset: Annotated[str | None, typer.Option(help="Name of the dataset; else the file's name.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come in and what it covers; write nothing.")
    ] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="Turn takes over: left becomes right.")] = False,
    neutral: Annotated[
        str | None, typer.Option(help="Subtract a resting face: a frame's number, 'auto' (the stillest rows), or 'none'.")
    ] = None,
    rotation: Annotated[str | None, typer.Option(help="Unit of rotations: radians, degrees, or auto.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames a second of sources that do not say.")] = None,
    names: Annotated[
        str | None, typer.Option(help="Names of columns that have none, in order: with commas, or a file (a CSV's first line).")
    ] = None,
    video: Annotated[bool, typer.Option("--video/--no-video", help="Take pictures from a video beside a recording.")] = True,
    perturb: Annotated[
        int, typer.Option(min=0, max=20, help="Also add so many copies of each take that use its rarely used channels.")
    ] = 0,
    html: Annotated[
        Path | None, typer.Option(help="With --dry-run: also write the page with plots of what would come in.")
    ] = None,
    recipe: RecipeName = "laptop",
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Bring recordings into the labels table; damaged rows become rejects with a reason."""
    from flows.shipped import new_run_id

    changes: dict[str, Any] = {"mirror": mirror or None, "neutral": neutral, "rotation": rotation, "fps": fps}
    changes |= {"video": None if video else False, "perturb": {"copies": perturb} if perturb else None}
    changes["names"] = _names(names) if names else None
    wanted = _wanted(recipe, source, dataset, {key: value for key, value in changes.items() if value is not None})
    _check_page(html, dry_run)
    if dry_run:
        _look(wanted.labels, workspace, as_json, html)
        return
    from sfcore.recordings.incoming import reading_of
    from sfcore.recordings.source import check_source
    from tasks.ingest import ingest as run

    check_source(source, reading_of(wanted.labels))
    done = run(made(workspace), wanted.labels, wanted.seed, new_run_id(wanted), progress())
    _tell(done)
    say(asdict(done), as_json)


def dataset_name(source: str) -> str:
    """A name for a dataset after its source; raises `WrongUse` when none can be made of it."""
    stem = source.rstrip("/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in stem).strip("-._")
    if not name:
        raise WrongUse(f"'{source}' gives no name for a dataset: name it with --dataset.")
    return name


def labelled(recipe: Recipe, source: str | None, dataset: str | None, changes: dict[str, Any] | None = None) -> Recipe:
    """The recipe on other recordings; its dataset is named after the source unless a name is given."""
    if source is None and dataset is None:
        return recipe
    from sfcore.recipe import recipe_from

    content = recipe.model_dump(mode="json")
    # Recordings, or what a dataset holds: either way nothing is drawn into it.
    content["labels"] |= {"source": source, "prior": None, "dataset": dataset or dataset_name(source or "")} | (changes or {})
    return recipe_from(content, "the command line")


def _wanted(recipe: str, source: str, dataset: str | None, changes: dict[str, Any]) -> Recipe:
    from flows.shipped import recipe_named

    return labelled(recipe_named(recipe), source, dataset, changes)


def _names(text: str) -> list[str]:
    """Names with commas between them, or those in a file: one a line, or the first line of a CSV."""
    path = Path(text)
    if "," not in text and path.is_file():
        if path.stat().st_size > _LARGEST_NAMES * 64:
            raise WrongUse(f"--names {text}: the file is too large to be a list of names.")
        lines = path.read_bytes()[:_LARGEST_NAMES].decode("utf-8-sig", errors="replace").splitlines()
        text = lines[0] if lines and "," in lines[0] else ",".join(line for line in lines if line.strip())
    found = [name.strip() for name in text.split(",")]
    if len(found) < 10:
        raise WrongUse(f"--names {text[:60]}: give the names of all columns with commas between them, or a file that holds them.")
    return found


def _check_page(html: Path | None, dry_run: bool) -> None:
    if html is None:
        return
    if not dry_run:
        raise WrongUse("--html goes with --dry-run; for labels that are in, use 'sface labels report DATASET --html'.")
    if html.suffix.lower() not in (".html", ".htm") or not html.absolute().parent.is_dir():
        raise WrongUse(f"--html {html}: name a file that ends in .html, in a folder that is there.")


def _look(labels: Labels, location: str | None, as_json: bool, html: Path | None) -> None:
    from sfcore.reports.labels_terminal import labels_summary
    from tasks.ingest import held_already, survey

    known, beside = None, None
    try:
        known, beside = held_already(opened(location), labels.dataset)
    except WrongUse:
        if location is not None and "://" in location:
            raise
    done, coverage = survey(labels, known, beside)
    if html is not None:
        from sfcore.reports.labels_report import write_labels_report

        html.write_text(write_labels_report(coverage), encoding="utf-8")
    say(asdict(done) | {"dry_run": True, "coverage": coverage.plain()}, as_json)
    if not as_json:
        console().print(labels_summary(coverage))
        _tell(done)
        new = done.takes - done.found_done
        console().print(
            f"dry run: nothing was written; {new} of {done.takes} takes would be added to '{done.dataset}'", soft_wrap=True
        )


def _tell(done: Ingested) -> None:
    """What a person should know, on standard error."""
    lines = list(_lines(done))
    if len(lines) > _MOST_NOTES:
        lines = [*lines[:_MOST_NOTES], f"... and {len(lines) - _MOST_NOTES} more notes: --json holds them all"]
    for line in lines:
        console(stderr=True).print(f"  {line}", style="dim", markup=False, emoji=False, soft_wrap=True)


def _lines(done: Ingested) -> Iterator[str]:
    yield from (f"not read: {sentence}" for sentence in done.refused)
    yield from (f"conflict: {sentence}" for sentence in done.conflicts)
    yield from (f"mirrored? {sentence}" for sentence in done.suspected_mirroring)
    if done.rejected_by_reason:
        yield "rows rejected: " + ", ".join(f"{count} {reason}" for reason, count in done.rejected_by_reason.items())
    yield from (f"for example {example}" for example in done.rejected_examples)
    yield from done.notes
