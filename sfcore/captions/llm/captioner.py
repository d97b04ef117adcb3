"""Captions by a language model: many calls at once, patience with its endpoint, and no caption that is not true.

An answer that cannot be read or does not hold is asked for again, with its faults named; after the recipe's number of answers the
grammar writes the caption. So every face gets one, and its source says whose it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.admissible import inadmissible
from sfcore.captions.captioner import Captioned, by_grammar
from sfcore.captions.description import Description
from sfcore.captions.llm.access import MODEL, TeacherAccess
from sfcore.captions.llm.cache import Remembered, TeacherCache
from sfcore.captions.llm.call import CallFailed
from sfcore.captions.llm.health import Health, sentence_of
from sfcore.captions.llm.patience import GaveUp, Line
from sfcore.captions.llm.prompt import Request, asked_again, first_messages, request_for
from sfcore.captions.llm.reading import Unreadable, read_description
from sfcore.captions.verify import Verification, verify
from sfcore.errors import SfaceError, WorkFailed, WrongUse
from sfcore.recipe import Teacher

T = TypeVar("T")

LLM = "llm"
_CHECKING_RETRIES = 3


@dataclass(slots=True)
class _Bill:
    """What one caption has taken so far; ``open`` is the part that no remembered answer accounts for yet."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    open: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(self, calls: int, tokens_in: int, tokens_out: int) -> None:
        self.calls, self.tokens_in, self.tokens_out = self.calls + calls, self.tokens_in + tokens_in, self.tokens_out + tokens_out
        self.open = [a + b for a, b in zip(self.open, (calls, tokens_in, tokens_out), strict=True)]

    def settle(self) -> tuple[int, int, int]:
        calls, tokens_in, tokens_out = self.open
        self.open = [0, 0, 0]
        return calls, tokens_in, tokens_out


class LlmCaptioner:
    """Writes captions with a language model. Keeps its error budget over all that it is asked for."""

    def __init__(self, teacher: Teacher, access: TeacherAccess, cache: TeacherCache) -> None:
        self._teacher, self._access, self._cache = with_model(teacher, access), access, cache
        self._health = Health(access.place, teacher.error_budget)

    def caption(self, faces: Sequence[NDArray[np.float32]], sample_ids: Sequence[str]) -> list[Captioned]:
        """See `sfcore.captions.captioner.Captioner.caption`; raises `WorkFailed` when the error budget is spent."""
        return _run(self._all(faces, sample_ids))

    async def _all(self, faces: Sequence[NDArray[np.float32]], sample_ids: Sequence[str]) -> list[Captioned]:
        try:
            async with Line(self._teacher, self._access, self._health) as line, asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(line, face, name)) for face, name in zip(faces, sample_ids, strict=True)]
        except* SfaceError as refusals:
            raise _first(refusals) from None
        return [task.result() for task in tasks]

    async def _one(self, line: Line, face: NDArray[np.float32], sample_id: str) -> Captioned:
        async with line.captions:
            return await self._written(line, face, sample_id)

    async def _written(self, line: Line, face: NDArray[np.float32], sample_id: str) -> Captioned:
        messages = first_messages(face, sample_id)
        bill, trouble, detail = _Bill(), "", ""
        for _ in range(self._teacher.answers):
            request = request_for(messages, self._teacher)
            try:
                description = await self._answer(line, request, sample_id, bill)
            except Unreadable as error:
                trouble, detail = "refused" if error.refused else "unreadable", str(error)
                continue
            except GaveUp as error:
                bill.add(error.calls, 0, 0)
                trouble, detail = "failed", str(error)
                break
            checked = check(description, face)
            if not checked.faults:
                self._health.written()
                return self._billed(Captioned(description, checked, LLM), bill)
            trouble, detail = "untrue", checked.faults[0]
            messages = asked_again(messages, description, checked.faults)
        self._health.unwritten(trouble, detail)
        ours = by_grammar(face, sample_id)
        return self._billed(Captioned(ours.description, ours.checked, f"grammar (llm {trouble})"), bill)

    async def _answer(self, line: Line, request: Request, sample_id: str, bill: _Bill) -> Description:
        """The four fields, remembered or asked for; raises `Unreadable` or `GaveUp`."""
        known = await asyncio.to_thread(self._cache.get, request.key)
        if known is not None:
            # Words that another face of the same strengths has paid for cost this one nothing.
            bill.add(*known.paid.get(sample_id, (0, 0, 0)))
            bill.settle()
            return known.description
        reply, calls = await line.ask(request)
        bill.add(calls, reply.tokens_in, reply.tokens_out)
        answer = Remembered(read_description(reply), {sample_id: bill.settle()})
        kept = await asyncio.to_thread(self._cache.put, request.key, answer)
        return kept.description

    def _billed(self, caption: Captioned, bill: _Bill) -> Captioned:
        cost = (bill.tokens_in * self._teacher.price_in + bill.tokens_out * self._teacher.price_out) / 1e6
        return Captioned(caption.description, caption.checked, caption.source, bill.calls, bill.tokens_in + bill.tokens_out, cost)


def with_model(teacher: Teacher, access: TeacherAccess) -> Teacher:
    """The recipe's teacher with the name of its model, which the recipe or the environment gives; raises `WrongUse` else."""
    name = teacher.model or access.model
    if not name:
        raise WrongUse(f"no language model is named: set {MODEL}, or supervision.teacher.model in the recipe.")
    return teacher.model_copy(update={"model": name})


def check(description: Description, face: NDArray[np.float32]) -> Verification:
    """The verdict on a language model's caption: true of the face, and nothing in it that nobody can check."""
    verdict = verify(description, face)
    strange = inadmissible(description)
    return Verification(0.0, (*verdict.faults, *strange)) if strange else verdict


def try_teacher(teacher: Teacher, access: TeacherAccess) -> None:
    """Asks for one caption, so that a wrong key, name or address is known before a million pictures are drawn.

    Raises `WorkFailed` or `WrongUse` with what is wrong.
    """
    _run(_tried(with_model(teacher, access), access))


async def _tried(teacher: Teacher, access: TeacherAccess) -> None:
    hurried = teacher.model_copy(update={"retries": min(teacher.retries, _CHECKING_RETRIES)})
    async with Line(hurried, access, Health(access.place, error_budget=1)) as line:
        try:
            await line.ask(request_for(first_messages(np.zeros(61, np.float32), "trial"), teacher))
        except GaveUp as error:
            failure = error.__cause__
            assert isinstance(failure, CallFailed)
            raise WorkFailed(sentence_of(access.place, failure)) from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs to the end, also where this thread has a loop of its own, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


def _first(refusals: BaseExceptionGroup[SfaceError]) -> SfaceError:
    first = refusals.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
