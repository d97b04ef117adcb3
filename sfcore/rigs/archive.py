"""Files of a release, from a folder or straight from its archive, one after the other."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from sfcore.errors import WrongUse

LARGEST_FILE = 64 << 20
"""Bytes of one unpacked file beyond which an archive is not a face's: the largest real one has 3 MB."""
LARGEST_ARCHIVE = 2 << 30
"""Bytes of all unpacked files together: the largest real release has 0.4 GB."""


def files_of(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yields (path inside, content) of every file under a folder, a zip or a tar archive whose name ends with one of ``endings``.

    Folders come in order of name, archives in their own order. Raises `WrongUse` for a path that is neither, for an archive that
    is cut short, and for one that unpacks to more than a face can need.
    """
    if not path.exists():
        raise WrongUse(f"there is no '{path}': give the folder or the archive of the rig.")
    if path.is_dir():
        yield from _of_folder(path, endings)
    elif zipfile.is_zipfile(path):
        yield from _small(_of_zip(path, endings), path)
    elif _is_tar(path):
        yield from _small(_of_tar(path, endings), path)
    else:
        raise WrongUse(f"'{path}' is neither a folder nor a zip or tar archive: give one of these.")


def _of_folder(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.name.endswith(endings):
            if file.stat().st_size > LARGEST_FILE:
                raise WrongUse(f"'{file}' has {file.stat().st_size >> 20} MiB: no file of a face rig is that large.")
            yield file.relative_to(path).as_posix(), file.read_bytes()


def _of_zip(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and entry.filename.endswith(endings):
                    _refuse_large(entry.filename, entry.file_size, path)
                    yield entry.filename, archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise _cut_short(path, error) from None


def _of_tar(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for entry in archive:
                _refuse_large(entry.name, entry.size, path)
                if entry.isfile() and PurePosixPath(entry.name).name.endswith(endings):
                    reader = archive.extractfile(entry)
                    assert reader is not None
                    content = reader.read()
                    if len(content) < entry.size:
                        raise tarfile.ReadError("unexpected end of data")
                    yield entry.name, content
    except (tarfile.TarError, LZMAError, zlib.error, EOFError, OSError) as error:
        raise _cut_short(path, error) from None


def _is_tar(path: Path) -> bool:
    try:
        with tarfile.open(path, "r|*"):
            return True
    except (tarfile.TarError, LZMAError, zlib.error, EOFError, OSError):
        return False


def _refuse_large(name: str, size: int, path: Path) -> None:
    if size > LARGEST_FILE:
        raise WrongUse(f"'{path}' holds '{name}' of {size >> 20} MiB: no file of a face rig is that large.")


def _small(files: Iterator[tuple[str, bytes]], path: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for name, content in files:
        total += len(content)
        if total > LARGEST_ARCHIVE:
            raise WrongUse(f"'{path}' unpacks to more than {LARGEST_ARCHIVE >> 30} GiB: this is no archive of a face rig.")
        yield name, content


def _cut_short(path: Path, error: Exception) -> WrongUse:
    return WrongUse(f"'{path}' cannot be unpacked ({str(error)[:80] or type(error).__name__}): copy the archive again.")
