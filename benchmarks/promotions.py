"""Whether the champion moves exactly once: promotions that race, and promotions that are killed.

    python benchmarks/promotions.py                       # 100 races and 40 timed kills, on a disk and on S3
    python benchmarks/promotions.py --races 5 --kills 6 --places disk

A race: two processes promote two models against the same champion at the same moment; one must win, the other must be told. A
kill: a process that promotes gets SIGKILL, first at each step by name (also half-way through a commit, with its files written and
not yet in the log), then at moments spread over the whole promotion. Afterwards the ledger and the champion are looked at, the
same promotion is run again, and all must be as if nothing had happened. S3 is moto's server, a process of its own on a socket.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa

from sfcore.errors import SfaceError
from sfcore.gate.ledger import read_entries, reigns_of
from sfcore.gate.policy import Policy, Rule
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace
from tasks.progress import Silent
from tasks.promote import finish_cut_off, promote

POLICY = Policy(
    name="no-step-back",
    rules=(
        Rule(name="reads", metric="share_parsed", bound=0.9),
        Rule(name="no step back", metric="mae", against="champion", margin=0.0),
    ),
)
STEPS = ("start", "decided", "entry half written", "entry written", "move half written", "moved")
"""Where a promotion is killed by name."""


def prepare(location: str) -> Workspace:
    """A workspace with a champion ``old`` and two better models, each measured beside the champion in a run of its own."""
    workspace = Workspace.create(location)
    for model, run, error in (("old", "run-old", 0.1), ("one", "run-one", 0.08), ("two", "run-two", 0.07)):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "lineage.json").write_text(json.dumps({"model_id": model, "base": "tiny-0"}))
            workspace.push_folder(Path(folder), f"models/{model}")
        scored = {"old": 0.1, model: error, "baseline-median-x": 0.12}
        fixed = {"run_id": run, "slice": "all", "n": 100, "dataset": "d", "dataset_version": 1}
        rows = [
            {**fixed, "model_id": name, "metric": metric, "value": value, "ci_low": value, "ci_high": value}
            for name, mae in scored.items()
            for metric, value in (("share_parsed", 1.0), ("mae", mae))
        ]
        workspace.append("metrics", pa.Table.from_pylist(rows, schema=workspace.schemas["metrics"]), f"metrics/{run}")
    promote(workspace, POLICY, "old", "run-old", Silent())
    return workspace


# Races ----------------------------------------------------------------------------------------------------------------


def _racer(pipe: Connection, model: str) -> None:
    """Promotes one model in each workspace it is sent, the moment it is told to; sends back what came of it."""
    while (location := pipe.recv()) is not None:
        workspace = Workspace.open(location)
        read_alias(workspace, CHAMPION)
        pipe.send("ready")
        pipe.recv()
        try:
            done = promote(workspace, POLICY, model, f"run-{model}", Silent())
            pipe.send(("won" if done.champion == model else "refused", done.decision.reason))
        except SfaceError as error:
            pipe.send(("lost", str(error)))


@contextmanager
def racers() -> Iterator[list[Connection]]:
    """Two processes that promote ``one`` and ``two`` at the same moment."""
    context = multiprocessing.get_context("spawn")
    ends, processes = [], []
    for model in ("one", "two"):
        here, there = context.Pipe()
        process = context.Process(target=_racer, args=(there, model))
        process.start()
        ends.append(here)
        processes.append(process)
    try:
        yield ends
    finally:
        for end, process in zip(ends, processes, strict=True):
            end.send(None)
            process.join(timeout=30)


def race(location: str, ends: list[Connection]) -> tuple[str, list[tuple[str, str]]]:
    """One race; what is wrong about its outcome (empty where nothing is), and what each was told."""
    workspace = prepare(location)
    for end in ends:
        end.send(location)
    for end in ends:
        end.recv()
    for end in ends:
        end.send("go")
    told: list[tuple[str, str]] = [end.recv() for end in ends]
    champion = read_alias(workspace, CHAMPION)
    winners = [model for model, (outcome, _) in zip(("one", "two"), told, strict=True) if outcome == "won"]
    loser_told = all(sentence for outcome, sentence in told if outcome != "won")
    if winners != [champion.model_id] or champion.move != 2 or not loser_told:
        return f"winners {winners}, champion {champion.model_id} at move {champion.move}", told
    return "", told


# Kills ----------------------------------------------------------------------------------------------------------------


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(workspace: Workspace, step: str) -> None:
    """Makes this process kill itself when its promotion comes to a step."""
    import deltalake

    import tasks.promote as module

    def dying(function: Any, before: bool) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            done = None if before else function(*given, **named)
            _die()
            return done

        return call

    write = deltalake.write_deltalake

    def half_written(table: Any, rows: Any, **_named: Any) -> None:
        folder = "decisions" if step.startswith("entry") else "aliases"
        if f"/{folder}" not in table.table_uri:
            return write(table, rows, **_named)
        # What a commit leaves that was killed before its log entry is in place: files that belong to nobody.
        workspace.write_data_file(folder, "orphan", rows)
        workspace.write_bytes(f"tables/{folder}/_delta_log/_commit_cut_off.json.tmp", b'{"add":')
        return _die()

    if step == "start":
        module.figures_of_run = dying(module.figures_of_run, before=True)
    elif step == "decided":
        module.write_entry = dying(module.write_entry, before=True)
    elif step == "entry written":
        module.write_entry = dying(module.write_entry, before=False)
    elif step == "moved":
        module.carry_out = dying(module.carry_out, before=False)
    elif "half written" in step:
        deltalake.write_deltalake = half_written


def _promoter(pipe: Connection, location: str, step: str) -> None:
    """Promotes ``one`` when told to, and dies on the way if a step is named."""
    workspace = Workspace.open(location)
    read_alias(workspace, CHAMPION)
    if step:
        _arm(workspace, step)
    pipe.send("ready")
    pipe.recv()
    promote(workspace, POLICY, "one", "run-one", Silent())
    pipe.send("done")


@dataclass(frozen=True)
class Killed:
    """What a kill left, and what is wrong after the next run (empty where nothing is)."""

    left: str
    wrong: str


def kill(location: str, step: str, after: float, by_history: bool) -> Killed:
    """Promotes in a process that dies at a step, or ``after`` seconds; then looks, finishes, and looks again."""
    workspace = prepare(location)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_promoter, args=(there, location, step))
    process.start()
    # The other end is the child's alone: its death is then heard.
    there.close()
    here.recv()
    here.send("go")
    if not step:
        time.sleep(after)
        process.kill()
    process.join(timeout=60)
    entry = any(row.candidate == "one" for row in read_entries(workspace))
    moved = read_alias(workspace, CHAMPION).model_id == "one"
    left = {(False, False): "nothing", (True, False): "a decision", (True, True): "decision and move"}.get((entry, moved), "half")
    finished = finish_cut_off(workspace) if by_history else None
    again = promote(workspace, POLICY, "one", "run-one", Silent())
    reigns = reigns_of(workspace)
    decisions = [row for row in read_entries(workspace) if row.candidate == "one" and row.moves]
    faults = [
        (bool(step) and process.exitcode != -signal.SIGKILL, f"the process did not die there (exit code {process.exitcode})"),
        (left == "half", "a move without its decision"),
        (by_history and left == "a decision" and finished is None, "a promotion that was cut off was not finished"),
        (again.champion != "one", f"the next run left {again.champion} as champion"),
        ([reign.model_id for reign in reigns] != ["old", "one"], f"champions were {[reign.model_id for reign in reigns]}"),
        (len(decisions) != 1, f"{len(decisions)} decisions move the champion"),
        (reigns[-1].entry is None, "the champion has no decision"),
    ]
    return Killed(left, "; ".join(sentence for fault, sentence in faults if fault))


# The drill ------------------------------------------------------------------------------------------------------------


@contextmanager
def s3_place() -> Iterator[str]:
    """A bucket on moto's server in a process of its own, with the environment set for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true"}
    os.environ.update(keys)
    try:
        import s3fs

        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        s3fs.S3FileSystem(endpoint_url=address, skip_instance_cache=True).call_s3("create_bucket", Bucket="drill")
        yield "s3://drill"
    finally:
        server.terminate()
        server.wait(timeout=10)


