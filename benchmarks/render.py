"""Pictures drawn per second on one core: `python benchmarks/render.py`.

Draws different people, poses and lights, as the pipeline does, after the kernels are compiled; the median of several rounds
counts, since other work on the machine slows some of them. Encoding is measured apart.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from sfcore.arkit import NAMES, SHAPES
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.draw import Renderer
from sfcore.render.encode import encode_image
from sfcore.render.scene import Scene, draw_scene
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig


def scenes(rig: Rig, size: int, count: int) -> list[Scene]:
    """``count`` scenes of as many samples, over 64 people."""
    result = []
    for i in range(count):
        coefficients = np.full(len(NAMES), np.nan, np.float32)
        draw = stream(f"benchmark {i}", "expression")
        coefficients[: len(SHAPES)] = draw.random(len(SHAPES)) * (draw.random(len(SHAPES)) < 0.6) * 0.5
        result.append(draw_scene(f"benchmark {i}", rig, f"procedural-benchmark-{i % 64:03d}", coefficients, Faces(size=size)))
    return result


def rate(renderer: Renderer, work: list[Scene], rounds: int) -> tuple[float, float]:
    """Median pictures per second of processor time, drawn and encoded as webp."""
    drawn, encoded = [], []
    for _ in range(rounds):
        start = time.process_time()
        pictures = [renderer.draw(scene) for scene in work]
        middle = time.process_time()
        for picture in pictures:
            encode_image(picture, "webp", 92)
        drawn.append(len(work) / (middle - start))
        encoded.append(len(work) / (time.process_time() - middle))
    return statistics.median(drawn), statistics.median(encoded)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=40, help="pictures in one round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    options = parser.parse_args()
    rig = load_rig("procedural")
    start = time.perf_counter()
    renderer = Renderer(rig)
    renderer.warm_up()
    print(f"rig: {len(rig.neutral)} vertices, {len(rig.triangles)} triangles; ready after {time.perf_counter() - start:.1f} s")
    print("| pixels | pictures/s, one core | ms | webp encodings/s |")
    print("| --- | --- | --- | --- |")
    for size in (96, 128, 256):
        drawn, encoded = rate(renderer, scenes(rig, size, options.pictures), options.rounds)
        print(f"| {size} | {drawn:.0f} | {1000 / drawn:.1f} | {encoded:.0f} |")


if __name__ == "__main__":
    main()
