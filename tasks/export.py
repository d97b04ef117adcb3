"""The step that writes rows out for other programs."""

from __future__ import annotations

from sfcore.exports.writing import Exported, Order
from sfcore.exports.writing import export as write
from sfcore.store.workspace import Workspace
from tasks.progress import Progress


def export(workspace: Workspace, order: Order, progress: Progress) -> Exported:
    """Writes what is ordered; raises as `sfcore.exports.writing.export`."""
    done = 0

    def on_row(more: int) -> None:
        nonlocal done
        done += more
        progress.advance(done)

    exported = write(workspace, order, lambda rows: progress.begin("export", rows, "rows"), on_row)
    progress.end(sentence(exported))
    return exported


def sentence(exported: Exported) -> str:
    """What exporting did, for people."""
    files = f"{exported.files:,} {'file' if exported.files == 1 else 'files'}, {_size(exported.bytes)}"
    rows = f"{exported.rows_selected:,} rows of {exported.what} of '{exported.dataset}'"
    numbers = " (float32, as the table holds them)" if exported.is_exact else ""
    return f"{rows} as {exported.format}{numbers}: {files} at {exported.out}"


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.1f} GiB"
