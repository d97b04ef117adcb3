"""Rows that cannot be kept: one of them, the rest of a source, or all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfcore.arkit import SHAPES
from sfcore.errors import WrongUse
from sfcore.recordings.take import Reject, RejectReason, Take

LONGEST_DETAIL = 200
_SHAPES = frozenset(channel.name for channel in SHAPES)


def rejected(row: int, reason: RejectReason, detail: object = "") -> Reject:
    """A row that cannot be kept, with as much of the offending text as a person reads."""
    return Reject(row, reason, str(detail)[:LONGEST_DETAIL])


class NothingKept(WrongUse):
    """Not one row of a source, or of its rest, can be kept; ``rejects`` are its rows: all of them, or the first where reading was
    given up after so many (``is_all``)."""

    def __init__(self, name: str, rejects: Sequence[Reject], is_all: bool = True) -> None:
        self.name, self.rejects, self.is_all = name, tuple(rejects), is_all
        which = f"{len(rejects)}" if is_all else f"first {len(rejects)}"
        super().__init__(f"{name} is not a recording: none of its {which} rows can be read{self._first}.")

    @property
    def _first(self) -> str:
        first = self.rejects[0] if self.rejects else None
        if first is None:
            return ""
        is_shape = first.reason == "out of range" and first.detail.partition(":")[0] in _SHAPES
        hint = "; shapes go from 0 to 1: divide percents by 100" if is_shape else ""
        return f" (row {first.row}: {first.reason}, {first.detail!r}{hint})"

    def of_the_rest(self) -> WrongUse:
        """The error where other rows of the source have been kept before."""
        return WrongUse(
            f"{self.name} is damaged from row {self.rejects[0].row} on: of the {len(self.rejects)} rows that follow none can be "
            f"read{self._first}; what is before them came in, what is behind them was not looked at."
        )


def with_the_rest(takes: Iterator[Take], cut_note: str) -> Iterator[Take]:
    """The takes of a source, where the last one carries the rejects of rows behind it of which none is kept.

    A take is handed on when the next is there. ``cut_note`` is the note of takes that another part of their recording follows.
    Raises `NothingKept` when there is no take, and `WrongUse` where reading was given up in the middle.
    """
    held: Take | None = None
    try:
        for take in takes:
            if held is not None:
                yield held
            held = take
    except NothingKept as nothing:
        if held is None:
            raise
        notes = tuple(note for note in held.notes if held.cut[0] or note != cut_note)
        yield replace(held, rejects=held.rejects + nothing.rejects, cut=(held.cut[0], False), notes=notes)
        if not nothing.is_all:
            raise nothing.of_the_rest() from None
        return
    except Exception:
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held
