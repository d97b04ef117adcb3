"""Keeping tables healthy: small files made into large ones, and files that nobody needs any more removed.

Neither breaks a reader of an older version: compacting only adds a version, and vacuuming keeps the files of every version that a
model, a figure or a decision rests on.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcore.errors import WorkFailed
from sfcore.store.data_file import UNFINISHED
from sfcore.store.patience import patiently
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    from deltalake import DeltaTable

MIB = 1024**2
COMPACT_MIB = 128
_SMALL = 0.5
"""Files below this share of the target are worth rewriting; two of them at least."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting did to a table; ``files_before == files_after`` where there was nothing to gain."""

    table: str
    files_before: int
    files_after: int
    mib: float


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Files that no kept version of a table needs: found, and removed unless it was a rehearsal."""

    table: str
    files: tuple[str, ...]
    """Relative to the table, sorted."""
    mib: float
    deleted: bool
    kept_versions: tuple[int, ...]
    """Older versions whose files were kept because something rests on them."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A version of a table that something rests on, and what that is."""

    table: str
    version: int
    by: str


def compact(workspace: Workspace, name: str, target_mib: int = COMPACT_MIB) -> Compacted:
    """Merges small files of a table into files of ``target_mib``, in the table's order, as one more version of it."""
    from deltalake import PostCommitHookProperties, WriterProperties
    from deltalake.exceptions import CommitFailedError

    table = _kept_whole(workspace, name)
    before = _sizes(table)
    small = [size for size in before.values() if size < _SMALL * target_mib * MIB]
    if len(small) > 1:
        for _ in range(_TRIES):
            try:
                table.optimize.compact(
                    target_size=target_mib * MIB,
                    # One at a time: each holds a file of that size.
                    max_concurrent_tasks=1,
                    writer_properties=WriterProperties(compression="ZSTD", max_row_group_size=1024),
                    post_commithook_properties=PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False),
                )
                break
            except CommitFailedError:
                table = workspace.table(name)  # somebody else compacted it
        else:
            raise WorkFailed(f"{name} changes too fast to be compacted: try again when nothing else rewrites it.")
    after = _sizes(workspace.table(name))
    return Compacted(name, len(before), len(after), sum(after.values()) / MIB)


def vacuum(workspace: Workspace, name: str, older_than_hours: float, delete: bool) -> Vacuumed:
    """Finds files of a table that neither its newest version nor a pinned one needs, nor any of the last ``older_than_hours``.

    Those are files that compacting has replaced, and orphans: written by a run that died before its commit, told by their age.
    Raises `WorkFailed` when a pinned version can no longer be read from the log, since its files cannot be told then.
    """
    table = _kept_whole(workspace, name)
    pinned = [pin for pin in pins(workspace) if pin.table == name]
    for pin in pinned:
        _check_readable(workspace, pin)
    versions = sorted({pin.version for pin in pinned})
    options: dict[str, Any] = {
        "retention_hours": int(older_than_hours),
        "enforce_retention_duration": False,
        "full": True,
        "keep_versions": versions or None,
    }
    sizes = _lying(workspace, name)
    # What an earlier vacuum has removed is still named by the log.
    listed = sorted(path for path in table.vacuum(dry_run=True, **options) if path in sizes)
    if delete and listed:
        patiently(lambda: workspace.table(name).vacuum(dry_run=False, **options))
    return Vacuumed(name, tuple(listed), sum(sizes[path] for path in listed) / MIB, delete, tuple(versions))


def sweep_unfinished(workspace: Workspace, older_than_hours: float, delete: bool) -> tuple[str, ...]:
    """Files that a process was writing when it died; on S3 there are none, since an object is there whole or not at all."""
    if not workspace.address.is_local:
        return ()
    root, now, found = Path(workspace.address.root), time.time(), []
    beside = (path for path in (root / "tables").rglob(".*") if path.is_file())
    for path in (*(root / UNFINISHED).glob("*"), *beside):
        if now - path.stat().st_mtime >= 3600 * older_than_hours:
            found.append(path.relative_to(root).as_posix())
            if delete:
                path.unlink(missing_ok=True)
    return tuple(sorted(found))


def pins(workspace: Workspace) -> list[Pin]:
    """What rests on which version: models on what they learnt, figures on what they measured, decisions on evidence."""
    return [*_of_models(workspace), *_of_figures(workspace), *_of_decisions(workspace)]


def _of_models(workspace: Workspace) -> Iterator[Pin]:
    for model in workspace.folders("models"):
        try:
            lineage = json.loads(workspace.read_bytes(f"models/{model}/lineage.json"))
        except FileNotFoundError:
            continue
        for name, version in lineage.get("tables", {}).items():
            yield Pin(name, int(version), f"model {model}")


def _of_figures(workspace: Workspace) -> Iterator[Pin]:
    if workspace.has_table("metrics"):
        rows = workspace.read("metrics", columns=["run_id", "dataset_version"])
        for row in rows.group_by(["run_id", "dataset_version"]).aggregate([]).to_pylist():
            yield Pin("supervision", row["dataset_version"], f"the figures of run {row['run_id']}")


def _of_decisions(workspace: Workspace) -> Iterator[Pin]:
    if not workspace.has_table("decisions") or "pinned" not in workspace.dataset("decisions").schema.names:
        return
    for row in workspace.read("decisions", columns=["decision_id", "pinned"]).to_pylist():
        for name, version in (row["pinned"] or {}).items():
            if version is not None:
                yield Pin(name, version, f"decision {row['decision_id']}")


def _check_readable(workspace: Workspace, pin: Pin) -> None:
    from deltalake.exceptions import DeltaError

    try:
        workspace.table(pin.table, pin.version)
    except (DeltaError, OSError):
        raise WorkFailed(
            f"version {pin.version} of '{pin.table}', which {pin.by} rests on, is not in its log: nothing was removed, since the "
            "files it needs cannot be told; restore the log, or remove what rests on it."
        ) from None


def _kept_whole(workspace: Workspace, name: str) -> DeltaTable:
    """The table, once it is set to keep its whole log: Delta drops what is older than 30 days otherwise, pinned or not."""
    table = workspace.table(name)
    if table.metadata().configuration.get("delta.enableExpiredLogCleanup") != "false":
        table.alter.set_table_properties({"delta.enableExpiredLogCleanup": "false"})
        table = workspace.table(name)
    return table


def _sizes(table: DeltaTable) -> dict[str, int]:
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True))
    return dict(zip(actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True)) if actions.num_rows else {}


def _lying(workspace: Workspace, name: str) -> dict[str, int]:
    root = workspace.address.at(f"tables/{name}").root
    found = workspace.address.files.find(root, detail=True)
    sizes: dict[str, int] = defaultdict(int)
    for path, detail in found.items():
        sizes[str(path)[len(root) + 1 :]] = int(detail["size"])
    return sizes
