"""Names that point at models, such as ``champion``; each move is a compare-and-set, so of two at once exactly one wins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a name, as it is kept: to which model, by which decision, and when."""

    move: int
    model_id: str
    decision_id: str
    moved_at: datetime


class LostRace(WorkFailed):
    """Someone else moved the alias between reading and moving it."""


def moves_of(workspace: Workspace, name: str) -> list[Move]:
    """Every move of ``name``, the first one first."""
    rows = _rows(workspace, name)
    return [Move(row["move"], row["model_id"], row["decision_id"], row["moved_at"]) for row in rows]


def read_alias(workspace: Workspace, name: str) -> Alias:
    """Where ``name`` points now."""
    moves = moves_of(workspace, name)
    return Alias(name, moves[-1].model_id, moves[-1].decision_id, moves[-1].move) if moves else Alias(name, None, None, 0)


def move_alias(workspace: Workspace, seen: Alias, model_id: str, decision_id: str) -> Alias:
    """Points ``seen.name`` at another model if it still stands where ``seen`` saw it; raises `LostRace` otherwise.

    The number of the move is the key of the commit: Delta takes one commit of a key, also when two are tried at once. Whoever
    finds this very move made, for this very decision, has nothing left to do.
    """
    import pyarrow as pa

    moved = Alias(seen.name, model_id, decision_id, seen.move + 1)
    row = {
        "name": moved.name,
        "model_id": model_id,
        "decision_id": decision_id,
        "moved_at": datetime.now(UTC),
        "move": moved.move,
    }
    rows = pa.Table.from_pylist([row], schema=workspace.schemas["aliases"])
    if workspace.append("aliases", rows, key=f"alias/{moved.name}/{moved.move}"):
        return moved
    moves = moves_of(workspace, seen.name)
    if any(made.move == moved.move and made.decision_id == decision_id for made in moves):
        return moved
    raise LostRace(
        f"'{seen.name}' was moved to {moves[-1].model_id} by someone else while {model_id} was being decided: "
        f"evaluate {model_id} again, beside the new champion, and promote it by that run."
    )


def _rows(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    rows = workspace.read("aliases", filter=pc.field("name") == name).sort_by("move").to_pylist()
    return [dict(row) for row in rows]
