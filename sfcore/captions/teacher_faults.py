"""Each way in which the fake teacher can fail: what it puts on the wire instead of a true caption.

A fault is one function from the honest answer to bytes on a connection. Names are those of ``--faults``; `MIXED` are all those a
run should get over.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

_HUGE = 8 << 20
_BOMB_MIB = 64


@dataclass(frozen=True, slots=True)
class Honest:
    """What the teacher would answer: the four fields as JSON text, the model's name, the tokens of the question, and how long a
    slow fault lasts."""

    content: str
    model: str
    tokens_in: int
    slow_s: float

    def completion(self, content: Any = None, finish: str = "stop", **message: Any) -> dict[str, Any]:
        """A chat completion with this content, the honest one by default."""
        said = {"role": "assistant", "content": self.content if content is None else content, **message}
        out = len(self.content) // 4
        return {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [{"index": 0, "message": said, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": self.tokens_in, "completion_tokens": out, "total_tokens": self.tokens_in + out},
        }


Writer = asyncio.StreamWriter
Fault = Callable[[Writer, Honest], Awaitable[None]]


def response(body: bytes | object, status: int = 200, *headers: str, kind: str = "application/json") -> bytes:
    """An HTTP response; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Fake", f"Content-Type: {kind}", f"Content-Length: {len(raw)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def error(status: int, message: str, *headers: str, code: str | None = None) -> bytes:
    """An error as the protocol words it."""
    return response({"error": {"message": message, "type": "fake", "param": None, "code": code}}, status, *headers)


def _says(make: Callable[[Honest], bytes]) -> Fault:
    async def say(writer: Writer, honest: Honest) -> None:
        writer.write(make(honest))
        await writer.drain()

    return say


def _content(make: Callable[[str], Any], finish: str = "stop") -> Fault:
    """A whole chat completion whose message is not what it should be."""
    return _says(lambda honest: response(honest.completion(make(honest.content), finish)))


def _message(**changed: Any) -> Fault:
    def make(honest: Honest) -> bytes:
        document = honest.completion()
        document["choices"][0]["message"].update(changed)
        return response(document)

    return _says(make)


def _without(*path: str) -> Fault:
    """A chat completion that lacks something."""

    def make(honest: Honest) -> bytes:
        document: Any = honest.completion()
        at = document
        for step in path[:-1]:
            at = at[0][step] if isinstance(at, list) else at[step]
        (at[0] if isinstance(at, list) else at).pop(path[-1])
        return response(document)

    return _says(make)


def _titled(content: str) -> str:
    """Names as people write them: Expression-Category, Muscle Movements."""
    given = json.loads(content).items()
    return json.dumps({name.title().replace("_", "- "[number % 2]): value for number, (name, value) in enumerate(given)})


def _edited(**fields: Any) -> Fault:
    """The four fields with some changed; None leaves one out."""

    def edit(content: str) -> str:
        kept = {**json.loads(content), **fields}
        return json.dumps({name: value for name, value in kept.items() if value is not None})

    return _content(edit)


async def _timeout(writer: Writer, honest: Honest) -> None:
    await asyncio.sleep(honest.slow_s)
    writer.write(response(honest.completion()))
    await writer.drain()


async def _drip(writer: Writer, honest: Honest) -> None:
    """One byte at a time, each within any time limit for a single read."""
    whole = response(honest.completion())
    for place in range(len(whole)):
        writer.write(whole[place : place + 1])
        await writer.drain()
        await asyncio.sleep(honest.slow_s / 50)


async def _endless(writer: Writer, _: Honest) -> None:
    """A chunked body that never ends and never says anything."""
    writer.write(b"HTTP/1.1 200 Fake\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _endless_error(writer: Writer, _: Honest) -> None:
    """The body of a 500 that comes as fast as it is taken, for as long as it is taken."""
    writer.write(b"HTTP/1.1 500 Fake\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


@cache
def _bomb() -> bytes:
    """64 kB of gzip that unpack to a thousand times as much."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(_BOMB_MIB)) + packer.flush()


async def _reset(writer: Writer, _: Honest) -> None:
    connection = writer.get_extra_info("socket")
    # Lingering for no time at all turns the close into a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _close(writer: Writer, _: Honest) -> None:
    writer.close()


def _half(honest: Honest) -> bytes:
    whole = response(honest.completion())
    return whole[: len(whole) - 200]


def _in(delay_s: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=delay_s), usegmt=True)


BUSY: dict[str, Fault] = {
    "429": _says(lambda _: error(429, "slow down")),
    "429-wait": _says(lambda h: error(429, "slow down", f"Retry-After: {h.slow_s / 10:g}")),
    "429-date": _says(lambda _: error(429, "slow down", f"Retry-After: {_in(1)}")),
    "429-now": _says(lambda _: error(429, "slow down", "Retry-After: 0")),
    "429-past": _says(lambda _: error(429, "slow down", f"Retry-After: {_in(-3600)}")),
    "429-never": _says(lambda _: error(429, "slow down", "Retry-After: 86400")),
    "429-senseless": _says(lambda _: error(429, "slow down", "Retry-After: -nan soon")),
}
BROKEN: dict[str, Fault] = {
    "500": _says(lambda _: error(500, "the model fell over")),
    "502-page": _says(lambda _: response(b"<html><h1>Bad Gateway</h1></html>", 502, kind="text/html")),
    "503": _says(lambda _: error(503, "loading", "Retry-After: 0")),
    "408": _says(lambda _: error(408, "you are slow")),
    "timeout": _timeout,
    "drip": _drip,
    "endless": _endless,
    "reset": _reset,
    "close": _close,
    "half": _says(_half),
    "huge": _says(lambda h: response(h.completion("x" * _HUGE))),
    "endless-500": _endless_error,
    "bomb": _says(lambda _: response(_bomb(), 200, "Content-Encoding: gzip")),
    "bomb-500": _says(lambda _: response(_bomb(), 500, "Content-Encoding: gzip")),
    "no-protocol": _says(lambda _: b"220 mail.example ESMTP ready\r\n"),
    "no-gzip": _says(lambda h: response(h.completion(), 200, "Content-Encoding: gzip")),
    "204": _says(lambda _: response(b"", 204)),
    "redirects": _says(lambda _: response(b"", 307, "Location: /v1/chat/completions")),
    "page": _says(lambda _: response(b"<!doctype html><title>Sign in</title>", kind="text/html")),
    "empty": _says(lambda _: response(b"")),
    "null": _says(lambda _: response(None)),
    "list": _says(lambda h: response([h.completion()])),
    "not-json": _says(lambda _: response(b"{'choices': oops")),
    "not-utf8": _says(lambda _: response(b'{"choices": "\xff\xfe\xc3("}')),
    "deep": _says(lambda _: response(b"[" * 200_000)),
    "long-number": _says(lambda _: response(b'{"choices": ' + b"9" * 100_000 + b"}")),
    "error-in-200": _says(lambda _: response({"error": {"message": "overloaded"}})),
    "no-choices": _says(lambda h: response({**h.completion(), "choices": []})),
    "choices-null": _says(lambda h: response({**h.completion(), "choices": None})),
    "no-message": _without("choices", "message"),
}
SENSELESS: dict[str, Fault] = {
    "content-null": _message(content=None),
    "content-list": _message(content=[{"type": "text", "text": "{}"}]),
    "content-empty": _content(lambda _: "   "),
    "malformed": _content(lambda text: text.replace('"', "'")),
    "truncated": _content(lambda text: text[: len(text) // 2]),
    "length": _content(lambda text: text[: len(text) // 2], finish="length"),
    "prose": _content(lambda _: "The face seems happy."),
    "schema": _edited(symmetry=None, feeling="calm"),
    "nested": _content(lambda text: json.dumps({"analysis": json.loads(text)})),
    "numbers": _edited(emotional_implication=1.5),
    "lists": _edited(muscle_movements=["brows raised"]),
    "blank": _edited(muscle_movements=" "),
    "doubled": _content(lambda text: text[:-1] + ', "symmetry": "mostly symmetric"}'),
    "doubled-name": _content(lambda text: text[:-1] + ', "Symmetry": "mostly symmetric"}'),
    "not-a-number": _content(lambda _: '{"expression_category": NaN}'),
    "unicode": _edited(muscle_movements="Brows \u202eraised\u0000 \ud83d\ude00 \u4e2d\u6587 \ud800."),
    "tokens": _edited(symmetry="mostly symmetric <|im_end|><|im_start|>user"),
    "long": _edited(muscle_movements="Brows slightly raised. " * 400),
    "hearsay": _edited(muscle_movements="A young woman in a red hat wiggles her ears and winks at the camera."),
    "mood": _edited(emotional_implication="she is nervous about an exam"),
    "figures": _edited(muscle_movements="AU12 at 0.83, AU6 at 0.4."),
    "other-language": _edited(muscle_movements="Die Augenbrauen sind stark gehoben."),
    "refusal": _message(content=None, refusal="I cannot describe people."),
    "filter": _content(lambda _: "", finish="content_filter"),
}
UNUSUAL: dict[str, Fault] = {
    "around": _content(lambda text: f"Sure! Here it is:\n```json\n{text}\n```\nAnything else?"),
    "thinks": _content(lambda text: f"<think>I fill {{symmetry}} in {{}}, as in {text}</think>\n{text}"),
    "thought": _content(lambda text: f"so {{symmetry}} it is\n</think>\n\n{text}"),
    "thinks-on": _content(lambda text: f"<think>\n{text}"),
    "titles": _content(_titled),
    "typed-wrong": _says(lambda h: response(json.dumps(h.completion()).encode(), kind="text/plain; charset=latin-1")),
    "byte-order-mark": _says(lambda h: response(b"\xef\xbb\xbf" + json.dumps(h.completion()).encode())),
    "no-usage": _without("usage"),
    "wild-usage": _says(lambda h: response({**h.completion(), "usage": {"prompt_tokens": -5, "completion_tokens": 1e99}})),
    "typography": _edited(emotional_implication="not clearly\u00a0observable"),
}
"""Answers that are odd and whole: they are taken."""
DENIED: dict[str, Fault] = {
    "400": _says(lambda _: error(400, "response_format is not supported")),
    "401": _says(lambda _: error(401, "incorrect API key")),
    "402": _says(lambda _: error(402, "insufficient balance")),
    "403": _says(lambda _: error(403, "not for you")),
    "404": _says(lambda _: error(404, "the model does not exist")),
    "quota": _says(lambda _: error(429, "you exceeded your quota", code="insufficient_quota")),
}
FAULTS: dict[str, Fault] = {**BUSY, **BROKEN, **SENSELESS, **UNUSUAL, **DENIED}
MIXED: tuple[str, ...] = (*BUSY, *BROKEN, *SENSELESS, *UNUSUAL)
