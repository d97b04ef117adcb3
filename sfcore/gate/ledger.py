"""The decisions table as a ledger: what was decided, on which figures, and whether the champion moved as it said.

An entry is written before the champion moves and names the move that it was decided against (``champion_move``). So whoever finds
an entry that moves the champion, against the move still in force, has found a promotion that was cut off half-way, and can
finish it: the move itself is a compare-and-set, made once whoever makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sfcore.errors import WrongUse, nearest
from sfcore.gate.decide import Decision, RuleResult
from sfcore.gate.policy import Policy
from sfcore.randomness import digest
from sfcore.store.aliases import CHAMPION, Alias, move_alias, moves_of
from sfcore.store.workspace import Workspace

Kind = Literal["gate", "forced", "rollback"]
"""Who moves the champion: the gate's verdict, a person against it, or a person back to the one before."""
PINNED_TABLES = ("metrics", "predictions", "judgements", "probes", "supervision", "labels")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``decisions``; ``policy_text`` is the policy itself as JSON, so that deciding again needs no file."""

    decision_id: str
    run_id: str
    candidate: str
    champion_before: str | None
    champion_move: int | None
    verdict: str
    kind: Kind
    reason: str
    why: str | None
    policy: str
    policy_digest: str
    policy_text: str | None
    pinned: dict[str, int | None] | None
    rules: tuple[RuleResult, ...]
    decided_at: datetime

    @property
    def moves(self) -> bool:
        """Whether the champion is to move by it; a model that is the champion stays it without another move."""
        return self.candidate != self.champion_before and (self.kind != "gate" or self.verdict == "promote")

    @property
    def decision(self) -> Decision:
        """What the gate found; of a rollback, which asks no gate, only the reason."""
        return Decision(self.verdict, self.reason, self.rules)  # type: ignore[arg-type]  # a rollback's verdict is its own


@dataclass(frozen=True, slots=True)
class Reign:
    """A model's time as champion: ``until`` is None for the present one."""

    move: int
    model_id: str
    since: datetime
    until: datetime | None
    entry: Entry | None
    """The decision behind it, None where its row is gone."""

    @property
    def kind(self) -> Kind:
        """By what it became champion."""
        return self.entry.kind if self.entry else "gate"


def new_entry(
    decision: Decision,
    seen: Alias,
    candidate: str,
    run_id: str,
    policy: Policy | None,
    pinned: dict[str, int | None] | None,
    kind: Kind = "gate",
    why: str | None = None,
) -> Entry:
    """An entry named by what it follows from: deciding again on the same figures against the same champion is the same entry."""
    text = policy.model_dump_json() if policy else None
    policy_digest = policy.digest if policy else ""
    decision_id = digest(run_id, candidate, seen.model_id or "", seen.move, policy_digest, kind, why or "")[:16]
    return Entry(
        decision_id,
        run_id,
        candidate,
        seen.model_id,
        seen.move,
        decision.verdict,
        kind,
        decision.reason,
        why,
        policy.name if policy else "",
        policy_digest,
        text,
        pinned,
        decision.rules,
        datetime.now(UTC),
    )


def write_entry(workspace: Workspace, entry: Entry) -> None:
    """Adds the entry; one that is there already is left as it is."""
    import pyarrow as pa

    schema = workspace.schemas["decisions"]
    row = {column.name: getattr(entry, column.name) for column in schema} | {"rules": entry.decision.rule_structs()}
    workspace.append("decisions", pa.Table.from_pylist([row], schema=schema), entry.decision_id)


def read_entries(workspace: Workspace, filter: Any = None) -> list[Entry]:  # noqa: A002 - pyarrow's own word
    """The entries, the oldest first; ``filter`` is a pyarrow expression."""
    rows = workspace.read("decisions", filter=filter).sort_by("decided_at").to_pylist()
    return [_entry(row) for row in rows]


def read_entry(workspace: Workspace, decision_id: str) -> Entry:
    """One entry by its name; raises `WrongUse` with the nearest one."""
    import pyarrow.compute as pc

    found = read_entries(workspace, pc.field("decision_id") == decision_id)
    if not found:
        known = workspace.read("decisions", columns=["decision_id"])["decision_id"].to_pylist()
        close = nearest(decision_id, known)
        raise WrongUse(f"there is no decision '{decision_id}'{close}: 'sface model history' and 'sface model show' name them.")
    return found[0]


def reigns_of(workspace: Workspace) -> list[Reign]:
    """Who was champion from when to when, the first one first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moves = moves_of(workspace, CHAMPION)
    behind = pc.field("decision_id").isin(pa.array([move.decision_id for move in moves], pa.string()))
    entries = {entry.decision_id: entry for entry in read_entries(workspace, behind)}
    ends: list[datetime | None] = [move.moved_at for move in moves[1:]]
    return [
        Reign(move.move, move.model_id, move.moved_at, until, entries.get(move.decision_id))
        for move, until in zip(moves, [*ends, None], strict=False)
    ]


def champion_before(reigns: Sequence[Reign]) -> str | None:
    """To whom a rollback goes: who was champion before the present one was promoted; None for the first champion.

    Rolling back twice goes back two champions: a rollback takes promotions off, it is none itself.
    """
    standing: list[str] = []
    for reign in reigns:
        if reign.kind == "rollback" and reign.model_id in standing[:-1]:
            last = max(place for place, model in enumerate(standing[:-1]) if model == reign.model_id)
            del standing[last + 1 :]
        else:
            standing.append(reign.model_id)
    return standing[-2] if len(standing) > 1 else None


def cut_off(workspace: Workspace, seen: Alias) -> Entry | None:
    """The entry by which the champion should have moved from where it stands, and did not: its promotion was cut off.

    Of several, the one decided first: had it not been cut off, the others would have found the champion moved.
    """
    import pyarrow.compute as pc

    # A table of an earlier sface has no such column, and so no such entry.
    if not workspace.has_table("decisions") or "champion_move" not in workspace.dataset("decisions").schema.names:
        return None
    against_this = read_entries(workspace, pc.field("champion_move") == seen.move)
    return next((entry for entry in against_this if entry.moves), None)


def carry_out(workspace: Workspace, entry: Entry, seen: Alias) -> Alias:
    """Moves the champion as the entry says, or leaves it; raises `LostRace` when somebody else has moved it."""
    return move_alias(workspace, seen, entry.candidate, entry.decision_id) if entry.moves else seen


def _entry(row: dict[str, Any]) -> Entry:
    # Rows of an earlier sface lack the columns that have come since.
    rules = tuple(RuleResult(**{name: value for name, value in rule.items() if name in _FIELDS}) for rule in row["rules"])
    kept = {name: row.get(name) for name in Entry.__dataclass_fields__} | {"kind": row.get("kind") or "gate", "rules": rules}
    return Entry(**kept)


_FIELDS = RuleResult.__dataclass_fields__.keys()
