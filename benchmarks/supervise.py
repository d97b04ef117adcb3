"""Supervise beside one core that renders alone and beside plain multiprocessing: speed, memory, planning, a second run.

    python benchmarks/supervise.py [--samples 4000] [--rounds 3] [--memory 1000,8000] [--plan 1000000] [--weights]

Each round makes the same samples three ways, each in processes of its own with compiled code at hand:

    alone      one process makes them in memory: what one core can do
    plain      multiprocessing with two processes, each writing Parquet files with pyarrow: what people would write instead
    pipeline   ``supervise`` on a local Ray with two workers: plan, waves, commits; Ray's own start is left out

and prints samples a second, the pipeline's share of twice one core, and its time beside plain multiprocessing's (medians over the
rounds; the machine may be shared). Then: the driver's and a worker's peak memory at each size of ``--memory``, the seconds that a
second run over finished samples takes, and seconds and memory of a plan over ``--plan`` labels. ``--weights`` prints instead the
bytes of pictures and of what is stored beside them, from which `sfcore.supervision.weighing` foretells files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa

from sfcore.recipe import Recipe, recipe_from
from sfcore.store.workspace import Workspace

CORES = 2
MIB = 1024**2


def recipe_for(samples: int) -> Recipe:
    """The pictures of the recipe ``laptop``, of labels from the prior."""
    return recipe_from(
        {"labels": {"dataset": "bench", "prior": {"takes": 10, "frames": -(-samples // 8)}, "max_frames": samples}}, "benchmark"
    )


def ready(place: Path, samples: int) -> Workspace:
    """A workspace with labels alone."""
    from tasks.ingest import ingest
    from tasks.progress import Silent

    workspace = Workspace.create(str(place))
    ingest(workspace, recipe_for(samples).labels, 0, "bench", Silent())
    return workspace


# The three ways ---------------------------------------------------------------------------------------------------------


def _maker_and_files(place: Path, samples: int) -> tuple[Any, list[Any]]:
    from sfcore.supervision.wanted import samples_of
    from sfcore.supervision.weighing import cuts_for
    from tasks.supervise import _SampleFactory

    workspace, recipe = Workspace.open(str(place)), recipe_for(samples)
    version = workspace.version("labels")
    wanted = samples_of(workspace, recipe, version)
    rows = cuts_for(recipe, len(wanted)).rows_per_file
    files = [wanted[start : start + rows] for start in range(0, len(wanted), rows)]
    return _SampleFactory(workspace, recipe, version, "bench", None)(), files


def alone(place: Path, samples: int) -> dict[str, float]:
    """Makes the samples one after the other, and keeps nothing."""
    maker, files = _maker_and_files(place, samples)
    maker.make(files[0][:4])
    started, worked = time.perf_counter(), time.process_time()
    made = sum(maker.make(file)[0].num_rows for file in files)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked, "rows": made}


_maker: Any = None


def _set_up(place: Path, samples: int) -> None:
    global _maker
    _maker = _maker_and_files(place, samples)[0]


def _write(task: tuple[int, Any, Path]) -> int:
    import pyarrow.parquet as pq

    number, file, out = task
    rows, _ = _maker.make(file)
    pq.write_table(rows, out / f"{number:06d}.parquet", compression="zstd")
    return int(rows.num_rows)


def plain(place: Path, samples: int) -> dict[str, float]:
    """The same pictures and words by a pool of processes, one Parquet file each time."""
    import multiprocessing

    files = _maker_and_files(place, samples)[1]
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(CORES, _set_up, (place, samples)) as pool:
            made = sum(pool.imap_unordered(_write, [(number, file, Path(out)) for number, file in enumerate(files)]))
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": made}


class _Clock:
    """Progress that notes when the first samples were made, and when the last."""

    def __init__(self) -> None:
        self.told: list[tuple[float, int]] = []

    def begin(self, step: str, total: int, unit: str) -> None:
        """A step begins."""

    def advance(self, done: int, note: str = "") -> None:  # noqa: ARG002 - the protocol's
        """Notes when so many were done."""
        self.told.append((time.perf_counter(), done))

    def end(self, summary: str) -> None:
        """A step ends."""

    def rate(self) -> float:
        """Samples a second between the first part made and the last."""
        (first, before), (last, after) = next(one for one in self.told if one[1]), self.told[-1]
        return (after - before) / (last - first)


def pipeline(place: Path, samples: int) -> dict[str, float]:
    """Supervises; then once more over what is finished."""
    from tasks.cluster import ray_cluster
    from tasks.progress import Silent
    from tasks.supervise import supervise

    workspace, clock = Workspace.open(str(place)), _Clock()
    with ray_cluster(), _Watching() as watching:
        started = time.perf_counter()
        done = supervise(workspace, recipe_for(samples), "bench", clock, CORES)
        seconds = time.perf_counter() - started
    started = time.perf_counter()
    supervise(workspace, recipe_for(samples), "bench", Silent(), CORES)
    again = time.perf_counter() - started
    files = workspace.table("supervision").get_add_actions(flatten=True)
    sizes = pa.table(files)["size_bytes"].to_pylist()
    return {
        "seconds": seconds,
        "rows": done.made,
        "steady": clock.rate(),
        "again": again,
        "driver_mib": watching.driver,
        "worker_mib": watching.worker,
        "bytes_a_row": sum(sizes) / max(done.made, 1),
        "files": len(sizes),
    }


class _Watching:
    """The largest memory of this process and of any one worker below it, looked at five times a second."""

    def __init__(self) -> None:
        self.driver = self.worker = 0.0
        self._over = threading.Event()

    def __enter__(self) -> _Watching:
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.wait(0.2):
            self.driver = max(self.driver, me.memory_info().rss / MIB)
            for child in me.children(recursive=True):
                try:
                    if "Map" in " ".join(child.cmdline()):
                        # What is mapped from the object store belongs to all.
                        memory = child.memory_info()
                        self.worker = max(self.worker, (memory.rss - memory.shared) / MIB)
                except psutil.Error:
                    continue


def plan(place: Path, labels: int) -> dict[str, float]:
    """Plans over labels that are written straight into the table, without any picture."""
    from sfcore.plan import cut
    from sfcore.supervision.wanted import samples_of
    from sfcore.supervision.weighing import cuts_for

    workspace = Workspace.create(str(place))
    for number, start in enumerate(range(0, labels, 100_000)):
        rows = _label_rows(workspace.schemas["labels"], start, min(start + 100_000, labels))
        workspace.append("labels", rows, f"plan/{number}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    recipe = recipe_from({"labels": {"dataset": "bench"}}, "benchmark")
    wanted = samples_of(workspace, recipe, workspace.version("labels"))
    planned = cut("supervise", "supervision", wanted, cuts_for(recipe, len(wanted)))
    keys = {planned.key(wave) for wave in planned.waves}
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "rows": len(wanted), "files": planned.files, "waves": len(keys), "more_mib": after - before}


def _label_rows(schema: pa.Schema, start: int, end: int) -> pa.Table:
    frames = np.arange(start, end)
    words = {"dataset": "bench", "format": "f", "source_name": "s", "source_hash": "h"}
    columns = {
        "take": [f"take{frame // 4000:05d}" for frame in frames],
        "frame": frames,
        "split": ["test" if frame % 4000 > 3500 else "train" for frame in frames],
        "clipped": np.zeros(len(frames), np.int32),
        **{name: [word] * len(frames) for name, word in words.items()},
    }
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(len(frames), f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


# Weights ----------------------------------------------------------------------------------------------------------------


def weights() -> None:
    """Prints mean bytes of pictures by size, format and quality, and what a sample stores beside its picture."""
    from sfcore.recordings.labels import prior_takes
    from sfcore.render.draw import Renderer
    from sfcore.render.encode import encode_image
    from sfcore.render.scene import draw_scene
    from sfcore.rigs.registry import load_rig

    rig = load_rig("procedural")
    renderer = Renderer(rig)
    prior = recipe_for(480).labels.prior
    assert prior is not None
    values = np.concatenate([take.coefficients[:5] for take, _ in prior_takes(prior, 0.2, 0)])[:48]
    for size in (64, 96, 128, 192, 256):
        wanted = recipe_from({"faces": {"size": size}}, "benchmark").faces
        drawn = [
            renderer.draw(draw_scene(f"{n:032x}", rig, f"procedural-train-{n:03d}", values[n], wanted))
            for n in range(len(values))
        ]
        for kind in ("webp", "jpeg", "png"):
            means = {q: round(np.mean([len(encode_image(picture, kind, q)) for picture in drawn])) for q in (30, 60, 80, 92, 100)}
            print(f"{size:>4} pixels {kind:<5}" + "".join(f"  {quality}: {mean:>7,}" for quality, mean in means.items()))


# Reporting --------------------------------------------------------------------------------------------------------------

_PARTS = {"alone": alone, "plain": plain, "pipeline": pipeline, "plan": plan}


def _in_process(part: str, samples: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="sface-bench-") as folder:
        place = Path(folder) / "workspace"
        if part != "plan":
            ready(place, samples)
        order = [sys.executable, __file__, "--part", part, "--place", str(place), "--samples", str(samples)]
        env = {**os.environ, "OMP_NUM_THREADS": "1", "SFACE_RAY_ADDRESS": ""}
        done = subprocess.run(order, env=env, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(given: argparse.Namespace) -> None:
    """Prints all figures."""
    ways = ("alone", "plain", "pipeline")
    rounds: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for number in range(given.rounds):
        for way in ways:
            rounds[way].append(_in_process(way, given.samples))
        rates = {way: rounds[way][-1]["rows"] / rounds[way][-1]["seconds"] for way in ways}
        print(f"round {number + 1}: " + ", ".join(f"{way} {rate:.1f} samples/s" for way, rate in rates.items()), flush=True)
    share = [
        p["rows"] / p["seconds"] / (2 * a["rows"] / a["seconds"])
        for a, p in zip(rounds["alone"], rounds["pipeline"], strict=True)
    ]
    steady = [p["steady"] / (2 * a["rows"] / a["seconds"]) for a, p in zip(rounds["alone"], rounds["pipeline"], strict=True)]
    beside = [p["seconds"] / m["seconds"] for m, p in zip(rounds["plain"], rounds["pipeline"], strict=True)]
    last = rounds["pipeline"][-1]
    print(f"{given.samples:,} samples at 96 pixels on {CORES} cores, medians of {given.rounds} rounds:")
    print(f"  pipeline over twice one core: {100 * statistics.median(share):.0f} % with its workers' start")
    print(f"                                {100 * statistics.median(steady):.0f} % from the first part made to the last")
    print(f"  pipeline over plain multiprocessing and pyarrow: {statistics.median(beside):.2f} times as long")
    print(f"  a sample in its file: {last['bytes_a_row']:,.0f} bytes; {last['files']:.0f} files")
    for samples in [int(size) for size in given.memory.split(",") if size]:
        found = _in_process("pipeline", samples)
        rate, core = found["rows"] / found["seconds"], statistics.median(a["rows"] / a["seconds"] for a in rounds["alone"])
        print(
            f"  {samples:>7,} samples: {rate:.0f} samples/s with the workers' start, {50 * rate / core:.0f} % of twice one core; "
            f"driver at most {found['driver_mib']:.0f} MiB, a worker {found['worker_mib']:.0f} MiB; "
            f"a second run {found['again']:.1f} s",
            flush=True,
        )
    if given.plan:
        found = _in_process("plan", given.plan)
        print(
            f"  a plan over {given.plan:,} labels: {found['seconds']:.1f} s, {found['more_mib']:.0f} MiB more; "
            f"{found['files']:.0f} files in {found['waves']:.0f} waves"
        )


def main() -> None:
    """Prints seconds, memory and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="1000,8000")
    parser.add_argument("--plan", type=int, default=1_000_000)
    parser.add_argument("--weights", action="store_true")
    parser.add_argument("--part", choices=sorted(_PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(_PARTS[given.part](given.place, given.samples)))
    elif given.weights:
        weights()
    else:
        report(given)


if __name__ == "__main__":
    main()
