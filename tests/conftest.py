"""What tests share: the folder of real recordings, and an S3 server on a socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sfcore.arkit import NAMES

# Set before any engine is imported: nothing here may phone home or write a token into a home folder.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DS_ACCELERATOR", "cpu")

# A suite that a shell starts in the background has SIGINT ignored, and so would every process it starts: servers that stop each
# other by it would stay, and Ctrl-C is under test.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings of other people; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real recordings (shared/data beside the repository) is not here")
    return SHARED


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A real S3 protocol server (moto's) in a process of its own on a loopback socket; yields its address."""
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise RuntimeError("the S3 server did not start") from None
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def s3_bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket on the S3 server, with the environment set so that sface and its engines reach it; returns its name."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    bucket = f"sface-{uuid.uuid4().hex[:12]}"
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem(endpoint_url=s3_server, skip_instance_cache=True).call_s3("create_bucket", Bucket=bucket)
    return bucket


@pytest.fixture(params=["disk", "s3"])
def workspace_location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address for a new workspace: everything that uses it holds on a disk and on S3 alike."""
    if request.param == "disk":
        return str(tmp_path / "workspace")
    return f"s3://{request.getfixturevalue('s3_bucket')}/team/faces"


@pytest.fixture
def tiny_recipe() -> dict[str, object]:
    """The smallest recipe that goes the whole way: minutes become a minute, every engine is the real one."""
    return {
        "name": "tiny",
        "labels": {"dataset": "tiny", "prior": {"takes": 4, "frames": 12}},
        "faces": {"size": 64, "train_identities": 6, "test_identities": 3},
        "supervision": {"rows_per_file": 8, "files_per_wave": 2},
        "training": {"max_steps": 4, "batch_size": 4, "checkpoint_every": 2},
        # A student of four steps rambles to the end of every field: each picture that is asked again costs seconds.
        "evaluation": {"batch_size": 12, "bootstrap": 50, "cnn_steps": 3, "probes": 2},
    }


@pytest.fixture
def write_take() -> Callable[..., Path]:
    """Writes a Live Link take of 10 frames a second in which everything moves: ``write_take(path, rows, seed, end)``."""

    def write(path: Path, rows: int = 300, seed: int = 0, end: str = "\n") -> Path:
        values = np.random.default_rng(seed).random((rows, 61)).round(4)
        lines = ["Timecode,BlendShapeCount," + ",".join(NAMES)]
        for i, row in enumerate(values):
            lines.append(f"00:{i // 600:02d}:{i // 10 % 60:02d}:{i % 10 * 6:02d}.0,61," + ",".join(map(str, row)))
        path.write_bytes(end.join(lines).encode())
        return path

    return write
