"""Which files a source names: one file, a folder, a pattern, a zip archive, or any of these on S3."""

from __future__ import annotations

import glob
import os
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from sfcore.errors import SfaceError, WorkFailed, WrongUse
from sfcore.recordings.gather import take_name
from sfcore.recordings.reading import SourceFile
from sfcore.store.address import Address

MOST_FILES = 100_000
_ZIP = b"PK\x03\x04"
# A member of an archive that grows more than this is a bomb: recordings as text shrink to a third, zeros to a hundredth.
_MOST_GROWTH = 200
_PATTERN = "*?["


@dataclass(slots=True)
class Found:
    """The files that a source names, in order of their names; ``refused`` are those that are not opened, each with the reason."""

    files: list[SourceFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    is_single: bool = False
    """Whether the source named one file, and not a place of many."""


class Folder:
    """The files of one folder by the stem of their name; listed once, when somebody first asks."""

    def __init__(self, listed: Callable[[], Iterable[str]]) -> None:
        self._listed = listed

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._listed()):
            found[take_name(name)].append(name)
        return dict(found)

    def namesakes(self, stem: str) -> list[str]:
        """Names of its files that have this stem, sorted."""
        return self._stems.get(stem, [])


class _Folders:
    """Folders of one search."""

    def __init__(self, listed: Callable[[str], Iterable[str]]) -> None:
        self._listed = listed
        self._known: dict[str, Folder] = {}

    def at(self, path: str) -> Folder:
        return self._known.setdefault(path, Folder(partial(self._listed, path)))


def find(source: str) -> Found:
    """The files at a path, pattern or ``s3://`` address.

    Links in a folder are not followed, members of an archive are read in place and never unpacked. Raises `WrongUse` when nothing
    is there, `WorkFailed` when it cannot be reached.
    """
    address = Address.parse(source)
    try:
        found = _local(source, address) if address.is_local else _remote(source, address)
    except SfaceError:
        raise
    except FileNotFoundError:
        raise WrongUse(f"there is no file {source}: check the address.") from None
    except Exception as error:  # a client of S3 raises its own kinds, of no common base with OSError
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise WorkFailed(f"cannot read {source}: {reason}.") from None
    if found.is_single and _begins(found.files[0]) == _ZIP:
        return _members(found.files[0])
    return found


def _begins(file: SourceFile) -> bytes:
    try:
        with file.opener() as stream:
            return stream.read(len(_ZIP))
    except OSError as error:
        raise WorkFailed(f"cannot read {file.name}: {error.strerror or error}.") from None


# On this machine ----------------------------------------------------------------------------------------------------------


def _local(source: str, address: Address) -> Found:
    path = Path(address.root)
    if path.is_dir():
        return _in_folder(path, source)
    if path.exists():
        if not stat.S_ISREG(path.stat().st_mode):
            raise WrongUse(f"{source} is no plain file: name a recording.")
        # The name as it was given: what a link is called says more than where it leads.
        return Found([_plain(path, Path(source).expanduser().name, _Folders(_names))], is_single=True)
    if any(sign in source for sign in _PATTERN):
        return _matching(source)
    raise WrongUse(f"there is no file {source}: check the path.")


def _plain(path: Path, name: str, folders: _Folders) -> SourceFile:
    folder = path.parent
    return SourceFile(
        name, path.stat().st_size, partial(_opened, path), partial(_near, folder), folders.at(str(folder)).namesakes
    )


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _near(folder: Path, relative: str) -> SourceFile | None:
    """A plain file below a folder; None for what leads out of it."""
    try:
        place = (folder / relative).resolve()
        if "\x00" in relative or not place.is_relative_to(folder.resolve()) or not place.is_file():
            return None
        return _plain(place, place.name, _Folders(_names))
    except (OSError, ValueError):
        return None


def _names(folder: str) -> list[str]:
    return [entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]


def _in_folder(folder: Path, source: str) -> Found:
    found, listed = Found(), _Folders(_names)
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        # A link to a folder is told like one to a file; neither is followed.
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith("."):
                path = Path(parent) / name
                _take_in(found, path, path.relative_to(folder).as_posix(), source, listed)
    return _some(found, source)


