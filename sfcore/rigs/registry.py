"""Rigs by name: those that ship with sface, and those that were imported into a workspace (``rigs/<name>/``)."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sfcore.arkit import SHAPES
from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.rigs.procedural.build import build_procedural
from sfcore.rigs.rig import Rig

if TYPE_CHECKING:
    from sfcore.store.workspace import Workspace

_BUILDERS = {"procedural": build_procedural}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_FILE, _CARD = "rig.npz", "rig.json"
# A worker draws from a handful of rigs in turn; one of them takes up to a hundred megabytes.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class RigCard:
    """What a person wants to know of a rig before drawing with it."""

    name: str
    domain: str
    licence: str
    digest: str
    vertices: int
    triangles: int
    identity_modes: int
    masked: tuple[str, ...]
    """Shapes that it cannot show; pictures of it say nothing about them."""
    notes: tuple[str, ...]

    @staticmethod
    def of(rig: Rig) -> RigCard:
        """The card of a rig."""
        masked = tuple(shape.name for shape in SHAPES if not rig.channels_shown[shape.index])
        sizes = (len(rig.neutral), len(rig.triangles), len(rig.mode_names))
        return RigCard(rig.name, rig.domain, rig.licence, rig.digest, *sizes, masked, rig.notes)


def known_rigs(workspace: Workspace | None = None) -> tuple[str, ...]:
    """Names of the rigs that `load_rig` can give: those that ship first."""
    imported = workspace.folders("rigs") if workspace else []
    return (*_BUILDERS, *(name for name in imported if workspace and workspace.exists(f"rigs/{name}/{_CARD}")))


def load_rig(name: str, workspace: Workspace | None = None) -> Rig:
    """The rig called ``name``, built or read once per process.

    Raises `WrongUse` with the nearest name for one that does not exist, `WorkFailed` for one whose file is damaged.
    """
    if name in _BUILDERS:
        return _built(name)
    if workspace is None or name not in known_rigs(workspace):
        known = known_rigs(workspace)
        raise WrongUse(
            f"no rig '{name}'{nearest(name, known)}: there is {', '.join(known)}; 'sface rig import' brings in one of your own."
        )
    return _read(name, rig_card(name, workspace).digest, workspace)


def rig_card(name: str, workspace: Workspace | None = None) -> RigCard:
    """What is known of a rig, without loading one that was imported."""
    if name in _BUILDERS or workspace is None or name not in known_rigs(workspace):
        return RigCard.of(load_rig(name, workspace))
    try:
        content = json.loads(workspace.read_bytes(f"rigs/{name}/{_CARD}"))
        return RigCard(**{**content, "masked": tuple(content["masked"]), "notes": tuple(content["notes"])})
    except (ValueError, TypeError, KeyError):
        raise WorkFailed(f"{workspace.uri(f'rigs/{name}/{_CARD}')} is damaged: import the rig again.") from None


def check_name(name: str) -> None:
    """Raises `WrongUse` for a name that an imported rig cannot have."""
    if not _NAME.fullmatch(name):
        raise WrongUse(f"'{name}' is no name for a rig: use letters of English, digits, '_', '.' and '-', the first no sign.")
    if name in _BUILDERS:
        raise WrongUse(f"'{name}' is the name of the rig that ships with sface: choose another with --name.")


def keep_rig(rig: Rig, workspace: Workspace) -> RigCard:
    """Writes a rig into a workspace, in place of one of the same name; raises `WrongUse` for a name it cannot have."""
    from sfcore.rigs.rig_file import rig_to_bytes

    check_name(rig.name)
    card = RigCard.of(rig)
    workspace.remove(f"rigs/{rig.name}/{_CARD}")
    workspace.write_bytes(f"rigs/{rig.name}/{_FILE}", rig_to_bytes(rig))
    # The card last: a rig without one was not written to its end and is not known.
    workspace.write_bytes(f"rigs/{rig.name}/{_CARD}", json.dumps(asdict(card), indent=1).encode())
    return card


@cache
def _built(name: str) -> Rig:
    return _BUILDERS[name]()


@lru_cache(maxsize=_KEPT)
def _read(name: str, digest: str, workspace: Workspace) -> Rig:
    from sfcore.rigs.rig_file import rig_from_bytes

    place = f"rigs/{name}/{_FILE}"
    rig = rig_from_bytes(workspace.read_bytes(place), workspace.uri(place))
    if rig.digest != digest:
        raise WorkFailed(f"{workspace.uri(place)} is not the rig that its card tells of: import it again.")
    return rig
