"""One call of an OpenAI-compatible endpoint: a reply, or why there is none and whether it is worth another call."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sfcore.captions.llm.access import TeacherAccess
from sfcore.captions.llm.prompt import SCHEMA, Request
from sfcore.captions.llm.reading import MOST_BYTES, Reply, Unreadable, read_complaint, read_reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Reason = Literal["denied", "busy", "broken", "unreachable", "not accepted"]
"""``denied``: key, model or address are wrong; ``busy``: 429; ``broken``: 5xx, time-outs, cut-off or senseless bodies;
``unreachable``: nobody answers at the address; ``not accepted``: the endpoint will never take this question."""

_DENIALS = {
    401: "refuses the key",
    402: "wants to be paid",
    403: "refuses the key",
    404: "does not know the model or the address",
}
# 405 and 410: there is something at the address, but no endpoint that takes chats.
_DENIALS |= {405: "takes no chat completions", 410: "is no longer there"}
_WORTH_ANOTHER = {408, 409, 425}
_LONGEST_DETAIL = 200


class CallFailed(Exception):
    """A call without a reply."""

    def __init__(self, reason: Reason, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.wait_s = wait_s
        """Seconds for which the endpoint asks to be left alone."""


class Arrived(Protocol):
    """What the client's hooks are given: a response whose head is there and whose body is not."""

    @property
    def status_code(self) -> int: ...
    @property
    def is_success(self) -> bool: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    def aiter_raw(self) -> AsyncIterator[bytes]: ...


def client_of(access: TeacherAccess) -> AsyncOpenAI:
    """A client for one event loop. It repeats nothing by itself: attempts are counted, and a broken body is worth one too."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    async def look(response: Arrived) -> None:
        # Before the client reads: it would hold the whole body of an error, and unpack what is packed.
        await _refuse(response, access.key)

    # A redirect would send key and question to an address that nobody has named.
    return AsyncOpenAI(
        base_url=access.url,
        api_key=access.key,
        max_retries=0,
        default_headers={"Accept-Encoding": "identity"},
        http_client=DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"response": [look]}),
    )


async def call(client: AsyncOpenAI, request: Request, timeout_s: float, key: str) -> Reply:
    """Asks once; raises `CallFailed`. The time limit is for the whole call, so that a body that drips for ever ends too."""
    import openai

    try:
        async with asyncio.timeout(timeout_s):
            body = await _body(client, request, timeout_s)
    except (TimeoutError, openai.APITimeoutError):
        raise CallFailed("broken", f"no answer within {timeout_s:g} s") from None
    except openai.APIConnectionError as error:
        found = type(error.__cause__).__name__
        reason: Reason = "unreachable" if found in ("ConnectError", "ConnectTimeout") else "broken"
        raise CallFailed(reason, _plain(str(error.__cause__ or error), key) or found) from None
    except CallFailed:
        raise
    except Exception as error:
        # The client's own libraries speak here, on what a stranger sent: half a body, wrong compression, a protocol of its own.
        raise CallFailed("broken", f"{type(error).__name__} {_plain(str(error), key)}".strip()) from None
    try:
        return read_reply(body)
    except Unreadable as error:
        raise CallFailed("broken", str(error)) from None


async def _body(client: AsyncOpenAI, request: Request, timeout_s: float) -> bytes:
    asked = client.chat.completions.with_streaming_response.create(
        model=request.model,
        messages=_as_given(request.messages),
        temperature=request.temperature,
        max_tokens=request.max_tokens,
        response_format={"type": "json_schema", "json_schema": {"name": "face", "strict": True, "schema": SCHEMA}},
        timeout=timeout_s,
    )
    async with asked as response:
        body = await _bounded(response.iter_bytes())
    if body is None:
        raise CallFailed("broken", f"an answer of more than {MOST_BYTES >> 20} MiB")
    return body


async def _bounded(pieces: AsyncIterator[bytes]) -> bytes | None:
    """The whole body, None when it is longer than `MOST_BYTES`; no more than one piece beyond that is read."""
    kept, size = [], 0
    async for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            return None
        kept.append(piece)
    return b"".join(kept)


async def _refuse(response: Arrived, key: str) -> None:
    """Raises `CallFailed` for a response that can hold no answer, after a look at no more of its body than is read of any.

    A packed body is not read at all: nobody asked for one, and a few kilobytes unpack to more than fits in memory.
    """
    packing = response.headers.get("content-encoding", "").strip().lower()
    packed = packing not in ("", "identity")
    if not response.is_success:
        body = None if packed else await _bounded(response.aiter_raw())
        raise _failure(response.status_code, response.headers, body or b"", key)
    if packed:
        raise CallFailed("broken", f"an answer packed as {_plain(packing, key)!r}, which nobody asked for")


def _as_given(messages: Any) -> Any:
    return list(messages)


def _failure(status: int, headers: Mapping[str, str], body: bytes, key: str) -> CallFailed:
    said, code = read_complaint(body)
    detail = f"{status}{': ' + _plain(said, key) if said.strip() else ''}"
    if status < 400:
        return CallFailed("broken", f"{status}: sends calls on to {_plain(headers.get('location', ''), key)}")
    if status in _DENIALS:
        return CallFailed("denied", f"{_DENIALS[status]} ({detail})")
    if status == 429:
        if code == "insufficient_quota":
            return CallFailed("denied", f"has no quota left ({detail})")
        return CallFailed("busy", detail, asked_to_wait(headers))
    if status >= 500 or status in _WORTH_ANOTHER:
        return CallFailed("broken", detail, asked_to_wait(headers))
    return CallFailed("not accepted", f"does not take the question ({detail})")


def asked_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds of ``Retry-After``, a number or a date, 0 for one in the past; None where there is none that makes sense."""
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            at = parsedate_to_datetime(given)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - (now or datetime.now(UTC)).timestamp()
        seconds = max(seconds, 0.0)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _plain(said: str, key: str) -> str:
    """One short printable line without the key, which some endpoints repeat."""
    line = " ".join("".join(c if c.isprintable() else " " for c in said.replace(key, "***")).split())
    return line[:_LONGEST_DETAIL]
