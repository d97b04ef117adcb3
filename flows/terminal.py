"""Progress on the terminal: a bar with rate and time left where someone watches, a line now and then where a log is kept."""

from __future__ import annotations

import os
import time
import weakref
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tasks.progress import Pace

if TYPE_CHECKING:
    import pyarrow as pa

_SECONDS_BETWEEN_LINES = 10.0
_MOST_ROWS = 200
# A column of a table with its gap: narrower ones cannot be read.
_NARROWEST = 8
# A bar hides the cursor and draws from a thread of its own: whoever ends the command must be able to find it.
_moving: weakref.WeakSet[Progress] = weakref.WeakSet()

# Where nobody watches, rich assumes 80 columns; a log can be wider.
_LOG_WIDTH = 120


def console(stderr: bool = False) -> Console:
    """The terminal, or the log in its place; ``COLUMNS`` overrides its width."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _LOG_WIDTH
    return made


class TerminalProgress:
    """Shows one step after the other; each ends as a line that stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._step, self._total, self._unit = "", 0, ""
        self._pace = Pace(0)
        self._last_line = 0.0

    def begin(self, step: str, total: int, unit: str) -> None:
        """Starts the step's bar."""
        self._stop()
        self._step, self._total, self._unit, self._pace = step, total, unit, Pace(total)
        self._last_line = time.monotonic()
        if not self._console.is_terminal:
            self._line(f"  {step:<10} {total} {unit} ...")
            return
        self._bar = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(step, total=total, note="")
        self._bar.start()
        _moving.add(self._bar)

    def advance(self, done: int, note: str = "") -> None:
        """Moves the bar to ``done`` units."""
        said = ", ".join(part for part in (self._pace.in_words(done, self._unit), note) if part)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=said)
        elif time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._line(f"  {self._step:<10} {done}/{self._total} {self._unit}" + (f", {said}" if said else ""))

    def end(self, summary: str) -> None:
        """Leaves one line that says what the step did and how long it took."""
        self._stop()
        seconds = time.monotonic() - self._pace.started
        self._line(Text.assemble(("✓", "green"), f" {self._step:<10} {summary} ", (f"({seconds:.1f} s)", "dim")))

    def _line(self, text: str | Text) -> None:
        # Wrapped by the terminal alone, so that a path can be copied whole; a Text's brackets are no markup.
        self._console.print(text if isinstance(text, Text) else Text(text), soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def leave_bars() -> None:
    """Takes down the bars that a failed step has left, and shows the cursor again; what is printed then stays readable."""
    for bar in list(_moving):
        bar.stop()


def answer_table(answer: pa.Table) -> RenderableType:
    """The answer to a query, its first 200 rows; bytes are told by their length.

    A row each, or a line for each value where there are more columns than the terminal has room for.
    """
    return _Answer(answer)


class _Answer:
    def __init__(self, answer: pa.Table) -> None:
        from sfcore.store.query import rows_of

        self._names: list[str] = answer.column_names
        self._rows = [[_cell(value) for value in row.values()] for row in rows_of(answer.slice(0, _MOST_ROWS))]
        self._more = f"{_MOST_ROWS} of {answer.num_rows} rows; --json prints all" if answer.num_rows > _MOST_ROWS else ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if len(self._names) * _NARROWEST <= options.max_width:
            yield self._row_each()
            return
        for number, row in enumerate(self._rows, 1):
            yield Text(f"row {number}", style="bold")
            yield self._line_each(row)
        yield Text(self._more or f"{len(self._rows)} rows", style="dim")

    def _row_each(self) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), caption=self._more or None)
        for name in self._names:
            table.add_column(Text(name), overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))
        return table

    def _line_each(self, row: list[str]) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(overflow="fold")
        table.add_column(overflow="fold")
        for name, value in zip(self._names, row, strict=True):
            table.add_row(Text(f"  {name}"), Text(value))
        return table


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
