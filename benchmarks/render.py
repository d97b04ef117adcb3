"""Pictures drawn per second, memory and growth: `python benchmarks/render.py [--ict FOLDER_OR_ARCHIVE] [--renders 20000]`.

Draws different people, poses and lights, as the pipeline does, after the kernels are compiled. *A face* is a photograph with
full shading: shadow map, environment, four samples a pixel; *as drawn* adds everything a recipe varies by default: drawings,
backgrounds, things worn or held, blur, noise, JPEG. One process is measured in processor time, since other work on the machine
slows only the clock; several processes, and pyrender, which takes every core, by the clock.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sfcore.arkit import NAMES, SHAPES
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.draw import Renderer
from sfcore.render.kernel import vertex_normals
from sfcore.render.scene import Scene, draw_scene
from sfcore.rigs.importing import import_rig
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig

PEOPLE = 64
WANTED = {"procedural": 50.0, "ict": 30.0}
"""Pictures of a face per second at 256 pixels on one core."""


def a_face(size: int) -> Faces:
    """A photograph with nothing but a head, as the figures that are asked for count it."""
    nothing = dict.fromkeys(("cartoon_share", "drawn_share", "glasses_share", "headwear_share", "occluder_share"), 0.0)
    return Faces(size=size, background=False, noise=False, **_without_sensor(), **nothing)


def _without_sensor() -> dict[str, float]:
    return {f"{name}_share": 0.0 for name in ("colour_cast", "motion_blur", "defocus", "vignette", "jpeg")}


def scenes(rig: Rig, faces: Faces, count: int) -> list[Scene]:
    """``count`` scenes of as many samples, over `PEOPLE`."""
    result = []
    for i in range(count):
        coefficients = np.full(len(NAMES), np.nan, np.float32)
        draw = stream(f"benchmark {i}", "expression")
        coefficients[: len(SHAPES)] = draw.random(len(SHAPES)) * (draw.random(len(SHAPES)) < 0.6) * 0.5
        result.append(draw_scene(f"benchmark {i}", rig, f"procedural-benchmark-{i % PEOPLE:03d}", coefficients, faces))
    return result


def rate(draw: Callable[[Scene], Any], work: list[Scene], rounds: int, clock: Callable[[], float]) -> float:
    """Median over ``rounds`` of scenes drawn per second; its people have been met before, as have most of a run."""
    for scene in work:
        draw(scene)
    rates = []
    for _ in range(rounds):
        start = clock()
        for scene in work:
            draw(scene)
        rates.append(len(work) / (clock() - start))
    return statistics.median(rates)


def print_rates(rig: Rig, pictures: int, rounds: int) -> None:
    renderer = Renderer(rig)
    for size in (96, 128, 256):
        face = rate(renderer.draw, scenes(rig, a_face(size), pictures), rounds, time.process_time)
        full = rate(renderer.draw, scenes(rig, Faces(size=size), pictures), rounds, time.process_time)
        wanted = f"{WANTED[rig.name]:.0f}" if size == 256 and rig.name in WANTED else ""
        print(f"| {rig.name} | {size} | {face:.0f} | {1000 / face:.1f} | {full:.0f} | {wanted} |", flush=True)


def _resident() -> float:
    """Memory in use now, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def worker(rig_name: str, source: str, renders: int, start: Any, results: Any) -> None:
    """Draws ``renders`` pictures in a process of its own; reports seconds, peak memory, memory after a tenth and at the end."""
    rig = load_rig(rig_name) if not source else import_rig(source.split("=")[0], Path(source.split("=")[1]))
    renderer = Renderer(rig)
    work = scenes(rig, a_face(256), 32)
    for scene in work:
        renderer.draw(scene)
    start.wait()
    begin, early = time.perf_counter(), _resident()
    for i in range(renders):
        renderer.draw(work[i % len(work)])
        if i == renders // 10:
            early = _resident()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((time.perf_counter() - begin, peak, early, _resident()))


