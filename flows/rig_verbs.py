"""``sface rig``: heads that ARKit's shapes pose, brought in, looked at, checked and written out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from flows.arguments import Json, Place, example, made, opened, say
from flows.terminal import console
from sfcore.errors import WrongUse

if TYPE_CHECKING:
    from sfcore.rigs.registry import RigCard
    from sfcore.rigs.rig import Rig
    from sfcore.store.workspace import Workspace

rig = typer.Typer(help="Heads that ARKit's shapes pose: bring in, list, look at, check, write out.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a rig: 'procedural', or one that was imported into the workspace.")]


@rig.command("import", epilog=example("sface rig import ict-facekit ict-facekit.tar.xz"))
def rig_import(
    kind: Annotated[
        str, typer.Argument(help="ict-facekit, gltf (also .glb and .vrm), mpfb or obj (a folder or zip of OBJ files).")
    ],
    path: Annotated[Path, typer.Argument(help="The file, folder or archive, as published.")],
    name: Annotated[str | None, typer.Option(help="What recipes call it; else 'ict', 'mpfb', or the name of the file.")] = None,
    workspace: Place = None,
    as_json: Json = False,
) -> None:
    """Bring a head of other people into the workspace, for recipes to draw with (faces.rigs)."""
    if not path.exists():
        raise WrongUse(f"{path}: there is no such file or folder; check the path.")
    from sfcore.rigs.importing import import_rig, usual_name
    from sfcore.rigs.registry import check_name, keep_rig
    from sfcore.store.workspace import Workspace

    called = name or usual_name(kind, path)
    check_name(called)
    # Told before a large release is read.
    Workspace.reachable(workspace)
    head = import_rig(kind, path, called)
    place = made(workspace)
    card = keep_rig(head, place)
    say(asdict(card), as_json)
    if not as_json:
        _tell(card)
        _print(f"look at it with: sface rig preview {card.name} --out {card.name}.png")


@rig.command("list", epilog=example("sface rig list"))
def rig_list(workspace: Place = None, as_json: Json = False) -> None:
    """List the rigs that recipes may name."""
    from sfcore.rigs.registry import known_rigs, rig_card

    place = _perhaps(workspace)
    cards = [rig_card(name, place) for name in known_rigs(place)]
    say([asdict(card) for card in cards], as_json)
    for card in () if as_json else cards:
        _tell(card)


@rig.command("preview", epilog=example("sface rig preview procedural --out shapes.png"))
def rig_preview(
    name: Name = "procedural",
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("shapes.png"),
    faces: Annotated[int, typer.Option(min=0, max=400, help="Draw this many random people instead of the 52 shapes.")] = 0,
    workspace: Place = None,
) -> None:
    """Draw a labelled sheet of all 52 shapes at full value, or of random people."""
    _can_be_written(out, ".png", "the sheet is written as PNG")
    from sfcore.recipe import Faces
    from sfcore.render.sheet import random_sheet, shape_sheet

    head = _rig(name, workspace)
    sheet = random_sheet(head, Faces(size=176), faces) if faces else shape_sheet(head)
    sheet.save(out)
    _print(f"wrote {out}")


@rig.command("check", epilog=example("sface rig check ict"))
def rig_check(name: Name = "procedural", workspace: Place = None, as_json: Json = False) -> None:
    """Name shapes that do nothing, act on the wrong side, or have no mirror image; exit code 1 when something is wrong."""
    from sfcore.rigs.checking import check_rig

    findings = check_rig(_rig(name, workspace))
    say([asdict(finding) for finding in findings], as_json)
    wrong = [finding for finding in findings if finding.severity == "wrong"]
    if not as_json:
        for finding in findings:
            mark, style = ("✗", "red") if finding.severity == "wrong" else ("!", "yellow")
            console().print(Text.assemble((mark, style), f" {finding.sentence}"), soft_wrap=True)
        _print(
            f"{name}: {len(wrong)} wrong, {len(findings) - len(wrong)} to know"
            if findings
            else f"{name}: nothing to find fault with"
        )
    if wrong:
        raise typer.Exit(1)


@rig.command("export", epilog=example("sface rig export procedural --out head.glb"))
def rig_export(
    name: Name = "procedural",
    out: Annotated[Path, typer.Option(help="GLB file to write.")] = Path("head.glb"),
    workspace: Place = None,
) -> None:
    """Write a rig as GLB with its 52 morph targets, for Blender, three.js and others."""
    _can_be_written(out, ".glb", "a rig is written as binary glTF")
    from sfcore.rigs.gltf.writer import write_glb

    head = _rig(name, workspace)
    out.write_bytes(write_glb(head))
    _print(f"wrote {out}; licence of the head: {head.licence}")


def _perhaps(location: str | None) -> Workspace | None:
    """The workspace; none where none was named and none is here: the rig that ships needs none."""
    from sfcore.store.workspace import Workspace

    if location is None:
        try:
            return opened(None)
        except WrongUse:
            return None
    return Workspace.open(location)


def _rig(name: str, location: str | None) -> Rig:
    from sfcore.rigs.registry import load_rig

    return load_rig(name, _perhaps(location))


def _can_be_written(out: Path, suffix: str, why: str) -> None:
    if out.suffix.lower() != suffix:
        raise WrongUse(f"--out {out}: {why}; name a file that ends in {suffix}.")
    if not out.parent.is_dir():
        raise WrongUse(f"--out {out}: there is no folder {out.parent}; make it first or name another.")


def _tell(card: RigCard) -> None:
    people = f"{card.identity_modes} identity modes" if card.identity_modes else "one person"
    console().print(
        Text.assemble(
            (card.name, "bold"), f"  {card.vertices} vertices, {people}, domain {card.domain}; licence: {card.licence}"
        ),
        soft_wrap=True,
    )
    if card.masked:
        _print(
            f"  cannot show {', '.join(card.masked)}: its pictures say nothing about {'it' if len(card.masked) == 1 else 'them'}"
        )
    for note in card.notes:
        _print(f"  {note}")


def _print(sentence: str) -> None:
    console().print(sentence, markup=False, emoji=False, soft_wrap=True)
