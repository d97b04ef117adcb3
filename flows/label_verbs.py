"""``sface labels`` and ``sface export``: what labels cover, and the way out for labels, supervision and predictions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer

from flows.arguments import Json, Place, example, opened, progress, say
from flows.terminal import console
from sfcore.errors import WorkFailed, WrongUse, nearest

labels = typer.Typer(help="Labels: what a dataset covers.", no_args_is_help=True)

EXPORT_EXAMPLE = example("sface export anna --format livelink --out anna-csv")
_FORMATS = (
    "livelink, audio2face, audio2face-csv, lam, mediapipe, semanticface, chat (ms-swift, LLaMA-Factory), huggingface, jsonl"
)


@labels.command("report", epilog=example("sface labels report anna --html anna.html"))
def labels_report(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    html: Annotated[Path | None, typer.Option(help="Also write the page with plots to this HTML file.")] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Show takes, rejects, coverage of each channel, what never moves, what looks mirrored, and conflicts."""
    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise WrongUse(f"--html {html}: the page is HTML; name a file that ends in .html.")
    if html is not None and not html.absolute().parent.is_dir():
        raise WrongUse(f"--html {html}: there is no folder {html.parent}; make it first or name another.")
    from sfcore.reports.labels_report import write_labels_report
    from sfcore.reports.labels_terminal import labels_summary
    from tasks.coverage import coverage_in

    place = opened(workspace)
    coverage = coverage_in(place, dataset)
    if html is not None:
        try:
            html.write_text(write_labels_report(coverage), encoding="utf-8")
        except OSError as error:
            raise WorkFailed(f"cannot write {html}: {error.strerror or error}.") from None
    say(coverage.plain(), as_json)
    if not as_json:
        console().print(labels_summary(coverage))
        if html is not None:
            console().print(f"\nwrote {html}", markup=False, soft_wrap=True)


def export(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    form: Annotated[str, typer.Option("--format", "-f", help=f"One of {_FORMATS}.")],
    out: Annotated[str, typer.Option("--out", "-o", help="File, folder or s3:// address to write.")],
    what: Annotated[str, typer.Option(help="labels, supervision or predictions.")] = "labels",
    take: Annotated[str | None, typer.Option(help="Only this take.")] = None,
    split: Annotated[str | None, typer.Option(help="Only this split (train, test, guard).")] = None,
    model: Annotated[str | None, typer.Option(help="Whose predictions, where several models have answered.")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second of takes that know no time; the rate of audio2face files.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Timecode of a take's time 0, for livelink; else the recording's, or 00:00:00:00.000.")
    ] = None,
    decimals: Annotated[
        int | None, typer.Option(min=1, max=9, help="Decimals in semanticface, chat (3) and jsonl; else all there are.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the recordings, for huggingface's card, as the hub spells it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an export that is there.")] = False,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Write labels, supervision or predictions for other programs: Unreal, Omniverse, training frameworks, the hub."""
    from sfcore.exports.selection import Selection, What
    from sfcore.exports.writing import Order, check_order

    kinds = get_args(What)
    if what not in kinds:
        raise WrongUse(f"--what {what}{nearest(what, kinds)}: choose labels, supervision or predictions.")
    if fps is not None and not 0 < fps <= 10_000:
        raise WrongUse(f"--fps {fps:g}: give frames a second above 0, such as 30 or 60.")
    selection = Selection(what, dataset, take, split, model)  # type: ignore[arg-type]  # checked above
    order = Order(selection, form, out, fps, None if start is None else _second(start), decimals, licence, force)
    check_order(order)
    from tasks.export import export as run

    done = run(opened(workspace), order, progress())
    for note in done.notes if not as_json else ():
        console(stderr=True).print(f"  {note}", style="dim", markup=False, emoji=False, soft_wrap=True)
    say(asdict(done), as_json)


def _second(timecode: str) -> float:
    from sfcore.recordings.timecode import seconds_of_day

    try:
        return float(seconds_of_day(timecode))
    except ValueError:
        raise WrongUse(
            f"--start {timecode}: give a timecode such as 13:04:31:12.500 (hours, minutes, seconds, frames of 60)."
        ) from None
