"""A language model that is none: the chat protocol over a real socket, true captions by the grammar, and faults on request.

    python -m sfcore.captions.fake_teacher --port 8011 --faults mixed=0.2,lies=0.1
    SFACE_TEACHER_URL=http://127.0.0.1:8011/v1 SFACE_TEACHER_MODEL=fake sface supervise --recipe my.yaml --dataset takes

Faults are given as ``name=share``, by the names of `sfcore.captions.teacher_faults` and `sfcore.captions.lies`; ``mixed`` stands
for all that a run gets over, ``lies`` for all lies. The share of calls that fail is exact on average and follows from ``--seed``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import numpy as np

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.description import Description
from sfcore.captions.grammar import describe
from sfcore.captions.lies import LIES, Face
from sfcore.captions.teacher_faults import FAULTS, MIXED, Honest, error, response
from sfcore.errors import WrongUse, nearest
from sfcore.randomness import digest, picked, stream

HONEST = "honest"
_MOST_REQUEST = 1 << 20
_SLOW_S = 30.0


def parsed_faults(text: str) -> dict[str, float]:
    """``"429=0.1,lies=0.05"`` -> the share of each; raises `WrongUse` for a name or a share that cannot be."""
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, given = part.partition("=")
        try:
            share = float(given)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise WrongUse(f"the share of '{name}' is '{given}': give one between 0 and 1, such as {name}=0.1.")
        groups: dict[str, Sequence[str]] = {"mixed": MIXED, "lies": tuple(LIES)}
        for one in groups.get(name, (name,)):
            if one not in FAULTS and one not in LIES:
                raise WrongUse(f"there is no fault '{one}'{nearest(one, [*FAULTS, *LIES, *groups])}.")
            shares[one] = shares.get(one, 0.0) + share / len(groups.get(name, (name,)))
    if sum(shares.values()) > 1 + 1e-9:
        raise WrongUse(f"the shares of faults add up to {sum(shares.values()):g}, more than 1.")
    return shares


class FakeTeacher:
    """Serves on a loopback socket from a thread of its own, as a context manager.

    ``faults`` are shares by name; ``script`` names what the first calls get, one after another. ``key`` and ``model`` are
    demanded where they are given. ``slow_s`` is how long a time-out lasts.
    """

    def __init__(
        self,
        faults: Mapping[str, float] | None = None,
        script: Sequence[str] = (),
        *,
        seed: int = 0,
        port: int = 0,
        key: str = "",
        model: str = "",
        slow_s: float = _SLOW_S,
    ) -> None:
        self._shares = dict(faults or {})
        self._script, self._seed, self._port = list(script), seed, port
        self._key, self._model, self._slow_s = key, model, slow_s
        self.served: Counter[str] = Counter()
        """Calls by what they got; ``honest`` for a true answer."""
        self.at_once = 0
        """The most calls that were under way together."""
        self._now = self._calls = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Base address for clients."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=_MOST_REQUEST))
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        try:
            await self._answered(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # Whoever asked has gone, or the teacher stops while it drips.
            pass
        finally:
            self._now -= 1
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
        raw = await reader.readexactly(int(length[1])) if length else b""
        method, path = head.split(" ", 2)[:2]
        if (method, path) != ("POST", "/v1/chat/completions"):
            writer.write(error(404, f"there is nothing at {path}"))
            return
        if self._key and f"authorization: bearer {self._key}".lower() not in head.lower():
            writer.write(error(401, "incorrect API key provided"))
            return
        request = json.loads(raw)
        if self._model and request["model"] != self._model:
            writer.write(error(404, f"the model '{request['model']}' does not exist", code="model_not_found"))
            return
        await self._taught(request, writer)

    async def _taught(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        name = self._what_now()
        self.served[name] += 1
        face = face_in(request)
        told = describe(face, digest(json.dumps(request["messages"])))
        if name in LIES:
            told = _lied(name, told, face, self._calls)
        words = sum(len(message["content"]) for message in request["messages"])
        honest = Honest(json.dumps(asdict(told)), request["model"], words // 4, self._slow_s)
        if name in FAULTS:
            await FAULTS[name](writer, honest)
        else:
            writer.write(response(honest.completion()))
            await writer.drain()

    def _what_now(self) -> str:
        self._calls += 1
        if self._script:
            return self._script.pop(0)
        left = max(1.0 - sum(self._shares.values()), 0.0)
        return picked({**self._shares, HONEST: left}, float(stream(f"{self._seed}-{self._calls}", "fault").random()))


def face_in(request: dict[str, Any]) -> Face:
    """The coefficients that a question is about, (61,) float32; what it leaves out is NaN."""
    text = next(message["content"] for message in request["messages"] if message["role"] == "user")
    given = re.search(r"^\{.*\}$", text, re.MULTILINE)
    face = np.full(len(NAMES), np.nan, np.float32)
    for name, value in json.loads(given[0] if given else "{}").items():
        face[INDEX[name]] = value
    return face


def _lied(name: str, told: Description, face: Face, call: int) -> Description:
    rng = stream(f"{call}", "lie")
    # Some lies need a face with an uneven or a strong action; an invention fits nearly all, another category fits every one.
    for lie in (LIES[name], LIES["lie-invention"], LIES["lie-category"]):
        false = lie(told, face, rng)
        if false is not None:
            return false
    raise AssertionError("every face can be called by another name")


def main() -> None:
    """Serves until it is interrupted; prints its address first and what it served last."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else "", epilog=f"faults: {', '.join([*FAULTS, *LIES])}"
    )
    parser.add_argument("--port", type=int, default=8011, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--faults", default="", metavar="NAME=SHARE,...", help="how often to fail in which way")
    parser.add_argument("--seed", type=int, default=0, help="decides which calls fail")
    parser.add_argument("--key", default="", help="demand this key")
    parser.add_argument("--model", default="", help="demand this name of a model")
    parser.add_argument("--slow", type=float, default=_SLOW_S, help="seconds that a slow answer takes")
    given = parser.parse_args()
    try:
        faults = parsed_faults(given.faults)
    except WrongUse as refusal:
        parser.error(str(refusal))
    with FakeTeacher(faults, seed=given.seed, port=given.port, key=given.key, model=given.model, slow_s=given.slow) as teacher:
        print(f"answering at {teacher.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(json.dumps(dict(teacher.served.most_common())))


if __name__ == "__main__":
    main()
