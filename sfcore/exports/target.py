"""Where an export goes: a file or a folder, on a disk or on S3, there as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from sfcore.errors import WorkFailed, WrongUse
from sfcore.store.address import Address

MARKER = ".sface-export.json"
"""Lies in each folder that was exported and says what is in it: a folder without one is somebody's own and never replaced."""


class Sink(Protocol):
    """A place that files are written to, one after the other or several at once."""

    def open(self, relative: str) -> AbstractContextManager[BinaryIO]:
        """A new file below the place; ``""`` is the place itself, where that is a file."""
        ...


@contextmanager
def written_file(place: Address, force: bool) -> Iterator[Sink]:
    """A place for one file, which appears when the block ends and not when it fails.

    Raises `WrongUse` when something is there already, unless ``force`` and it is a file; `WorkFailed` when it cannot be written.
    """
    if place.is_local and Path(place.root).is_dir():
        raise WrongUse(f"{place.uri} is a folder: name a file.")
    if not force and place.files.exists(place.root):
        raise WrongUse(f"{place.uri} is there already: name another with --out, or replace it with --force.")
    with _told(place):
        if not place.is_local:
            yield _Remote(place)
            return
        target = Path(place.root)
        with _beside(target) as beside:
            yield _Local(beside)
            beside.replace(target)


@contextmanager
def written_folder(place: Address, force: bool, told: dict[str, Any]) -> Iterator[Sink]:
    """A place for a folder of files; ``told`` is written into it last, as it stands when the block ends.

    On a disk the folder appears when the block ends and not when it fails. On S3, which moves no folders, each object appears
    whole, and the marker says whether all are there; what a failed export has left is replaced without being asked.
    Raises `WrongUse` when something is there already, unless ``force`` and it was exported before.
    """
    _check_free(place, force)
    with _told(place):
        if place.is_local:
            target = Path(place.root)
            with _beside(target) as beside:
                beside.mkdir()
                yield _Local(beside)
                (beside / MARKER).write_bytes(_marker(told, complete=True))
                _swap(beside, target)
            return
        if place.files.exists(place.root):
            place.files.rm(place.root, recursive=True)
        place.files.pipe_file(f"{place.root}/{MARKER}", _marker(told, complete=False))
        yield _Remote(place)
        place.files.pipe_file(f"{place.root}/{MARKER}", _marker(told, complete=True))


def _check_free(place: Address, force: bool) -> None:
    if not place.files.exists(place.root):
        return
    if place.is_local and not Path(place.root).is_dir():
        raise WrongUse(f"{place.uri} is a file: name a folder.")
    if place.is_local and not any(Path(place.root).iterdir()):
        return
    marker = f"{place.root}/{MARKER}"
    if not place.files.exists(marker):
        raise WrongUse(f"{place.uri} holds files that sface did not export: name another folder with --out.")
    complete = True
    with suppress(ValueError, AttributeError):
        complete = json.loads(place.files.cat_file(marker)).get("complete") is not False
    if complete and not force:
        raise WrongUse(f"{place.uri} holds an export already: name another folder with --out, or replace it with --force.")


def _marker(told: dict[str, Any], complete: bool) -> bytes:
    return (json.dumps({"complete": complete, **told}, indent=1, ensure_ascii=False) + "\n").encode()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A path beside the target, where nothing is, and nothing is left when the block fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    _remove(beside)
    try:
        yield beside
    finally:
        _remove(beside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _swap(made: Path, target: Path) -> None:
    """Puts a folder in the place of another, which is put back when that fails."""
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    _remove(old)
    if target.exists():
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _remove(old)


@contextmanager
def _told(place: Address) -> Iterator[None]:
    """Turns what the disk or the server refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise WorkFailed(f"cannot write {place.uri}: {error.strerror or error}.") from error


class _Local:
    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, relative: str) -> AbstractContextManager[BinaryIO]:
        path = self._root / relative if relative else self._root
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


class _Remote:
    def __init__(self, place: Address) -> None:
        self._place = place

    @contextmanager
    def open(self, relative: str) -> Iterator[BinaryIO]:
        """An object that appears when the block ends; one whose block fails never does."""
        file = self._place.files.open(self._place.at(relative).root, "wb")
        try:
            yield file
        except BaseException:
            # Closing an object is what makes it: it is dropped instead, with the parts that were sent.
            file.discard()
            file.closed = True
            raise
        file.close()
