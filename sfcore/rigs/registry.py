"""Rigs by name."""

from __future__ import annotations

from functools import cache

from sfcore.errors import WrongUse, nearest
from sfcore.rigs.procedural.build import build_procedural
from sfcore.rigs.rig import Rig

_BUILDERS = {"procedural": build_procedural}


@cache
def load_rig(name: str) -> Rig:
    """The rig called ``name``, built once per process; raises `WrongUse` with the nearest name for one that does not exist."""
    if name not in _BUILDERS:
        raise WrongUse(f"no rig '{name}'{nearest(name, _BUILDERS)}: the rigs are {', '.join(_BUILDERS)}.")
    return _BUILDERS[name]()
