"""A workspace: Delta tables, models, bases, caches and reports under one address, local or S3.

tables/<name>/   models/<model_id>/   bases/<name>/   training/<key>/   reports/<run_id>/
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.store.address import Address
from sfcore.store.data_file import DataFile, DataFileWriter

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset
    from deltalake import DeltaTable

DEFAULT_WORKSPACE = "./workspace"
_MARKER = "sface.json"
_LAYOUT = 2
"""Raised when tables or folders change so that an older workspace can no longer be read."""
_COMPLETE = "_COMPLETE"
"""Written last into a folder that was pushed whole; a folder without it is a torn one."""


@dataclass(frozen=True)
class Workspace:
    """Everything sface keeps, at one address. Cheap to build in any process; holds no open connection that cannot be pickled."""

    address: Address

    @staticmethod
    def location(given: str | None = None) -> str:
        """The address in force: what was given, else ``SFACE_WORKSPACE``, else ``./workspace``."""
        return given or os.environ.get("SFACE_WORKSPACE") or DEFAULT_WORKSPACE

    @staticmethod
    def create(location: str | None = None) -> Workspace:
        """Opens the workspace, making it when it is not there; raises `WorkFailed` when the place cannot be written."""
        workspace = Workspace(Address.parse(Workspace.location(location)))
        workspace.address.check_reachable()
        if workspace.exists(_MARKER):
            workspace._check_layout()
            return workspace
        try:
            workspace.write_bytes(_MARKER, json.dumps({"layout": _LAYOUT}).encode())
        except OSError as error:
            raise WorkFailed(f"cannot make a workspace at {workspace.address.uri}: {error.strerror or error}.") from None
        return workspace

    @staticmethod
    def reachable(location: str | None = None) -> None:
        """Raises `WrongUse` for an address that no workspace can have, such as one on S3 without credentials; makes nothing."""
        Address.parse(Workspace.location(location)).check_reachable()

    @staticmethod
    def open(location: str | None = None) -> Workspace:
        """Opens a workspace that is there; raises `WrongUse` when it is not."""
        workspace = Workspace(Address.parse(Workspace.location(location)))
        workspace.address.check_reachable()
        if not workspace.exists(_MARKER):
            raise WrongUse(
                f"there is no workspace at {workspace.address.uri}: make one with 'sface demo' or 'sface ingest', or point "
                "SFACE_WORKSPACE at yours."
            )
        workspace._check_layout()
        return workspace

    def _check_layout(self) -> None:
        try:
            layout = json.loads(self.read_bytes(_MARKER)).get("layout")
        except (ValueError, AttributeError):
            layout = None
        if layout != _LAYOUT:
            raise WrongUse(f"the workspace at {self.address.uri} is of another version of sface (layout {layout}): name another.")

    # Files ------------------------------------------------------------------------------------------------------------

    def _path(self, relative: str) -> str:
        return self.address.at(relative).root

    def uri(self, relative: str) -> str:
        """Where something lies, as people write it."""
        return self.address.at(relative).uri

    def exists(self, relative: str) -> bool:
        """Whether a file or a folder lies at ``relative``."""
        return bool(self.address.files.exists(self._path(relative)))

    def write_bytes(self, relative: str, content: bytes) -> None:
        """Writes a file whole: beside its place and then moved on a disk, in one put on S3."""
        path = self._path(relative)
        if not self.address.is_local:
            self.address.files.pipe_file(path, content)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            beside.write_bytes(content)
            beside.replace(target)
        except BaseException:
            # A full disk is not helped by half a file.
            beside.unlink(missing_ok=True)
            raise

    def take_in(self, local: Path, relative: str) -> None:
        """Puts a local file, whole, at ``relative``; on a disk it must lie on the workspace's own, and is moved."""
        path = self._path(relative)
        if not self.address.is_local:
            self.address.files.put_file(str(local), path)
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        local.replace(path)

    def read_bytes(self, relative: str) -> bytes:
        """Reads a file whole; raises `FileNotFoundError` when it is not there."""
        return bytes(self.address.files.cat_file(self._path(relative)))

    def remove(self, relative: str) -> None:
        """Removes a file or a folder with all below it; nothing happens when it is not there."""
        if self.exists(relative):
            self.address.files.rm(self._path(relative), recursive=True)

    def folders(self, relative: str) -> list[str]:
        """Names of the folders right below ``relative``, sorted."""
        if not self.exists(relative):
            return []
        rows = self.address.files.ls(self._path(relative), detail=True)
        return sorted(str(row["name"]).rstrip("/").rsplit("/", 1)[-1] for row in rows if row["type"] == "directory")

    def push_folder(self, local: Path, relative: str) -> None:
        """Copies a local folder to ``relative``, replacing what is there; its completeness marker goes last."""
        self.remove(relative)
        for path in sorted(p for p in local.rglob("*") if p.is_file() and p.name != _COMPLETE):
            self.write_bytes(f"{relative}/{path.relative_to(local).as_posix()}", path.read_bytes())
        self.write_bytes(f"{relative}/{_COMPLETE}", b"")

    def is_complete(self, relative: str) -> bool:
        """Whether the folder was pushed to its end."""
        return self.exists(f"{relative}/{_COMPLETE}")

    def fetch_folder(self, relative: str, local: Path) -> Path:
        """Copies a complete folder to ``local`` and returns it; raises `WorkFailed` when it is missing or torn."""
        if not self.is_complete(relative):
            raise WorkFailed(f"{self.uri(relative)} is missing or was not written to its end.")
        local.mkdir(parents=True, exist_ok=True)
        source = self._path(relative)
        if self.address.is_local:
            shutil.copytree(source, local, dirs_exist_ok=True)
            return local
        for path in self.address.files.find(source):
            target = local / str(path)[len(source) :].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.address.files.cat_file(path))
        return local

    def arrow_filesystem(self, relative: str = "") -> tuple[Any, str]:
        """The pyarrow file system and the path in it, for libraries that want one (Ray Train's checkpoints)."""
        import pyarrow.fs as arrow_fs

        if self.address.is_local:
            return arrow_fs.LocalFileSystem(), self._path(relative)
        return arrow_fs.PyFileSystem(arrow_fs.FSSpecHandler(self.address.files)), self._path(relative)

    # Tables -----------------------------------------------------------------------------------------------------------

    @cached_property
    def schemas(self) -> dict[str, pa.Schema]:
        """Table name -> schema."""
        from sfcore.store.schemas import SCHEMAS

        return SCHEMAS

    def _table_uri(self, name: str) -> str:
        if name not in self.schemas:
            raise WrongUse(f"there is no table '{name}'{nearest(name, self.schemas)}: tables are {', '.join(self.schemas)}.")
        return self.uri(f"tables/{name}")

    def has_table(self, name: str) -> bool:
        """Whether the table has been made yet."""
        from deltalake import DeltaTable

        return bool(DeltaTable.is_deltatable(self._table_uri(name), self.address.delta_options))

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        """The Delta table, made empty when it is not there; at ``version`` when one is given."""
        from deltalake import DeltaTable

        uri = self._table_uri(name)
        if version is None and not DeltaTable.is_deltatable(uri, self.address.delta_options):
            # 'ignore': of two processes that make it at once, the second takes what the first made.
            # The whole log is kept: Delta drops what is older than 30 days otherwise, and with it versions that models rest on.
            DeltaTable.create(
                uri,
                self.schemas[name],
                mode="ignore",
                configuration={"delta.enableExpiredLogCleanup": "false"},
                storage_options=self.address.delta_options,
            )
        return DeltaTable(uri, version=version, storage_options=self.address.delta_options)

    def version(self, name: str) -> int:
        """The table's newest version."""
        return int(self.table(name).version())

    def dataset(self, name: str, version: int | None = None) -> pyarrow.dataset.Dataset:
        """The table as a lazy pyarrow dataset: nothing is read before it is scanned."""
        return self.table(name, version).to_pyarrow_dataset()

    def read(
        self,
        name: str,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        filter: Any = None,  # noqa: A002 - pyarrow's own word
    ) -> pa.Table:
        """Reads rows into memory; ``filter`` is a pyarrow expression."""
        return self.dataset(name, version).to_table(columns=list(columns) if columns else None, filter=filter)

    def is_committed(self, name: str, key: str) -> bool:
        """Whether a commit under this key is in the table."""
        return self.table(name).transaction_version(key) is not None

    def append(self, name: str, rows: pa.Table, key: str) -> bool:
        """Appends rows once per ``key``, in one commit; returns False when that key was committed before.

        A table that an earlier sface made gains the columns that have come since; its old rows hold null there.
        """
        from deltalake import write_deltalake
        from deltalake.exceptions import CommitFailedError

        table = self.table(name)
        # Delta accepts a repeated application transaction through a fresh handle, so it is asked first and the same handle
        # commits: a rival's commit in between makes this one fail.
        if table.transaction_version(key) is not None:
            return False
        try:
            write_deltalake(
                table,
                rows.cast(self.schemas[name]),
                mode="append",
                schema_mode="merge" if self._has_grown(table, name) else None,
                commit_properties=_commit_properties(key),
            )
        except CommitFailedError:
            if self.is_committed(name, key):
                return False
            raise
        return True

    def _has_grown(self, table: DeltaTable, name: str) -> bool:
        """Whether the contract knows columns, or parts of them, that the stored table lacks."""
        import pyarrow as pa

        stored = pa.schema(table.schema().to_arrow())
        return any(
            column.name not in stored.names or not _same_parts(stored.field(column.name).type, column.type)
            for column in self.schemas[name]
        )

    def write_data_file(self, name: str, stem: str, rows: pa.Table) -> DataFile:
        """Writes a Parquet file below the table without committing it; the same rows and stem give the same name and bytes."""
        with DataFileWriter(self, name, stem) as file:
            file.write(rows)
            return file.finish()

    def commit_files(self, name: str, files: Sequence[DataFile], key: str) -> bool:
        """Adds written files to the table in one commit under ``key``; returns False when that key was committed before."""
        from deltalake.exceptions import CommitFailedError

        table = self._with_all_columns(name)
        if table.transaction_version(key) is not None:
            return False
        try:
            _commit(table, files, [key])
        except CommitFailedError:
            if self.is_committed(name, key):
                return False
            raise
        return True

    def commit_each(self, name: str, stem: str, rows: Mapping[str, pa.Table]) -> set[str]:
        """Adds groups of rows, each once under its own key, in one file and one commit; returns the keys that were new.

        For what is small and many: a commit costs more than a thousand rows, and reading the log grows with commits.
        """
        import pyarrow as pa
        from deltalake.exceptions import CommitFailedError

        left = dict(rows)
        while True:
            table = self._with_all_columns(name)
            left = {key: part for key, part in left.items() if table.transaction_version(key) is None}
            if not left:
                return set()
            file = self.write_data_file(name, stem, pa.concat_tables([part.cast(self.schemas[name]) for part in left.values()]))
            try:
                _commit(table, [file], list(left))
            except CommitFailedError:
                if not any(self.is_committed(name, key) for key in left):
                    raise
                continue  # a rival was first with some of them
            return set(left)

    def _with_all_columns(self, name: str) -> DeltaTable:
        """The table; one that an earlier sface made gains the columns that have come since, null in its old rows."""
        import pyarrow as pa
        from deltalake import Schema
        from deltalake.exceptions import DeltaError

        table = self.table(name)
        stored = pa.schema(table.schema().to_arrow()).names
        missing = [column for column in self.schemas[name] if column.name not in stored]
        if missing:
            try:
                table.alter.add_columns(list(Schema.from_arrow(pa.schema(missing)).fields))
            except DeltaError:  # a rival has added them
                if not set(self.schemas[name].names) <= set(pa.schema(self.table(name).schema().to_arrow()).names):
                    raise
            table = self.table(name)
        return table

    def row_counts(self) -> dict[str, int]:
        """Rows in each table, 0 for one that is not made yet; read from the log, not from the files."""
        return {name: _rows_of(self.table(name)) if self.has_table(name) else 0 for name in self.schemas}


def _rows_of(table: DeltaTable) -> int:
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True))
    return sum(int(n or 0) for n in actions.column("num_records").to_pylist()) if actions.num_rows else 0


def _same_parts(stored: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a list of structs holds the same fields; types that are none of these are taken for the same."""
    import pyarrow as pa

    if pa.types.is_list(wanted) and pa.types.is_struct(wanted.value_type):
        return {field.name for field in stored.value_type} == {field.name for field in wanted.value_type}
    return True


def _commit(table: DeltaTable, files: Sequence[DataFile], keys: Sequence[str]) -> None:
    from deltalake.transaction import AddAction, RemoveAction

    # Modification time 0: the commit then follows from the plan alone.
    actions: list[AddAction | RemoveAction] = [
        AddAction(f.path, f.size, {}, 0, True, json.dumps({"numRecords": f.rows})) for f in files
    ]
    table.create_write_transaction(
        actions, "append", table.schema(), commit_properties=_commit_properties(*keys), partition_by=[]
    )


def _commit_properties(*keys: str) -> Any:
    from deltalake import CommitProperties, Transaction

    return CommitProperties(app_transactions=[Transaction(key, 1) for key in keys])
