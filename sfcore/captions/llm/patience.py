"""Calls in a line: so many at once, each tried again for as long as that makes sense, all of them quiet when told to wait."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from sfcore.captions.llm.access import TeacherAccess
from sfcore.captions.llm.call import CallFailed, call, client_of
from sfcore.captions.llm.health import Health
from sfcore.captions.llm.prompt import Request
from sfcore.captions.llm.reading import Reply
from sfcore.randomness import stream
from sfcore.recipe import Teacher


class GaveUp(Exception):
    """No reply after all calls that were worth it; ``calls`` were made, the cause is the last one's `CallFailed`."""

    def __init__(self, calls: int, last: CallFailed) -> None:
        super().__init__(str(last))
        self.calls = calls


class Line:
    """The way to one endpoint, for one event loop."""

    def __init__(self, teacher: Teacher, access: TeacherAccess, health: Health) -> None:
        self._teacher, self._key, self._health = teacher, access.key, health
        self._client = client_of(access)
        self._calling = asyncio.Semaphore(teacher.concurrency)
        self.captions = asyncio.Semaphore(2 * teacher.concurrency)
        """Held while a caption is written: some wait for their next turn while others are asked for, and no more are begun. So a
        hopeless endpoint is found by the first captions, and not when each has had its first answer."""
        self._quiet_until = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.close()

    async def ask(self, request: Request) -> tuple[Reply, int]:
        """A reply and the number of calls it took; raises `GaveUp`, or `WorkFailed` when the endpoint is past hope."""
        for number in range(self._teacher.retries + 1):
            try:
                async with self._calling:
                    # Told to one, meant for all: calls that wait their turn wait for the endpoint too.
                    await asyncio.sleep(max(self._quiet_until - time.monotonic(), 0))
                    reply = await call(self._client, request, self._teacher.timeout_s, self._key)
            except CallFailed as failure:
                self._health.failed(failure)
                if failure.reason == "not accepted" or number == self._teacher.retries:
                    raise GaveUp(number + 1, failure) from failure
                await self._wait(failure, request.key, number)
            else:
                self._health.answered()
                return reply, number + 1
        raise AssertionError("every turn returns or raises")

    async def _wait(self, failure: CallFailed, key: str, number: int) -> None:
        # Half of the wait is drawn, so that those who failed together do not come back together.
        share = 0.5 + 0.5 * float(stream(f"{key}-{number}", "backoff").random())
        patient = self._teacher.first_wait_s * 2.0**number * share
        # An endpoint can ask for more, never for less: no wait at all, or a date in the past by a clock that goes wrong, would
        # spend all calls at once.
        wait = min(max(patient, failure.wait_s or 0.0), self._teacher.longest_wait_s)
        if failure.reason == "busy":
            self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
        await asyncio.sleep(wait)
