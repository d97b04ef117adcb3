"""From an address to a take: the format is found by content, never by the file's ending."""

from __future__ import annotations

from pathlib import Path

from sfcore.errors import WorkFailed, WrongUse
from sfcore.recordings import livelink
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
    head = content[:_SNIFFED_BYTES].decode("utf-8-sig", errors="replace")
    if livelink.sniff(head):
        return livelink.read(content, name)
    raise WrongUse(f"{name} is no recording that sface can read ({_looks_like(content, head)}): it reads Live Link Face CSV.")


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
    try:
        size = int(address.files.size(address.root))
        if size > LARGEST_FILE:
            raise WrongUse(f"{name} has {size / 1024**3:.1f} GiB: split the recording into files of at most 2 GiB.")
        return bytes(address.files.cat_file(address.root))
    except FileNotFoundError:
        raise WrongUse(f"there is no file {source}: check the address.") from None
    except OSError as error:
        raise WorkFailed(f"cannot read {source}: {error}.") from None


def _looks_like(content: bytes, head: str) -> str:
    if not content:
        return "it is empty"
    if b"\x00" in content[:_SNIFFED_BYTES]:
        return "it is binary"
    start = head.lstrip()
    if start.startswith(("{", "[")):
        return "it looks like JSON"
    if start.startswith("<"):
        return "it looks like HTML or XML"
    first = head.splitlines()[0] if head.strip() else ""
    return f"its first line, {first[:60]!r}, names fewer than {livelink.FEWEST_CHANNELS} facial channels"
