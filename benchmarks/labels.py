"""How fast Live Link rows come in, beside pandas, and whether memory stays flat.

    python benchmarks/labels.py [--rows 1000000] [--also 10000000] [--place FOLDER]

Writes a take of that many rows to a temporary folder, then reads it twice, each time in a process of its own: once by ``ingest``
into the ``labels`` table of a workspace, once by pandas, which parses the same numbers and timecodes, clips them and writes one
Parquet file. Prints seconds, seconds of CPU time, their ratio, and each process's peak memory; with ``--also``, sface at a second
size too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sfcore.arkit import NAMES

_DISTINCT = 20_000


def write_take(path: Path, rows: int) -> None:
    """A take of 60 frames a second with ten decimals, as the app writes them; every 20,000 rows the same faces come again."""
    values = np.random.default_rng(0).random((_DISTINCT, len(NAMES)))
    faces = [",".join([f"{value:.10f}" for value in row]) for row in values]
    with path.open("w", encoding="ascii") as out:
        out.write("Timecode,BlendShapeCount," + ",".join(NAMES) + "\n")
        for start in range(0, rows, _DISTINCT):
            lines = []
            for row in range(start, min(start + _DISTINCT, rows)):
                second, frame = divmod(row, 60)
                minute, second = divmod(second, 60)
                hour, minute = divmod(minute, 60)
                lines.append(f"{hour % 24:02d}:{minute:02d}:{second:02d}:{frame:02d}.000,61,{faces[row - start]}\n")
            out.writelines(lines)


def by_sface(path: Path, folder: Path) -> int:
    """Ingests the take; returns the rows that the table holds then."""
    from sfcore.recipe import Labels
    from sfcore.store.workspace import Workspace
    from tasks.ingest import ingest
    from tasks.progress import Silent

    workspace = Workspace.create(str(folder / "workspace"))
    ingest(workspace, Labels(dataset="bench", source=str(path)), 0, "bench", Silent())
    return workspace.row_counts()["labels"]


def by_pandas(path: Path, folder: Path) -> int:
    """The same parsing as people write it with pandas: numbers, timecodes to seconds, clipping, float32, one Parquet file."""
    import pandas as pd

    frame = pd.read_csv(path)
    parts = frame["Timecode"].str.extract(r"(\d+):(\d+):(\d+):([\d.]+)").astype(float)
    frame["t"] = parts[0] * 3600 + parts[1] * 60 + parts[2] + parts[3] / 60
    shapes = list(NAMES[:52])
    frame[shapes] = frame[shapes].clip(0, 1)
    frame[list(NAMES)] = frame[list(NAMES)].astype("float32")
    frame.to_parquet(folder / "pandas.parquet", compression="zstd")
    return len(frame)


def _measure(what: str, path: Path, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--only", what, str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
    return dict(json.loads(done.stdout))


def _only(what: str, path: Path, folder: Path) -> None:
    began, before = time.perf_counter(), time.process_time()
    rows = (by_sface if what == "sface" else by_pandas)(path, folder)
    seconds, cpu = time.perf_counter() - began, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak_mib": peak}))


def _tell(name: str, measured: dict[str, float]) -> None:
    rate = measured["rows"] / measured["seconds"]
    print(
        f"  {name:<13} {measured['seconds']:7.1f} s ({measured['cpu']:.1f} s of CPU)  {rate:9,.0f} rows/s  "
        f"peak {measured['peak_mib']:6,.0f} MiB",
        flush=True,
    )


def _report(rows: int, with_pandas: bool, place: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        path = folder / "take.csv"
        write_take(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1024**2:,.0f} MiB of text", flush=True)
        ours = _measure("sface", path, folder)
        assert ours["rows"] == rows, f"{ours['rows']} of {rows} rows came in"
        _tell("sface ingest", ours)
        if with_pandas:
            theirs = _measure("pandas", path, folder)
            _tell("pandas", theirs)
            print(
                f"  sface takes {ours['seconds'] / theirs['seconds']:.2f} of the time of pandas, "
                f"{ours['cpu'] / theirs['cpu']:.2f} of its CPU time and {ours['peak_mib'] / theirs['peak_mib']:.2f} of its memory"
            )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--also", type=int, help="a second size, by sface alone")
    parser.add_argument("--place", help="folder for temporary files; some 800 bytes a row are needed, and as much again")
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "PATH", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        _only(asked.only[0], Path(asked.only[1]), Path(asked.only[2]))
        return
    _report(asked.rows, True, asked.place)
    if asked.also:
        _report(asked.also, False, asked.place)


if __name__ == "__main__":
    main()
