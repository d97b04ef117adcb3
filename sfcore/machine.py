"""What the machine has that sface needs, told before a run finds out the hard way."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

# Beyond the installed environment: a demo's workspace and Ray's files of a run, with room for the checkpoints of a longer one.
_LEAST_DISK = 2 * 1024**3
# Two training processes of the tiny student, Ray and the driver.
_LEAST_MEMORY = 6 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is fine, and a sentence that says what to do when it is not.

    What is not ``needed`` is advice: sface works without it.
    """

    subject: str
    fine: bool
    sentence: str
    needed: bool = True


def findings() -> list[Finding]:
    """Looks at Python, compiler, memory, disk, engines and the addresses in the environment."""
    return [_python(), _compiler(), _memory(), _disk(), _engines(), _cluster(), _workspace()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), f"Python {version}; 3.11 or newer is needed.")


def _compiler() -> Finding:
    path = shutil.which("g++") or shutil.which("c++")
    if path:
        return Finding("compiler", True, f"{path}: DeepSpeed can build its fused ops.", needed=False)
    advice = "no C++ compiler: sface trains without one; DeepSpeed's fused ops need g++ (build-essential)."
    return Finding("compiler", False, advice, needed=False)


def _memory() -> Finding:
    import psutil

    total = psutil.virtual_memory().total
    return Finding(
        "memory", total >= _LEAST_MEMORY, f"{total / 1024**3:.1f} GiB; the demo needs {_LEAST_MEMORY / 1024**3:.0f} GiB."
    )


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    needs = f"a run of the demo needs {_LEAST_DISK / 1024**3:.0f} GiB beyond the installed environment."
    return Finding("disk", free >= _LEAST_DISK, f"{free / 1024**3:.1f} GiB free here; {needs}")


def _engines() -> Finding:
    engines = ("torch", "transformers", "peft", "deepspeed", "ray", "prefect", "deltalake", "duckdb", "numba")
    missing = [name for name in engines if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("engines", False, f"not installed: {', '.join(missing)}; run 'make install'.")
    return Finding("engines", True, f"installed: {', '.join(engines)}.")


def _cluster() -> Finding:
    address = os.environ.get("SFACE_RAY_ADDRESS", "")
    where = f"Ray runs at {address}." if address else f"Ray is started for each run on this machine's {os.cpu_count()} cores."
    return Finding("cluster", True, where)


def _workspace() -> Finding:
    from sfcore.errors import SfaceError
    from sfcore.store.workspace import Workspace

    location = Workspace.location()
    try:
        Workspace.open(location)
    except SfaceError as error:
        # A local workspace that is not there yet is made by the first run; one on S3 that cannot be reached is a fault.
        return Finding("workspace", "://" not in location, str(error))
    return Finding("workspace", True, f"{location} can be read.")
