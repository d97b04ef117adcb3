"""Supervise on a store that fails: an S3 server behind a proxy that answers 503, credentials that expire, a disk that is full.

    python benchmarks/store_faults.py [--samples 192] [--rate 0.3] [--without-s3]

Makes the samples once on a disk. Then on moto's S3 server behind a proxy that answers so many requests with 503: the table must
come out with the same files and bytes. Then with credentials that expire in the middle: the run must stop with one sentence and
leave a table that reads, and end with the same files once they are renewed. Then on a disk with two MiB (where this process may
mount one): the same. Exit code 1 when anything else happens.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from flows.failures import sentence_of
from sfcore.errors import WorkFailed
from sfcore.recipe import Recipe, recipe_from
from sfcore.store.workspace import Workspace

TABLE = "supervision"
_FOR_EVER = 1 << 60
_OF_THE_CONNECTION = ("transfer-encoding", "content-length", "connection", "expect")
"""Headers that tell of one connection and are not passed on to the next."""


class Faults:
    """What the proxy does to requests, shared between its process and this one; ``serve`` says how many more it lets through
    before credentials expire, and never ends below zero."""

    def __init__(self, seed: int) -> None:
        here = get_context("spawn")
        self._rate, self._requests, self._failed, self._serve = (here.Value(kind, 0) for kind in "dqqq")
        self._serve.value = _FOR_EVER
        self._lock, self._seed = here.Lock(), seed

    def begin(self, rate: float = 0.0, serve: int = _FOR_EVER) -> None:
        """From now on so many requests fail, and credentials expire after so many."""
        with self._lock:
            self._rate.value, self._serve.value, self._requests.value, self._failed.value = rate, serve, 0, 0

    @property
    def served(self) -> int:
        """Requests that did not fail since."""
        return int(self._requests.value - self._failed.value)

    def told(self) -> str:
        """How many requests failed since."""
        return f"{self._failed.value} of {self._requests.value} requests"

    def verdict(self) -> tuple[int, str] | None:
        """Status and S3 code of the next request, None for the server's own answer."""
        with self._lock:
            self._requests.value += 1
            self._serve.value -= 1
            chance = random.Random(f"{self._seed}-{self._requests.value}").random()
            wrong = (403, "ExpiredToken") if self._serve.value < 0 else (503, "SlowDown") if chance < self._rate.value else None
            self._failed.value += wrong is not None
            return wrong


def _proxy(own: int, port: int, faults: Faults) -> None:
    """Serves at ``own`` for the server at ``port`` until it is killed. A process: Delta's Rust code waits for answers with
    Python's lock in its hand."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self._body()
            wrong = faults.verdict()
            if wrong:
                answer = f"<?xml version='1.0'?><Error><Code>{wrong[1]}</Code><Message>{wrong[1]}</Message></Error>".encode()
                self._answer(wrong[0], [("Content-Type", "application/xml")], answer, len(answer))
                return
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            passed = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            server.request(self.command, self.path, body or None, passed | {"Content-Length": str(len(body))})
            reply = server.getresponse()
            content = reply.read()
            headers = [(name, value) for name, value in reply.getheaders() if name.lower() not in _OF_THE_CONNECTION]
            self._answer(reply.status, headers, content, int(reply.getheader("Content-Length") or len(content)))
            server.close()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while length := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return b"".join(parts)

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    ThreadingHTTPServer(("127.0.0.1", own), Handler).serve_forever()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _s3(faults: Faults) -> Iterator[None]:
    """An S3 server behind the proxy, with a bucket and the environment that leads to it."""
    port, own = _free_port(), _free_port()
    order = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(order, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proxy = get_context("spawn").Process(target=_proxy, args=(own, port, faults), daemon=True)
    proxy.start()
    try:
        _until(lambda: _answers(port) and _answers(own))
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{own}",
            "AWS_ALLOW_HTTP": "true",
        }
        import s3fs

        s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"]).call_s3("create_bucket", Bucket="faults")
        yield
    finally:
        proxy.terminate()
        server.terminate()
        server.wait(timeout=10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.1)


def recipe_for(samples: int) -> Recipe:
    """Small pictures in small files, so that there are many waves."""
    return recipe_from(
        {
            "labels": {"dataset": "drill", "prior": {"takes": 8, "frames": -(-samples // 8)}},
            "faces": {"size": 96, "train_identities": 8, "test_identities": 4},
            "supervision": {"rows_per_file": 16, "files_per_wave": 2, "image_format": "png"},
        },
        "the drill's recipe",
    )


def make(place: str, samples: int) -> Workspace:
    """Labels and samples, as far as they are not there yet."""
    from tasks.ingest import ingest
    from tasks.progress import Silent
    from tasks.supervise import supervise

    recipe, workspace = recipe_for(samples), Workspace.create(place)
    if not workspace.row_counts()["labels"]:
        ingest(workspace, recipe.labels, 0, "drill", Silent())
    supervise(workspace, recipe, "drill", Silent(), 2)
    return workspace


def content(workspace: Workspace) -> list[tuple[str, str]]:
    """The table's files in the order of its log, each with a hash of its bytes."""
    root = workspace.uri(f"tables/{TABLE}") + "/"
    paths = [uri.removeprefix(root) for uri in workspace.table(TABLE).file_uris()]
    return [(path, hashlib.sha256(workspace.read_bytes(f"tables/{TABLE}/{path}")).hexdigest()) for path in paths]


