"""Stores that fail for a moment: which failures may pass, how long they are waited for, and what is said when they do not."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sfcore.errors import SfaceError, WorkFailed

Result = TypeVar("Result")

# Half a minute in all: clients have tried several times themselves before one of these counts.
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_MAY_PASS = re.compile(
    r"\b(429|500|502|503|504)\b|SlowDown|Slow Down|reduce your request rate|InternalError|ServiceUnavailable|Service Unavailable"
    r"|RequestTimeout|Throttl|timed? ?out|connection (was )?(closed|reset|aborted|refused)|error sending request|Broken pipe",
    re.IGNORECASE,
)
_ERRNOS_THAT_PASS = {
    errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EPIPE, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNABORTED,
    errno.ECONNREFUSED,
}  # fmt: skip
_REFUSED = re.compile(
    r"ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|AccessDenied|Forbidden|Unauthorized|\b40[13]\b"
    r"|token[^.]{0,40}expired|Access Denied",
    re.IGNORECASE,
)
_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EFBIG: "files may not grow that large"}
_ENGINES = ("botocore", "aiobotocore", "s3fs", "aiohttp", "deltalake", "_internal", "pyarrow")


def patiently(work: Callable[[], Result], waits: tuple[float, ...] = _WAITS) -> Result:
    """The result of ``work``, tried again after each of ``waits`` seconds while its failure may pass; the last failure is raised.

    ``work`` must be harmless to repeat.
    """
    for wait in waits:
        try:
            return work()
        except Exception as error:
            if not may_pass(error):
                raise
            time.sleep(wait)
    return work()


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment: a busy or unreachable store, never a full disk or refused keys."""
    if isinstance(error, SfaceError) or refused(error) or full(error):
        return False
    for one in _causes(error):
        if isinstance(one, TimeoutError | ConnectionError) or (isinstance(one, OSError) and one.errno in _ERRNOS_THAT_PASS):
            return True
        if _of_a_store(one) and _MAY_PASS.search(str(one)):
            return True
        # botocore's failures of the line have names and no numbers.
        if any(kind.__name__ in ("HTTPClientError", "ConnectionError") for kind in type(one).__mro__) and _of_a_store(one):
            return True
    return False


def refused(error: BaseException) -> bool:
    """Whether a store does not take the keys, or no longer."""
    return any(
        (isinstance(one, PermissionError) and one.errno is None) or (_of_a_store(one) and _REFUSED.search(str(one)) is not None)
        for one in _causes(error)
    )


def full(error: BaseException) -> str | None:
    """In words, what leaves no room; None for any other failure."""
    for one in _causes(error):
        if isinstance(one, OSError) and one.errno in _FULL:
            return _FULL[one.errno]
        number = re.search(r"os error (\d+)|\[Errno (\d+)\]", str(one))
        if number and int(number[1] or number[2]) in _FULL:
            return _FULL[int(number[1] or number[2])]
    return None


def stop(error: BaseException, place: str) -> WorkFailed | None:
    """What people are told when a store at ``place`` ends the work; None when the failure is not one of a store.

    Whatever was committed stays whole: that is said too.
    """
    room = full(error)
    if room:
        return WorkFailed(f"{place}: {room}; finished waves are kept: free some space and run the same command again to go on.")
    if refused(error):
        return WorkFailed(
            f"{place}: the store refuses these credentials, or they have expired; finished waves are kept: renew them and run "
            "the same command again to go on."
        )
    if may_pass(error):
        return WorkFailed(
            f"{place}: the store keeps failing ({_line(error)}); finished waves are kept: run the same command again to go on."
        )
    return None


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(".: ")


def _of_a_store(error: BaseException) -> bool:
    return isinstance(error, OSError) or any(kind.__module__.split(".")[0] in _ENGINES for kind in type(error).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
