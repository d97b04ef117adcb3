"""Which failures of a store are waited for, and what is said when they end the work."""

from __future__ import annotations

import errno

import pytest

from sfcore.errors import WorkFailed
from sfcore.store.patience import may_pass, patiently, stop


def test_a_busy_store_is_asked_again_until_it_answers() -> None:
    left = [OSError(errno.EBUSY, "Please reduce your request rate."), TimeoutError("slow"), ConnectionResetError("gone")]

    def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert patiently(work, waits=(0, 0, 0)) == "done"


def test_patience_ends_and_tells_the_last_failure() -> None:
    def work() -> None:
        raise OSError(errno.EBUSY, "SlowDown")

    with pytest.raises(OSError, match="SlowDown"):
        patiently(work, waits=(0, 0))


@pytest.mark.parametrize(
    ("error", "passes", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), False, "the disk is full"),
        (OSError("Generic LocalFileSystem error: Unable to copy data (os error 28)"), False, "the disk is full"),
        (PermissionError("The provided token has expired."), False, "refuses these credentials"),
        (OSError("Generic S3 error: Client error with status 403 Forbidden: ExpiredToken"), False, "refuses these credentials"),
        (OSError("Generic S3 error: Server returned 503 Service Unavailable after 4 retries"), True, "the store keeps failing"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), True, "the store keeps failing"),
    ],
)
def test_what_ends_the_work_is_one_sentence_with_what_to_do(error: Exception, passes: bool, said: str) -> None:
    assert may_pass(error) is passes
    told = stop(error, "s3://bucket/team")
    assert isinstance(told, WorkFailed)
    assert said in str(told)
    assert "run the same command again" in str(told)
    assert "\n" not in str(told)


def test_faults_of_ours_are_neither_waited_for_nor_taken_for_the_stores() -> None:
    assert not may_pass(KeyError("503"))
    assert stop(ValueError("timed out"), "here") is None
    assert not may_pass(WorkFailed("connection refused"))