def _busy(faults: Faults, given: argparse.Namespace, right: list[tuple[str, str]]) -> tuple[bool, int]:
    """Whether the table is right, and how many requests it took beside those that failed."""
    faults.begin(rate=given.rate)
    started = time.monotonic()
    workspace = make("s3://faults/busy", given.samples)
    seconds, refused, served = time.monotonic() - started, faults.told(), faults.served
    faults.begin()
    same = content(workspace) == right
    print(f"503 for {refused}: {'the same table' if same else 'ANOTHER TABLE'} as on a disk ({seconds:.0f} s)", flush=True)
    return same, served


def _expired(faults: Faults, serve: int, given: argparse.Namespace, right: list[tuple[str, str]]) -> bool:
    faults.begin(serve=serve)
    return _stopped("credentials that expire", "s3://faults/expired", given, right, faults.begin)


def _full(given: argparse.Namespace, right: list[tuple[str, str]]) -> bool:
    with tempfile.TemporaryDirectory() as place:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode:
            print("a full disk: left out, since this process may not mount one")
            return True
        try:
            larger = ["mount", "-o", "remount,size=64m", place]
            return _stopped("a full disk", f"{place}/w", given, right, lambda: subprocess.run(larger, check=True))
        finally:
            subprocess.run(["umount", place], check=False)


def _stopped(what: str, place: str, given: argparse.Namespace, right: list[tuple[str, str]], mend: Callable[[], Any]) -> bool:
    """Whether the work stops with one sentence, leaves the first waves alone in the table, and ends well once mended."""
    try:
        make(place, given.samples)
        said = "NOTHING: the work went on"
    except Exception as error:
        said = str(error) if isinstance(error, WorkFailed) else sentence_of(error) or ""
    mend()
    workspace = Workspace.open(place)
    before = content(workspace)
    fine = bool(said) and "\n" not in said and before == right[: len(before)] and len(before) < len(right)
    print(f"{what}: {len(before)} of {len(right)} files were committed; said: {said}", flush=True)
    same = content(make(place, given.samples)) == right
    print(f"  run again: {'the same table' if same else 'ANOTHER TABLE'} as undisturbed", flush=True)
    return fine and same


def main() -> None:
    """Prints what became of each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=192)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--without-s3", action="store_true")
    given = parser.parse_args()
    from tasks.cluster import ray_cluster

    faults = Faults(0)
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        with ray_cluster():
            right = content(make(str(Path(folder) / "right"), given.samples))
            fine &= _full(given, right)
        if not given.without_s3:
            # Ray's workers take the environment that Ray was started in.
            with _s3(faults), ray_cluster():
                same, served = _busy(faults, given, right)
                fine &= same
                # Labels come first and take few requests: at three quarters some waves are committed.
                fine &= _expired(faults, served * 3 // 4, given, right)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
