"""What the verbs of the command line share: their common options, and the workspace they work on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.terminal import TerminalProgress, console
from sfcore.errors import WorkFailed

if TYPE_CHECKING:
    from sfcore.store.workspace import Workspace

Place = Annotated[
    str | None,
    typer.Option(
        "--workspace", "-w", help="Folder or s3://bucket/prefix; else SFACE_WORKSPACE, else ./workspace.", show_default=False
    ),
]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe (demo, laptop, cluster) or a file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else on standard output.")]


def example(command: str) -> str:
    """The example under a verb's help."""
    return f"Example: [bold]{command}[/]"


def say(result: Any, as_json: bool) -> None:
    """Prints a verb's result as JSON where it was asked for."""
    if as_json:
        print(json.dumps(result, default=str))


def progress() -> Any:
    """Progress on standard error, so that standard output holds results alone."""
    return TerminalProgress(console(stderr=True))


def opened(location: str | None) -> Workspace:
    """The workspace that is there."""
    from sfcore.store.workspace import Workspace

    return Workspace.open(location)


def made(location: str | None) -> Workspace:
    """The workspace, made where there is none, that can be written."""
    from sfcore.store.workspace import Workspace

    return writable(Workspace.create(location))


def writable(workspace: Workspace) -> Workspace:
    """The workspace, or `WorkFailed` where it cannot be written."""
    # Asked first, because delta-rs panics on the terminal before it says so. Also root is told of a read-only file system.
    if workspace.address.is_local:
        root = Path(workspace.address.root)
        for folder in (root, root / "tables", *sorted(root.glob("tables/*"))):
            if folder.exists() and not os.access(folder, os.W_OK):
                raise WorkFailed(f"{folder} cannot be written: mend its permissions or name another workspace.")
    return workspace