def _matching(source: str) -> Found:
    found, listed = Found(), _Folders(_names)
    for name in sorted(glob.glob(str(Path(source).expanduser()), recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
        path = Path(name)
        if path.is_dir() and not path.is_symlink():
            inner = _in_folder(path, source)
            found.files += inner.files
            found.refused += inner.refused
        else:
            _take_in(found, path, path.name, source, listed)
    return _some(found, source)


def _take_in(found: Found, path: Path, name: str, source: str, listed: _Folders) -> None:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found.refused.append((name, f"is a link and was not followed: name what it leads to, {path.readlink()}"))
        elif not stat.S_ISREG(mode):
            found.refused.append((name, "is no plain file"))
        elif not os.access(path, os.R_OK):
            found.refused.append((name, "cannot be read: mend its permissions"))
        else:
            found.files.append(_plain(path, name, listed))
    except OSError as error:
        found.refused.append((name, f"cannot be read: {error.strerror}"))
    if len(found.files) > MOST_FILES:
        raise WrongUse(f"{source} holds more than {MOST_FILES} files: ingest it folder by folder.")


def _some(found: Found, source: str) -> Found:
    if not found.files and not found.refused:
        raise WrongUse(f"there is no file in {source}: check the path.")
    return found


# On S3 --------------------------------------------------------------------------------------------------------------------


def _remote(source: str, address: Address) -> Found:
    files, root = address.files, address.root
    if "/" in root and not source.endswith("/") and (size := _size(files, root)) is not None:
        return Found([_object(files, root, root.rsplit("/", 1)[-1], size, _keys_of(files))], is_single=True)
    listed = files.find(root, detail=True)
    base = root
    if not listed and any(sign in root for sign in _PATTERN):
        listed = files.glob(root, detail=True)
        base = root[: min(root.index(sign) for sign in _PATTERN if sign in root)].rpartition("/")[0]
    found, folders = Found(), _keys_of(files)
    for key, entry in sorted(listed.items()):
        name = key[len(base) :].lstrip("/")
        if entry.get("type") == "file" and name and not PurePosixPath(name).name.startswith("."):
            found.files.append(_object(files, key, name, int(entry["size"]), folders))
        if len(found.files) > MOST_FILES:
            raise WrongUse(f"{source} holds more than {MOST_FILES} files: ingest it prefix by prefix.")
    if not found.files:
        raise WrongUse(f"there is no file {source}: check the address.")
    return found


def _size(files: Any, key: str) -> int | None:
    """Bytes of an object; None where there is none under this key."""
    try:
        entry = files.info(key)  # not isfile, which takes a dead server for a missing object
    except FileNotFoundError:
        return None
    return int(entry["size"]) if entry["type"] == "file" else None


def _keys_of(files: Any) -> _Folders:
    return _Folders(lambda folder: [str(entry).rsplit("/", 1)[-1] for entry in files.ls(folder, detail=False)])


def _object(files: Any, key: str, name: str, size: int, folders: _Folders) -> SourceFile:
    folder = key.rpartition("/")[0]

    def beside(relative: str) -> SourceFile | None:
        if relative.startswith("/") or ".." in PurePosixPath(relative).parts:
            return None
        other = f"{folder}/{relative}"
        found = _size(files, other)
        return None if found is None else _object(files, other, PurePosixPath(relative).name, found, folders)

    def opened() -> BinaryIO:
        return cast(BinaryIO, files.open(key, "rb", block_size=8 * 1024**2))

    return SourceFile(name, size, opened, beside, folders.at(folder).namesakes)


# In an archive ------------------------------------------------------------------------------------------------------------


def _members(archive: SourceFile) -> Found:
    try:
        whole = zipfile.ZipFile(archive.opener())
        entries = whole.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise WrongUse(f"{archive.name} is a damaged archive ({str(error).lower()}): copy it again.") from None
    if len(entries) > MOST_FILES:
        raise WrongUse(f"{archive.name} holds more than {MOST_FILES} files: unpack it and ingest it folder by folder.")
    found = Found()
    by_name = {entry.filename: entry for entry in entries}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in by_name:
        by_folder[name.rpartition("/")[0]].append(name.rpartition("/")[2])
    folders = _Folders(lambda folder: by_folder.get(folder, []))
    for entry in sorted(entries, key=lambda one: one.filename):
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        if fault := _fault(entry, path):
            found.refused.append((f"{archive.name}/{entry.filename}", fault))
        else:
            found.files.append(_member(whole, entry, by_name, folders))
    if not found.files and not found.refused:
        raise WrongUse(f"{archive.name} is an empty archive: there is nothing in it to read.")
    return found


def _fault(entry: zipfile.ZipInfo, path: PurePosixPath) -> str:
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        return "has a name that leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted: unpack the archive with its password first"
    if entry.file_size > _MOST_GROWTH * max(entry.compress_size, 1024):
        return f"would grow to {entry.file_size / 1024**2:.0f} MiB from {entry.compress_size} bytes"
    return ""


def _member(whole: zipfile.ZipFile, entry: zipfile.ZipInfo, by_name: dict[str, zipfile.ZipInfo], folders: _Folders) -> SourceFile:
    folder = entry.filename.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""

    def beside(relative: str) -> SourceFile | None:
        other = by_name.get(prefix + relative)
        return None if other is None or _fault(other, PurePosixPath(other.filename)) else _member(whole, other, by_name, folders)

    def opened() -> BinaryIO:
        try:
            return cast(BinaryIO, whole.open(entry))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise WrongUse(f"{entry.filename} cannot be read from its archive ({error}): unpack it by other means.") from None

    return SourceFile(entry.filename, entry.file_size, opened, beside, folders.at(folder).namesakes)
