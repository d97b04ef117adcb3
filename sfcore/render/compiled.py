"""Compiled functions that are kept on disk, and notice when what they take in changes.

Numba's cache knows a function by its own file and its closure. One that force-inlines functions of other modules holds a stamp of
those modules' sources in its closure, so that no process runs yesterday's shading.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba

from sfcore.randomness import digest

_without_runtime: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
inlined: Callable[[Any], Any] = numba.njit(forceinline=True, **_without_runtime)
"""Compiles what is taken into its callers whole. Nothing in it may allocate: without numba's runtime, handing arrays from
function to function counts no references, which was two thirds of the time of a pixel."""
kept: Callable[[Any], Any] = numba.njit(cache=True, **_without_runtime)
"""Compiles what Python calls, and keeps it on disk; nothing in it may allocate."""


def stamp(*modules: ModuleType) -> int:
    """A number of 62 bits that changes with the sources of ``modules``."""
    return int(digest(*(Path(module.__file__ or "").read_bytes() for module in modules)), 16) >> 66
