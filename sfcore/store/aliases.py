"""Names that point at models, such as ``champion``; each move is a compare-and-set, so of two at once exactly one wins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sfcore.errors import WorkFailed
from sfcore.store.workspace import Workspace

CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Alias:
    """Where a name points: ``move`` counts its moves from 1; 0 means that it was never set and points nowhere."""

    name: str
    model_id: str | None
    decision_id: str | None
    move: int


class LostRace(WorkFailed):
    """Someone else moved the alias between reading and moving it."""


def read_alias(workspace: Workspace, name: str) -> Alias:
    """Where ``name`` points now."""
    import pyarrow.compute as pc

    rows = workspace.read("aliases", filter=pc.field("name") == name).sort_by([("move", "descending")]).slice(0, 1).to_pylist()
    if not rows:
        return Alias(name, None, None, 0)
    return Alias(name, rows[0]["model_id"], rows[0]["decision_id"], rows[0]["move"])


def move_alias(workspace: Workspace, seen: Alias, model_id: str, decision_id: str) -> Alias:
    """Points ``seen.name`` at another model if it still stands where ``seen`` saw it; raises `LostRace` otherwise.

    The number of the move is the key of the commit: Delta takes one commit of a key, also when two are tried at once.
    """
    import pyarrow as pa

    move = seen.move + 1
    row = {
        "name": seen.name,
        "model_id": model_id,
        "decision_id": decision_id,
        "moved_at": datetime.now(UTC),
        "move": move,
    }
    rows = pa.Table.from_pylist([row], schema=workspace.schemas["aliases"])
    if not workspace.append("aliases", rows, key=f"alias/{seen.name}/{move}"):
        now = read_alias(workspace, seen.name)
        raise LostRace(
            f"'{seen.name}' was moved to {now.model_id} by someone else while {model_id} was being decided: decide again "
            "against the new champion."
        )
    return Alias(seen.name, model_id, decision_id, move)
