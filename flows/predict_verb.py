"""``sface predict``: a model answers pictures, folders, patterns, videos and s3:// addresses."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from flows.arguments import Place, example, opened, progress
from flows.terminal import console
from sfcore.errors import WrongUse

if TYPE_CHECKING:
    from tasks.predict import Predicted

PREDICT_EXAMPLE = example("sface predict photos/ take.mov --out faces.jsonl --preview faces.png")
_MOST_SHOWN = 20
_FORMS = (".json", ".jsonl", ".csv")


def predict(
    sources: Annotated[list[str], typer.Argument(help="Pictures, folders, patterns, videos, zip archives or s3:// addresses.")],
    model: Annotated[str, typer.Option("--model", "-m", help="A model's id, or 'champion' for the one in use.")] = "champion",
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", help="Write to this file, .json, .jsonl or .csv (Live Link); may be given several times."),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Draw each input beside the rig that its prediction drives, up to 24, into this PNG.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=1024, help="Pictures answered together.")] = 16,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second taken from videos, else all; rate of loose pictures in a .csv, else 30.")
    ] = None,
    workspace: Place = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON, and nothing else on standard output.")] = False,
) -> None:
    """Read faces: 61 coefficients and a description of each picture; what cannot be read is a row with its error."""
    _check(out or [], preview, fps)
    place = opened(workspace)
    _quiet_transformers()
    from tasks.predict import PredictOrder
    from tasks.predict import predict as run

    done = run(place, PredictOrder(tuple(sources), model, tuple(out or ()), preview, batch_size, fps), progress())
    for note in () if as_json else done.notes:
        console(stderr=True).print(f"  {note}", style="dim", markup=False, emoji=False, soft_wrap=True)
    if as_json:
        print(json.dumps([row.plain() for row in done.rows], ensure_ascii=False, allow_nan=False))
        return
    if not out:
        console().print(_table(done))
    for path in [*(out or []), *([preview] if preview else [])]:
        console().print(f"wrote {path}", markup=False, soft_wrap=True)


def _check(outs: list[Path], preview: Path | None, fps: float | None) -> None:
    """Told before anything is opened."""
    for path in outs:
        if path.suffix.lower() not in _FORMS:
            raise WrongUse(f"--out {path}: name a file that ends in .json, .jsonl or .csv.")
    if preview is not None and preview.suffix.lower() != ".png":
        raise WrongUse(f"--preview {preview}: name a file that ends in .png.")
    for path in [*outs, *([preview] if preview else [])]:
        if not path.absolute().parent.is_dir():
            raise WrongUse(f"{path}: there is no folder {path.parent}; make it first or name another.")
    if fps is not None and not 0 < fps <= 1000:
        raise WrongUse(f"--fps {fps:g}: give frames a second above 0, such as 30.")


def _quiet_transformers() -> None:
    """People watch our own progress, not a bar of weights; what libraries deprecate is no news to them."""
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    from transformers.utils import logging

    logging.disable_progress_bar()


def _table(done: Predicted) -> Table:
    from sfcore.reports.contact_sheet import short_category

    more = len(done.rows) - _MOST_SHOWN
    caption = f"{more} more: --out or --json gives all" if more > 0 else None
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), caption=caption)
    for name in ("picture", "shows", "strongest"):
        table.add_column(name, overflow="fold")
    for row in done.rows[:_MOST_SHOWN]:
        name = row.source if row.t is None else f"{row.source} {row.t:.2f} s"
        if row.error is not None:
            table.add_row(Text(name), Text(row.error, style="red"), Text(""))
            continue
        shows = short_category(row.description.expression_category if row.description else None)
        table.add_row(Text(name), Text(shows), Text(f"{row.strongest()}{f'; {row.warning}' if row.warning else ''}"))
    return table
