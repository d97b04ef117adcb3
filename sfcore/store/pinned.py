"""The versions of tables that something rests on, and which of them can no longer be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sfcore.store.workspace import Workspace


def versions_of(workspace: Workspace, tables: Sequence[str]) -> dict[str, int | None]:
    """The newest version of each table, None for one that is not made yet."""
    return {name: workspace.version(name) if workspace.has_table(name) else None for name in tables}


def gone(workspace: Workspace, pinned: Mapping[str, int | None]) -> dict[str, str]:
    """Tables that can no longer be read at their pinned version, each with the reason in words."""
    found = {name: _fault(workspace, name, version) for name, version in pinned.items() if version is not None}
    return {name: fault for name, fault in found.items() if fault}


def _fault(workspace: Workspace, name: str, version: int) -> str | None:
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    if not workspace.has_table(name):
        return f"there is no table '{name}' any more"
    try:
        files = pa.table(workspace.table(name, version).get_add_actions(flatten=True))["path"].to_pylist()
    except DeltaError:
        return f"version {version} of '{name}' is not in its log any more"
    lying = {str(path).rsplit("/", 1)[-1] for path in workspace.address.files.find(workspace.address.at(f"tables/{name}").root)}
    lost = sum(str(path).rsplit("/", 1)[-1] not in lying for path in files)
    if lost:
        return f"version {version} of '{name}' was vacuumed ({lost} of {len(files)} files are gone)"
    return None
