"""From an address to a take: the format is found by content, never by the file's ending."""

from __future__ import annotations

from pathlib import Path

from sfcore.errors import SfaceError, WorkFailed, WrongUse
from sfcore.recordings import delimited, livelink
from sfcore.recordings.take import Take
from sfcore.store.address import Address

# An hour of Live Link Face at 60 frames a second is about 150 MB.
LARGEST_FILE = 2 * 1024**3
_SNIFFED_BYTES = 16_384


def read_source(source: str) -> Take:
    """Reads the recording at a path or ``s3://`` address.

    Raises `WrongUse` when nothing is there or the content is no known format, `WorkFailed` when it cannot be fetched.
    """
    name = source.rstrip("/").rsplit("/", 1)[-1]
    content = _content(source, name)
    head = content[:_SNIFFED_BYTES]
    if livelink.sniff(head):
        return livelink.read(content, name)
    raise WrongUse(f"{name} is no recording that sface can read ({_looks_like(head)}): it reads Live Link Face CSV.")


def check_source(source: str) -> None:
    """Raises what `read_source` would raise: told before any engine is started for the work that follows."""
    read_source(source)


def _content(source: str, name: str) -> bytes:
    address = Address.parse(source)
    if address.is_local:
        path = Path(address.root)
        if path.is_dir():
            raise WrongUse(f"{source} is a folder: name one recording in it.")
        if not path.exists():
            raise WrongUse(f"there is no file {source}: check the path.")
    elif "/" not in address.root:
        raise WrongUse(f"{source} names a bucket and no file in it: write {address.uri}/take.csv.")
    try:
        return _fetched(address, name)
    except SfaceError:
        raise
    except FileNotFoundError:
        raise WrongUse(f"there is no file {source}: check the address.") from None
    except Exception as error:  # a client of S3 raises its own kinds, of no common base with OSError
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise WorkFailed(f"cannot read {source}: {reason}.") from None


def _fetched(address: Address, name: str) -> bytes:
    size = int(address.files.size(address.root))
    if size > LARGEST_FILE:
        raise WrongUse(f"{name} has {size / 1024**3:.1f} GiB: split the recording into files of at most 2 GiB.")
    return bytes(address.files.cat_file(address.root))


def _looks_like(head: bytes) -> str:
    if not head:
        return "it is empty"
    text = delimited.decode_head(head)
    if "\x00" in text:
        unmarked = livelink.sniff(head.replace(b"\x00", b""))
        return "it is text in an encoding other than UTF-8: save it as CSV in UTF-8" if unmarked else "it is binary"
    lines = delimited.lines(text)
    if not lines:
        return "it is blank"
    start = lines[0].lstrip()
    if start.startswith(("{", "[")):
        return "it looks like JSON"
    if start.startswith("<"):
        return "it looks like HTML or XML"
    return f"its first line, {start[:60]!r}, names fewer than {livelink.FEWEST_CHANNELS} facial channels"