def drill(place: str, races: int, kills: int) -> dict[str, Any]:
    """Races and kills below an address; what was counted, and every fault in words."""
    faults: list[str] = []
    outcomes: Counter[str] = Counter()
    sentence = ""
    with racers() as ends:
        for number in range(races):
            wrong, told = race(f"{place}/race-{number}", ends)
            outcomes.update(outcome for outcome, _ in told)
            sentence = next((said for outcome, said in told if outcome == "lost"), sentence)
            faults += [f"race {number}: {wrong}"] if wrong else []
    left: Counter[str] = Counter()
    for number, step in enumerate(STEPS):
        for by_history in (False, True):
            done = kill(f"{place}/step-{number}-{by_history}", step, 0.0, by_history)
            faults += [f"killed at '{step}': {done.wrong}"] if done.wrong else []
    started = time.perf_counter()
    prepare(f"{place}/span")
    promote(Workspace.open(f"{place}/span"), POLICY, "one", "run-one", Silent())
    span = (time.perf_counter() - started) / 2
    for number in range(kills):
        done = kill(f"{place}/kill-{number}", "", 1.5 * span * number / kills, bool(number % 2))
        left[done.left] += 1
        faults += [f"kill {number}: {done.wrong}"] if done.wrong else []
    return {
        "races": races,
        "outcomes": dict(outcomes),
        "told": sentence,
        "steps": 2 * len(STEPS),
        "kills": kills,
        "left": dict(left),
        "faults": faults,
    }


def main() -> None:
    """Runs the drill at each place and prints what was counted; exit code 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=100, help="races at each place")
    parser.add_argument("--kills", type=int, default=40, help="kills at moments spread over a promotion, at each place")
    parser.add_argument("--places", nargs="+", choices=("disk", "s3"), default=("disk", "s3"))
    asked = parser.parse_args()
    wrong = False
    for name in asked.places:
        with tempfile.TemporaryDirectory(prefix="sface-drill-") as folder:
            if name == "disk":
                found = drill(folder, asked.races, asked.kills)
            else:
                with s3_place() as place:
                    found = drill(place, asked.races, asked.kills)
        print(f"{name}: {found['races']} races: {found['outcomes']}")
        print(f"  the loser was told: {found['told']}")
        print(f"  {found['steps']} kills at named steps, {found['kills']} over a promotion, which left {found['left']}")
        print(f"  {len(found['faults'])} faults" + "".join(f"\n    {fault}" for fault in found["faults"]))
        wrong |= bool(found["faults"])
    sys.exit(wrong)


if __name__ == "__main__":
    main()
