"""Progress on the terminal: a bar with rate and time left where someone watches, a line now and then where a log is kept."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tasks.progress import Pace

if TYPE_CHECKING:
    import pyarrow as pa

_SECONDS_BETWEEN_LINES = 10.0
_MOST_ROWS = 200


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
            self._console.print(f"  {step:<10} {total} {unit} ...")
            return
        self._bar = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(step, total=total, note="")
        self._bar.start()

    def advance(self, done: int, note: str = "") -> None:
        """Moves the bar to ``done`` units."""
        said = ", ".join(part for part in (self._pace.in_words(done, self._unit), note) if part)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=said)
        elif time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"  {self._step:<10} {done}/{self._total} {self._unit}" + (f", {said}" if said else ""))

    def end(self, summary: str) -> None:
        """Leaves one line that says what the step did and how long it took."""
        self._stop()
        seconds = time.monotonic() - self._pace.started
        self._console.print(f"[green]✓[/] {self._step:<10} {summary} [dim]({seconds:.1f} s)[/]", highlight=False)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def answer_table(answer: pa.Table) -> Table:
    """The answer to a query, its first 200 rows; bytes are told by their length."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in answer.column_names:
        table.add_column(Text(name), overflow="fold")
    for row in answer.slice(0, _MOST_ROWS).to_pylist():
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    if answer.num_rows > _MOST_ROWS:
        table.caption = f"{_MOST_ROWS} of {answer.num_rows} rows; --json prints all"
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
