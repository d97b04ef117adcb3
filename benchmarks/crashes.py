"""kill -9 at random moments of supervise, and whether the table then equals that of a run that nobody disturbed.

    python benchmarks/crashes.py [--way worker|node|driver|commit|all] [--times 20] [--samples 400] [--workers 1,2,4]

Makes labels from the prior and the samples of them once undisturbed, with one worker. Then, for each way and as many times as
asked, starts the same work in a new workspace on a local Ray cluster of several nodes, with 1, 2 and 4 workers in turn, and kills

    worker   a Ray worker that draws (the run should go on by itself)
    node     a Ray node with all its processes (the run should go on by itself)
    driver   the process that commands the run
    commit   the same process, within the commit of a wave or right beside it

After a second run the table is compared with the undisturbed one: names and bytes of its files in the order of the log, and its
rows. What `vacuum` finds must be exactly the files that are in no commit. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sfcore.recipe import Recipe, recipe_from
from sfcore.store.upkeep import sweep_unfinished, vacuum
from sfcore.store.workspace import Workspace

WAYS = ("worker", "node", "driver", "commit")
TABLE = "supervision"
_PATIENCE = 300.0


def recipe_for(samples: int) -> Recipe:
    """Small pictures in many small files: a crash then meets every stage of the work often."""
    return recipe_from(
        {
            "name": "drill",
            "labels": {"dataset": "drill", "prior": {"takes": 8, "frames": -(-samples // 8)}},
            "faces": {"size": 48, "train_identities": 8, "test_identities": 4},
            "supervision": {"rows_per_file": 16, "files_per_wave": 2},
        },
        "the drill's recipe",
    )


# In the driver's process ------------------------------------------------------------------------------------------------


def drive(place: str, samples: int, workers: int, die: tuple[int, float] | None) -> None:
    """Does the work; with ``die``, kills its own process so many seconds after it began to commit a wave of that number."""
    from tasks.progress import Silent
    from tasks.supervise import supervise

    if die is not None:
        _dies_in_commit(*die)
    supervise(Workspace.open(place), recipe_for(samples), "drill", Silent(), workers)


def _dies_in_commit(which: int, after: float) -> None:
    commit, seen = Workspace.commit_files, [0]

    def commit_and_die(workspace: Workspace, *given: Any) -> bool:
        if seen[0] == which:
            threading.Timer(after, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
        seen[0] += 1
        return commit(workspace, *given)

    Workspace.commit_files = commit_and_die  # type: ignore[method-assign, assignment]


# In the drill's process -------------------------------------------------------------------------------------------------


@dataclass
class Drill:
    """The cluster, the labels that every trial starts from, and what the table must be in the end."""

    root: Path
    samples: int
    cluster: Any
    nodes: list[Any]
    chance: random.Random

    def start(self, name: str, workers: int, die: tuple[int, float] | None = None) -> tuple[Workspace, subprocess.Popen[bytes]]:
        """Starts the work on a copy of the labels, or goes on with the copy that is there."""
        place = self.root / name
        if not place.exists():
            shutil.copytree(self.root / "labels", place)
        order = [sys.executable, __file__, "--drive", str(place), "--samples", str(self.samples), "--workers", str(workers)]
        order += ["--die", *map(str, die)] if die else []
        env = {**os.environ, "SFACE_RAY_ADDRESS": self.cluster.address}
        log = (self.root / f"{name}.log").open("ab")
        return Workspace.open(str(place)), subprocess.Popen(order, env=env, stdout=log, stderr=log)

    def trial(self, way: str, number: int, workers: int) -> str | None:
        """One crash and the run after it; None when the table is right, else what is wrong with it."""
        name = f"{way}-{number}"
        # Waves of 32 samples, each with one commit; delays reach past the end of a commit.
        die = (self.chance.randrange(self.samples // 32), self.chance.uniform(0, 0.04)) if way == "commit" else None
        workspace, run = self.start(name, workers, die)
        if way != "commit":
            self._strike(way, workspace, run)
        first = run.wait(_PATIENCE)
        left_over = len(_orphans(workspace))
        if self.start(name, workers)[1].wait(_PATIENCE):
            return f"the second run failed, see {self.root / name}.log"
        wrong = difference(workspace, self.root / "undisturbed")
        how = "went on by itself" if first == 0 else "was cut off"
        print(f"  {name:<12} {workers} workers, {how}, {left_over} orphans: {wrong or 'as undisturbed'}", flush=True)
        if wrong is None:
            shutil.rmtree(self.root / name)
        return wrong

    def _strike(self, way: str, workspace: Workspace, run: subprocess.Popen[bytes]) -> None:
        _until(lambda: _begun(workspace) or run.poll() is not None)
        time.sleep(self.chance.uniform(0, 2.5))
        if way == "driver":
            run.kill()
        elif way == "worker":
            drawing = [child for child in psutil.Process().children(recursive=True) if _draws(child)]
            if drawing:
                self.chance.choice(drawing).kill()
        else:
            node = self.nodes.pop(self.chance.randrange(len(self.nodes)))
            self.cluster.remove_node(node, allow_graceful=False)
            self.nodes.append(self.cluster.add_node(num_cpus=2, object_store_memory=100 * 1024**2))


def _begun(workspace: Workspace) -> bool:
    unfinished = Path(workspace.address.root) / "unfinished"
    return unfinished.is_dir() and any(unfinished.iterdir())


def _draws(process: psutil.Process) -> bool:
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return title.startswith("ray::") and "Map" in title


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.01)


def _live(workspace: Workspace) -> list[str]:
    """Files of the table in the order of its log, relative to it."""
    root = workspace.uri(f"tables/{TABLE}") + "/"
    return [uri.removeprefix(root) for uri in workspace.table(TABLE).file_uris()]


def _orphans(workspace: Workspace) -> list[str]:
    live = set(_live(workspace)) if workspace.has_table(TABLE) else set()
    root = Path(workspace.address.root) / "tables" / TABLE
    return sorted(p for p in (path.relative_to(root).as_posix() for path in root.rglob("*.parquet")) if p not in live)


def difference(workspace: Workspace, undisturbed: Path) -> str | None:
    """What of the table is not as it is undisturbed; then its orphans are vacuumed, and it is asked once more."""
    expected = Workspace.open(str(undisturbed))
    for _ in ("before", "after vacuum"):
        if _live(workspace) != _live(expected):
            return "other files, or another order of them"
        if _bytes(workspace) != _bytes(expected):
            return "files with other bytes"
        rows, right = workspace.read(TABLE), expected.read(TABLE)
        if not rows.equals(right):
            return "other rows"
        if len(set(rows["sample_id"].to_pylist())) != rows.num_rows:
            return "samples that are there twice"
        if workspace.read("rejects").num_rows != expected.read("rejects").num_rows:
            return "other rejects"
        orphans = _orphans(workspace)
        if sorted(vacuum(workspace, TABLE, 0, delete=True).files) != orphans:
            return "vacuum found other files than the orphans"
        sweep_unfinished(workspace, 0, delete=True)
    if _orphans(workspace) or _begun(workspace):
        return "vacuum left something behind"
    return None


def _bytes(workspace: Workspace) -> list[str]:
    return [hashlib.sha256(workspace.read_bytes(f"tables/{TABLE}/{path}")).hexdigest() for path in _live(workspace)]


def _ready(root: Path, samples: int) -> None:
    """Makes the labels, and the table as it is when nobody disturbs."""
    from tasks.ingest import ingest
    from tasks.progress import Silent

    workspace = Workspace.create(str(root / "labels"))
    ingest(workspace, recipe_for(samples).labels, 0, "drill", Silent())


def main() -> None:
    """Prints every trial and, in the end, how many ended as they should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", choices=(*WAYS, "all"), default="all")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drive", help=argparse.SUPPRESS)
    parser.add_argument("--die", nargs=2, type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        drive(given.drive, given.samples, int(given.workers), (int(given.die[0]), given.die[1]) if given.die else None)
        return
    with tempfile.TemporaryDirectory(prefix="sface-crashes-") as folder:
        sys.exit(_drill(Path(folder), given))


def _drill(root: Path, given: argparse.Namespace) -> int:
    from tasks.cluster import quiet_environment

    quiet_environment()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100 * 1024**2})
    try:
        nodes = [cluster.add_node(num_cpus=2, object_store_memory=100 * 1024**2) for _ in range(2)]
        _ready(root, given.samples)
        drill = Drill(root, given.samples, cluster, nodes, random.Random(given.seed))
        started = time.monotonic()
        if drill.start("undisturbed", 1)[1].wait(_PATIENCE):
            print((root / "undisturbed.log").read_text())
            return 1
        rows = Workspace.open(str(root / "undisturbed")).read(TABLE).num_rows
        print(f"undisturbed: {rows} samples, {time.monotonic() - started:.1f} s")
        workers = [int(count) for count in given.workers.split(",")]
        wrong = 0
        for way in WAYS if given.way == "all" else (given.way,):
            results = [drill.trial(way, number, workers[number % len(workers)]) for number in range(given.times)]
            bad = sum(result is not None for result in results)
            wrong += bad
            print(f"{way}: {len(results) - bad} of {len(results)} ended as an undisturbed run", flush=True)
        return 1 if wrong else 0
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