def run_workers(rig_name: str, source: str, renders: int, count: int) -> tuple[float, float, float]:
    """Pictures per second of ``count`` processes together, largest peak memory of one (MiB) and largest growth (MiB)."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(count), context.Queue()
    processes = [context.Process(target=worker, args=(rig_name, source, renders, start, results)) for _ in range(count)]
    for process in processes:
        process.start()
    answers = [results.get(timeout=3600) for _ in processes]
    for process in processes:
        process.join()
    seconds, peaks, early, late = zip(*answers, strict=True)
    return count * renders / max(seconds), max(peaks), max(b - a for a, b in zip(early, late, strict=True))


def print_workers(rig_name: str, source: str, renders: int) -> None:
    one = run_workers(rig_name, source, renders, 1)
    two = run_workers(rig_name, source, renders, 2)
    ratio = two[0] / one[0]
    memory = f"{max(one[1], two[1]):.0f} | {max(one[2], two[2]):+.1f}"
    print(f"| {rig_name} | {one[0]:.0f} | {two[0]:.0f} | {ratio:.2f} | {memory} | {renders} |", flush=True)


def pyrender_rate(rig: Rig, work: list[Scene], rounds: int, clock: Callable[[], float]) -> float:
    """Pictures per second of pyrender drawing the same moving mesh at the same size.

    Poses and normals are given to it for nothing; a new mesh goes into its scene for each picture, since its meshes do not move.
    """
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    import pyrender  # type: ignore[import-not-found,unused-ignore]

    size = work[0].size
    posed = {}
    for i, scene in enumerate(work):
        points = rig.pose(np.array(scene.traits.modes, np.float32), scene.coefficients, scene.traits.hair)
        normals = np.zeros_like(points)
        vertex_normals(points, rig.triangles, normals, 0)
        posed[i] = points, normals
    engine, number = pyrender.OffscreenRenderer(size, size), iter(range(10**9))
    material = pyrender.MetallicRoughnessMaterial(baseColorFactor=(0.8, 0.6, 0.5, 1.0), metallicFactor=0.0, roughnessFactor=0.6)
    stage = pyrender.Scene(ambient_light=(0.3, 0.3, 0.3))
    away = np.eye(4)
    away[:3, 3] = 0.0, -1.0, 90.0
    stage.add(pyrender.PerspectiveCamera(yfov=2 * np.arctan(13.5 / 86.0)), pose=away)
    lamp = np.eye(4)
    lamp[:3, 3] = 20.0, 30.0, 60.0
    stage.add(pyrender.SpotLight(color=np.ones(3), intensity=6000.0, outerConeAngle=0.6), pose=lamp)
    nodes: list[Any] = []

    def draw(_: Scene) -> Any:
        points, normals = posed[next(number) % len(work)]
        if nodes:
            stage.remove_node(nodes.pop())
        part = pyrender.Primitive(positions=points, normals=normals, indices=rig.triangles, material=material)
        nodes.append(stage.add(pyrender.Mesh([part])))
        return engine.render(stage)

    result = rate(draw, work, rounds, clock)
    engine.delete()
    return result


def print_pyrender(rig: Rig, pictures: int, rounds: int) -> None:
    """One round of each in turn, so that other work on the machine slows both."""
    try:
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
        import pyrender  # noqa: F401
    except ImportError as error:
        print(f"pyrender is not here ({error}): pip install pyrender, and the system's libegl1 and libgl1-mesa-dri, to compare.")
        return
    renderer = Renderer(rig)
    work = scenes(rig, a_face(256), pictures)
    for clock, words in ((time.perf_counter, "by the clock"), (time.process_time, "of processor time")):
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(rate(renderer.draw, work, 1, clock))
            theirs.append(pyrender_rate(rig, work, 1, clock))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"| {rig.name} | {words} | {mine:.0f} | {other:.1f} | {mine / other:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=32, help="pictures in one round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    parser.add_argument("--renders", type=int, default=200, help="pictures of each process when memory and growth are measured")
    parser.add_argument("--ict", type=Path, default=None, help="ICT-FaceKit's release, a folder or an archive")
    options = parser.parse_args()
    sources = {"procedural": ""} | ({"ict": f"ict-facekit={options.ict}"} if options.ict else {})
    rigs = {name: import_rig("ict-facekit", options.ict) if source else load_rig(name) for name, source in sources.items()}
    print("| rig | pixels | a face/s, one core | ms | as drawn/s | asked for |\n| --- | --- | --- | --- | --- | --- |")
    for rig in rigs.values():
        print_rates(rig, options.pictures, options.rounds)
    print("\nFaces of 256 pixels by the clock; memory in MiB, its growth from the first tenth to the end.\n")
    print(
        "| rig | 1 process/s | 2 processes/s | ratio | peak memory | growth | pictures |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name, source in sources.items():
        print_workers(name, source, options.renders)
    print("\nFaces of 256 pixels on one core, and the same meshes by pyrender, plainly shaded, on all cores.\n")
    print("| rig | per second | sface | pyrender | ratio, asked for 4 |\n| --- | --- | --- | --- | --- |")
    for rig in rigs.values():
        print_pyrender(rig, options.pictures, options.rounds)


if __name__ == "__main__":
    main()
