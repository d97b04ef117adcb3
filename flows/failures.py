"""What people are told when a command fails: one sentence, and where the traceback is if the fault is ours.

Engines' errors are known by their names, since this module must not load an engine to ask.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rich.text import Text

from flows.terminal import console, leave_bars
from sfcore.errors import SfaceError
from sfcore.store.patience import refused

_LONGEST = 300
_CHECK_PATH = "check the path"
_WRITABLE = "name a place that can be written"
_SERVER = "check the address and that its server runs"
_ADVICE = {
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOENT: _CHECK_PATH,
    errno.ENOTDIR: _CHECK_PATH,
    errno.EISDIR: _CHECK_PATH,
    errno.ENOSPC: "free some space and run the same command again to go on",
    errno.EMFILE: "raise the limit of open files ('ulimit -n')",
    errno.ECONNREFUSED: _SERVER,
    errno.ETIMEDOUT: _SERVER,
}
_OTHERWISE = "put this right and run the same command again to go on"
_RENEW = "renew them and run the same command again to go on"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# As Rust's errors print themselves; "status code: 403" is a server's and no system's.
_OS_ERROR = re.compile(r"os error (\d+)|\bOs \{ code: (\d+)")
_PLACE = re.compile(r"(?:\w+://|/)[^\s'\"]+?(?=#\d|[\s:,'\"]|$)")


def tell(error: BaseException) -> int:
    """Prints what went wrong on standard error and returns the exit code; ``SFACE_DEBUG=1`` prints the traceback as well."""
    if _began_with_ctrl_c(error):
        return tell_interrupted()
    leave_bars()
    error = _own(error)
    if isinstance(error, SfaceError):
        _print(str(error))
        return error.exit_code
    if os.environ.get("SFACE_DEBUG", "") not in ("", "0"):
        traceback.print_exception(error)
    _print(sentence_of(error) or _unforeseen(error))
    return 1


def tell_interrupted() -> int:
    """Prints that the command was stopped and may go on, and returns the exit code that shells expect of Ctrl-C."""
    leave_bars()
    _print("interrupted; run the same command again to go on.")
    return 130


def sentence_of(error: BaseException) -> str | None:
    """What, where and what to do, for failures of disks, stores and servers; None for any other."""
    for one in _causes(error):
        if _is_a(one, "TransportError", "HTTPStatusError") and _is_of(one, "httpx", "httpx2", "prefect"):
            return _of_server(one)
    if "ephemeral Prefect API server" in str(error):
        home = os.environ.get("PREFECT_HOME", "~/.prefect")
        return f"Prefect's own server did not start: see that {home} can be written, or name another folder in PREFECT_HOME."
    if isinstance(error, OSError) and error.errno and error.strerror:
        return _of_system(error.errno, str(error.filename or "this machine"))
    if isinstance(error, OSError) or _is_a(error, "DeltaError") or _is_of(error, "botocore"):
        text = _COLOURS.sub("", str(error))
        number, place = _OS_ERROR.search(text), _PLACE.search(text)
        if number:
            return _of_system(int(number[1] or number[2]), place[0] if place else "the workspace")
        if refused(error):
            address = re.search(r"\w+://[^\s?'\"]+", text)
            where = address[0] if address else "a server"
            return f"{where}: the store refuses these credentials, or they have expired; {_RENEW}."
        what = "a table of the workspace cannot be read or written" if _is_a(error, "DeltaError") else "a file or a server failed"
        return f"{what} ({_line(text) or type(error).__name__}); {_OTHERWISE}."
    return None


def _of_system(number: int, place: str) -> str:
    return f"{place}: {os.strerror(number).lower()}; {_ADVICE.get(number, _OTHERWISE)}."


def _of_server(error: BaseException) -> str:
    try:
        parts = urlsplit(str(error.request.url))  # type: ignore[attr-defined]
        address = f"{parts.scheme}://{parts.netloc}" if parts.scheme else ""
    except (AttributeError, RuntimeError, ValueError):
        address = ""
    reason = _line(str(error)) or type(error).__name__
    prefect = os.environ.get("PREFECT_API_URL", "")
    if not prefect or not prefect.startswith(address):
        return f"{address or 'a server'} does not answer as it should ({reason}); {_SERVER}."
    return (
        f"Prefect at PREFECT_API_URL={prefect} does not answer as it should ({reason}): start it with 'prefect server start', "
        "mend the address, or unset PREFECT_API_URL to run without a server."
    )


def _unforeseen(error: BaseException) -> str:
    what = type(error).__name__ + (f": {_line(str(error))}" if str(error).strip() else "")
    try:
        with tempfile.NamedTemporaryFile("w", prefix="sface-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(f"command: {sys.argv!r}\nPython {platform.python_version()} on {platform.platform()}\n\n")
            log.writelines(traceback.format_exception(error))
    except OSError:
        return f"{what}; this is a fault of sface: set SFACE_DEBUG=1 to see the traceback."
    return f"{what}; this is a fault of sface, and the traceback was written to {log.name}."


def _own(error: BaseException) -> BaseException:
    """The error that a worker raised, freed from the one that Ray wraps around it."""
    cause: Any = error
    while _is_of(cause, "ray") and isinstance(getattr(cause, "cause", None), BaseException):
        cause = cause.cause
    return cause


def _began_with_ctrl_c(error: BaseException) -> bool:
    # What breaks while a stopped run cleans up is no news to who stopped it.
    one: BaseException | None = error
    while one is not None and not isinstance(one, KeyboardInterrupt):
        one = one.__cause__ or one.__context__
    return one is not None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _is_a(error: BaseException, *names: str) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _is_of(error: BaseException, *packages: str) -> bool:
    return type(error).__module__.split(".")[0] in packages


def _line(text: str) -> str:
    lines = _COLOURS.sub("", text).strip().splitlines()
    first = "".join(c for c in lines[0] if c.isprintable()).rstrip(".: ") if lines else ""
    return first if len(first) <= _LONGEST else f"{first[:_LONGEST]} [...]"


def _print(sentence: str) -> None:
    # A Text, so that brackets and colons of a path are not read as markup.
    console(stderr=True).print(Text.assemble(("sface:", "bold red"), " ", sentence), soft_wrap=True)
