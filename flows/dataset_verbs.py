"""``sface dataset``: samples looked at and made again, what a dataset holds, and tables kept healthy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from flows.arguments import Json, Place, example, opened, say, writable
from flows.terminal import console
from sfcore.errors import WorkFailed, WrongUse

if TYPE_CHECKING:
    from sfcore.store.workspace import Workspace
    from sfcore.supervision.remaking import Remade

dataset = typer.Typer(help="Samples: look at one, report on all, keep their tables healthy.", no_args_is_help=True)

_WEEK = 168.0
_DAY = 24.0

Table = Annotated[str | None, typer.Argument(help="One table; none means every table of the workspace.", show_default=False)]


@dataset.command("show", epilog=example("sface dataset show 3f9a41 --out sample.png"))
def dataset_show(
    sample: Annotated[str, typer.Argument(help="A sample's id, or how it begins (six digits or more).")],
    out: Annotated[Path | None, typer.Option(help="Also write the stored picture to this file, as it is stored.")] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Make one sample again, alone, and say whether it has the bytes that are stored; exit code 1 when it has not."""
    if out is not None and not out.absolute().parent.is_dir():
        raise WrongUse(f"--out {out}: there is no folder {out.parent}; make it first or name another.")
    from sfcore.supervision.remaking import remake, stored_sample

    place = opened(workspace)
    stored = stored_sample(place, sample)
    if out is not None:
        _write(out, stored["image"][0].as_py())
    made = remake(place, stored)
    told = {name: value for name, value in made.stored.items() if name != "image"}
    say({**told, "picture_bytes": made.picture_bytes, "same": made.same, "differs": made.differs}, as_json)
    if not as_json:
        _tell_sample(made)
        if out is not None:
            _print(f"wrote {out}")
    if not made.same:
        raise typer.Exit(1)


@dataset.command("report", epilog=example("sface dataset report anna --out anna-report"))
def dataset_report(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="Name of the dataset.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for report.html and README.md; else reports/ of the workspace.", show_default=False),
    ] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Say what a dataset's samples cover, in which words, how true and how alike; as HTML with plots, and a card beside it."""
    from sfcore.reports.supervision_report import summary, write_supervision_card, write_supervision_report
    from sfcore.supervision.survey import survey

    place = opened(workspace)
    found = survey(place, name)
    pages = {"report.html": write_supervision_report(found), "README.md": write_supervision_card(found)}
    where = _keep(place, f"reports/dataset-{name}", pages) if out is None else _put(out, pages)
    say({**found.plain(), "pages": where}, as_json)
    if not as_json:
        for what, said in summary(found):
            console().print(Text.assemble((f"{what:<10}", "dim"), said), soft_wrap=True)
        for path in where:
            _print(f"wrote {path}")


@dataset.command("compact", epilog=example("sface dataset compact supervision"))
def dataset_compact(
    table: Table = None,
    target: Annotated[float, typer.Option("--mib", min=1, max=1024, help="Size that files grow to.")] = 128,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Merge small files into large ones; older versions stay readable, the files they need lie there until a vacuum."""
    from sfcore.store.upkeep import compact

    place = writable(opened(workspace))
    done = [compact(place, name, int(target)) for name in _tables(place, table)]
    say([asdict(one) for one in done], as_json)
    for one in () if as_json else done:
        changed = (
            f"{one.files_before:,} files are {one.files_after:,} now" if one.files_before != one.files_after else "as it was"
        )
        _print(f"{one.table:<12} {changed}; {one.mib:,.1f} MiB")


@dataset.command("vacuum", epilog=example("sface dataset vacuum --delete"))
def dataset_vacuum(
    table: Table = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what was found; without it, nothing is removed.")] = False,
    hours: Annotated[
        float, typer.Option("--older-than", min=0, help="Hours for which a file must not have been needed; a week by default.")
    ] = _WEEK,
    alone: Annotated[
        bool, typer.Option("--alone", help="Nothing else works in this workspace: take also what is younger than a day.")
    ] = False,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Find files that no version in use needs: orphans of runs that died, and what compacting replaced.

    Versions that a model, a figure or a decision rests on keep their files, however old they are.
    """
    if hours < _DAY and not alone:
        raise WrongUse(
            f"--older-than {hours:g}: a run may be about to commit files of the last day; say --alone when nothing else works in "
            "this workspace."
        )
    from sfcore.store.upkeep import sweep_unfinished, vacuum

    place = writable(opened(workspace)) if delete else opened(workspace)
    done = [vacuum(place, name, hours, delete) for name in _tables(place, table)]
    unfinished = sweep_unfinished(place, hours, delete)
    say({"tables": [asdict(one) for one in done], "unfinished": unfinished}, as_json)
    if as_json:
        return
    for one in done:
        kept = f"; kept for what rests on versions {', '.join(map(str, one.kept_versions))}" if one.kept_versions else ""
        what = f"{len(one.files):,} files, {one.mib:,.1f} MiB" if one.files else "nothing"
        _print(f"{one.table:<12} {what} {'removed' if delete and one.files else 'to remove'}{kept}")
    if unfinished:
        _print(f"{'unfinished':<12} {len(unfinished):,} files that a process was writing when it died")
    if not delete and (unfinished or any(one.files for one in done)):
        _print("nothing was removed; 'sface dataset vacuum --delete' removes these files.")


def _tables(workspace: Workspace, named: str | None) -> list[str]:
    if named is None:
        return [name for name in workspace.schemas if workspace.has_table(name)]
    if not workspace.has_table(named):  # also refuses a misspelt one
        raise WrongUse(f"there is no table '{named}' in this workspace yet.")
    return [named]


def _keep(workspace: Workspace, folder: str, pages: dict[str, str]) -> list[str]:
    place = writable(workspace)
    for name, page in pages.items():
        place.write_bytes(f"{folder}/{name}", page.encode())
    return [place.uri(f"{folder}/{name}") for name in pages]


def _put(folder: Path, pages: dict[str, str]) -> list[str]:
    for name, page in pages.items():
        _write(folder / name, page.encode())
    return [str(folder / name) for name in pages]


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise WorkFailed(f"cannot write {path}: {error.strerror or error}.") from None


def _tell_sample(made: Remade) -> None:
    from sfcore.arkit import NAMES
    from sfcore.captions.description import FIELDS

    row: dict[str, Any] = made.stored
    _line("sample", row["sample_id"])
    _line("label", f"{row['dataset']}, take {row['take']}, frame {row['frame']}, variant {row['variant']}, split {row['split']}")
    _line("face", f"{row['identity']} of domain {row['domain']}")
    _line("picture", f"{row['width']} x {row['height']} pixels, {len(row['image']):,} bytes")
    for field in FIELDS:
        _line(field.split("_")[-1], row[field])
    strongest = sorted((name for name in NAMES if row[name]), key=lambda name: -abs(row[name]))[:8]
    _line("strongest", ", ".join(f"{name} {row[name]:.2f}" for name in strongest) or "nothing moves")
    _line("caption", f"by {row['caption_source']}, score {row['verify_score']:g}, {row['attempts']} attempts")
    if made.same:
        console().print(Text.assemble(("✓", "green"), " made again alone: every column has the bytes that are stored"))
    else:
        console().print(
            Text.assemble(("✗", "red"), f" made again alone, it differs in {', '.join(made.differs)}"), soft_wrap=True
        )


def _line(name: str, said: object) -> None:
    console().print(Text.assemble((f"{name:<12}", "dim"), str(said)), soft_wrap=True)


def _print(sentence: str) -> None:
    console().print(sentence, markup=False, emoji=False, soft_wrap=True)
