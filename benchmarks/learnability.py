"""Which channels can be learnt from the pictures of a rig, and which cannot even be seen.

    python benchmarks/learnability.py [--rig procedural] [--pictures 10000] [--seconds 300] [--json figures.json]

Draws pictures of as many people as there are pictures, half with sparse random coefficients and half from the coefficient prior,
trains a small convolutional net on one core for a fixed time of that core, and measures Pearson's r of each channel on pictures
of people it has never seen. Beside it stands how many pixels of a picture change when the channel alone goes to full value. A
channel is *unseen* when it is neither learnt (r below --bound) nor moves pixels (fewer than --pixels of them): mend the rig. One
that moves pixels and is not learnt is *confused* with others, or needs longer training.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfcore.arkit import CHANNELS, INDEX, NAMES, SHAPES
from sfcore.randomness import digest, stream
from sfcore.recipe import Faces
from sfcore.recordings.prior import draw_take
from sfcore.render.draw import Renderer
from sfcore.render.scene import Scene, draw_scene
from sfcore.render.sheet import plain_scene
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig
from sfcore.store.workspace import Workspace

Floats = NDArray[np.float32]

POINTS = 96
"""Points of the skin whose place and displacement are learnt beside the coefficients: the largest gain per second of training."""
WIDTHS = (24, 48, 96, 192, 256)
BATCH = 32
PEAK_RATE = 2e-3
AVERAGED = 0.99
"""Share of the averaged weights that is kept at each step; the averaged weights are measured."""
NOTICEABLE = 8
"""Levels of 255 by which a pixel must change to count as changed."""
FRAMES = 40
"""Frames taken of one take of the prior."""


@dataclass(frozen=True)
class Figure:
    """What was measured of one channel."""

    channel: str
    r: float
    sparse: float
    """r among the sparse random pictures alone."""
    pixels: float
    """Pixels that change at full value in a picture of --size, mean over people; for rotations at 0.3 radians."""
    verdict: str


@dataclass(frozen=True)
class Album:
    """Drawn pictures (n, size, size, 3) uint8 with coefficients (n, 61), places (n, p, 2) and displacements (n, p, 3)."""

    pictures: NDArray[np.uint8]
    coefficients: Floats
    places: Floats
    moves: Floats


def sparse_face(key: str) -> Floats:
    """Each shape acts with a chance of a tenth, gaze and head at random; rotations of eyes are left to follow the gaze."""
    draw = stream(key, "sparse expression")
    values = np.full(len(NAMES), np.nan, np.float32)
    acts = draw.random(len(SHAPES)) < 0.1
    values[: len(SHAPES)] = np.where(acts, draw.random(len(SHAPES)), 0.0)
    for vertical in ("Down", "Up"):
        values[INDEX[f"EyeLook{vertical}Right"]] = values[INDEX[f"EyeLook{vertical}Left"]]
    for towards, away in (("In", "Out"), ("Out", "In")):
        values[INDEX[f"EyeLook{towards}Right"]] = values[INDEX[f"EyeLook{away}Left"]]
    return values


def faces_to_draw(count: int, seed: int) -> list[Floats]:
    """``count`` faces (61,), by turns sparse and from the prior."""
    takes = -(-count // (2 * FRAMES))
    prior = np.concatenate([draw_take(seed, take, FRAMES, fps=3.0) for take in range(takes)])
    return [sparse_face(f"{seed} {i}") if i % 2 else prior[i // 2] for i in range(count)]


def spread_points(rig: Rig) -> NDArray[np.int32]:
    """Vertices that shapes move, far from each other: each the farthest from those before it."""
    moved = np.unique(rig.shapes.vertices)
    places = rig.neutral[moved]
    moved, places = moved[places[:, 2] > 0], places[places[:, 2] > 0]
    chosen = [int(np.argmax(places[:, 2]))]
    apart = np.full(len(places), np.inf)
    for _ in range(POINTS - 1):
        apart = np.minimum(apart, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(apart)))
    return moved[chosen]


def photographed(size: int, cartoons: float) -> Faces:
    """Portraits under all lights and before all backgrounds, nothing before the face and a perfect lens.

    Whether a shape can be learnt is asked of the rig, not of glasses, pencils and blur.
    """
    shares = {name: 0.0 for name in Faces.model_fields if name.endswith("_share")}
    return Faces.model_validate({**shares, "cartoon_share": cartoons, "size": size, "noise": False, "framing": False})


def face_of(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle three quarters of a portrait, a little below its centre: from the brows to the chin."""
    side = len(portrait)
    kept = side * 3 // 4
    left, top = (side - kept) // 2, (side - kept) * 4 // 5
    return portrait[top : top + kept, left : left + kept]


def draw_album(rig: Rig, count: int, size: int, seed: int, cartoons: float, folder: Path) -> Album:
    """Draws the pictures, or finds them in ``folder`` where the same rig and options were drawn before."""
    faces = photographed(size * 4 // 3, cartoons)
    place = folder / f"{digest(rig.digest, str(count), str(size), str(seed), str(cartoons), str(faces.model_dump()))}.npz"
    if place.exists():
        with np.load(place) as kept:
            return Album(**{name: kept[name] for name in ("pictures", "coefficients", "places", "moves")})
    renderer, chosen = Renderer(rig), spread_points(rig)
    pictures = np.empty((count, size, size, 3), np.uint8)
    coefficients = np.empty((count, len(NAMES)), np.float32)
    places, moves = np.empty((count, POINTS, 2), np.float32), np.empty((count, POINTS, 3), np.float32)
    for i, face in enumerate(faces_to_draw(count, seed)):
        scene = draw_scene(f"learnability {seed} {i}", rig, f"learnability-{seed}-{i}", face, faces)
        pictures[i], coefficients[i] = face_of(renderer.draw(scene)), scene.coefficients
        places[i], moves[i] = _points(rig, scene, chosen)
    np.savez(place, pictures=pictures, coefficients=coefficients, places=places, moves=moves)
    return Album(pictures, coefficients, places, moves)


def _points(rig: Rig, scene: Scene, chosen: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """Places (p, 2) in the picture, -1..1, and displacements (p, 3) in centimetres by the expression."""
    base, stretch = rig.person(np.array(scene.traits.modes, np.float32), scene.traits.hair)
    posed = rig.express(base, stretch, scene.coefficients)
    xy, _ = scene.camera.project(rig.turn(posed, scene.coefficients)[chosen], 2)
    return xy - 1.0, (posed - base)[chosen]


def changed_pixels(rig: Rig, size: int, people: int = 6) -> Floats:
    """(61,) pixels that change when a channel alone goes to full value, mean over people in plain light."""
    renderer = Renderer(rig)
    changed = np.zeros((people, len(NAMES)), np.float32)
    for who in range(people):
        rest = np.zeros(len(NAMES), np.float32)
        person = draw_scene(f"visible {who}", rig, f"visible-{who}", rest, Faces(size=size, cartoon_share=0.0)).traits
        scene = replace(plain_scene(rig, rest, size), traits=person)
        still = renderer.draw(scene).astype(int)
        for channel in CHANNELS:
            values = np.full(len(NAMES), np.nan, np.float32)
            values[: len(SHAPES)] = 0.0
            values[channel.index] = 1.0 if channel.kind == "shape" else 0.3
            # An eye turns with its look shape, as it does in every recording.
            shown = plain_scene(rig, values, size).coefficients
            moved = renderer.draw(replace(scene, coefficients=shown)).astype(int)
            changed[who, channel.index] = (np.abs(moved - still).max(axis=2) > NOTICEABLE).sum()
    mean: Floats = changed.mean(axis=0)
    return mean


class Net(nn.Module):
    """Five halvings of a picture, then one layer to coefficients, places and displacements; 1.9 M parameters at 96 pixels."""

    def __init__(self, outputs: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for k, width in enumerate(WIDTHS):
            layers += [nn.Conv2d(inputs, width, 5 if k == 0 else 3, 2, 2 if k == 0 else 1), nn.GroupNorm(8, width), nn.ReLU()]
            if k > 1:
                layers += [nn.Conv2d(width, width, 3, 1, 1), nn.GroupNorm(8, width), nn.ReLU()]
            inputs = width
        across = -(-size // 2 ** len(WIDTHS))
        self.stages = nn.Sequential(*layers)
        self.out = nn.Linear(inputs * across**2, outputs)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        answers: Tensor = self.out(self.stages(image_BCHW).flatten(1))
        return answers


def _input(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _targets(album: Album, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What is learnt from each picture, centred and divided by its spread (n, k), and how much each counts (k,)."""
    groups = (
        album.coefficients[:, known],
        album.places.reshape(len(album.places), -1),
        album.moves.reshape(len(album.moves), -1),
    )
    weights = np.concatenate([np.full(g.shape[1], w / g.shape[1]) for g, w in zip(groups, (1.0, 1.0, 1.0), strict=True)])
    whole = np.concatenate(groups, axis=1)
    # A point that hardly moves is not blown up: half a millimetre is below what a pixel shows.
    spread = np.maximum(
        whole.std(axis=0), np.r_[np.full(known.sum(), 0.02), np.full(POINTS * 2, 0.005), np.full(POINTS * 3, 0.05)]
    )
    return ((whole - whole.mean(axis=0)) / spread).astype(np.float32), weights.astype(np.float32)


def train(album: Album, known: NDArray[np.bool_], seconds: float, seed: int) -> tuple[nn.Module, int]:
    """Trains for ``seconds`` of processor time, the rate rising and falling once; returns the averaged net and pictures seen."""
    torch.manual_seed(seed)
    wanted, weights = _targets(album, known)
    net, kept = Net(wanted.shape[1], album.pictures.shape[1]), Net(wanted.shape[1], album.pictures.shape[1])
    kept.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    order, count, share = stream(str(seed), "batches"), torch.from_numpy(weights), 0.0
    start, seen = time.process_time(), 0
    queue = order.permutation(0)
    while (share := (time.process_time() - start) / seconds) < 1.0:
        if len(queue) < BATCH:
            queue = order.permutation(len(wanted))
        picked, queue = queue[:BATCH], queue[BATCH:]
        rate = PEAK_RATE * min(share / 0.1, 0.5 * (1.0 + np.cos(np.pi * max(0.0, share - 0.1) / 0.9)))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-6)
        loss = ((net(_input(album.pictures[picked])) - torch.from_numpy(wanted[picked])) ** 2 * count).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen += BATCH
        with torch.no_grad():
            for average, now in zip(kept.parameters(), net.parameters(), strict=True):
                average.lerp_(now, 1.0 - AVERAGED)
    return kept, seen


def predict(net: nn.Module, pictures: NDArray[np.uint8], outputs: int) -> Floats:
    """The first ``outputs`` answers to each picture (n, outputs), in spreads around the mean."""
    with torch.inference_mode():
        parts = [net(_input(pictures[i : i + 100]))[:, :outputs].numpy() for i in range(0, len(pictures), 100)]
    return np.concatenate(parts)


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r; nan where either does not vary."""
    if a.std() < 1e-6 or b.std() < 1e-6:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def verdict(r: float, pixels: float, bound: float, enough: float) -> str:
    """What a channel's figures say of it."""
    if not np.isfinite(r):
        return "not in the test"
    if r >= bound:
        return ""
    return "unseen" if pixels < enough else "confused"


def measure(rig: Rig, options: argparse.Namespace) -> tuple[list[Figure], int]:
    """Draws, trains and measures; the figures of the channels that the rig shows, and how many pictures the net has seen."""
    folder = Path(options.cache or tempfile.mkdtemp(prefix="learnability-"))
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw_album(rig, options.pictures, options.size, options.seed, options.cartoons, folder)
    test = draw_album(rig, options.test, options.size, options.seed + 10_000, options.cartoons, folder)
    pixels = changed_pixels(rig, options.size)
    shown = rig.channels_shown & np.isfinite(drawn.coefficients).all(axis=0)
    net, seen = train(drawn, shown, options.seconds, options.seed)
    answers = predict(net, test.pictures, int(shown.sum()))
    figures = []
    for column, index in enumerate(np.flatnonzero(shown)):
        truth = test.coefficients[:, index]
        r, sparse = correlation(answers[:, column], truth), correlation(answers[1::2, column], truth[1::2])
        said = verdict(r, pixels[index], options.bound, options.pixels)
        figures.append(Figure(NAMES[index], r, sparse, float(pixels[index]), said))
    return figures, seen


def report(figures: list[Figure], rig: Rig, seen: int, options: argparse.Namespace) -> None:
    """Prints the table, the worst channels first, and what to mend."""
    print("| channel | r | r, sparse | pixels that change | |\n| --- | --- | --- | --- | --- |")
    for f in sorted(figures, key=lambda f: f.r):
        print(f"| {f.channel} | {f.r:.2f} | {f.sparse:.2f} | {f.pixels:.0f} | {f.verdict} |")
    hidden = [NAMES[i] for i in np.flatnonzero(~rig.channels_shown)]
    size = f"{options.size} x {options.size}"
    shapes = [f.r for f in figures if f.channel in NAMES[: len(SHAPES)]]
    print(
        f"\nrig {rig.name} ({rig.digest[:8]}), {options.pictures} pictures of {size}, {options.seconds:.0f} s of one core, "
        f"{seen} pictures seen: mean r {np.nanmean([f.r for f in figures]):.3f}, of the shapes {np.nanmean(shapes):.3f}, "
        f"median pixels {np.median([f.pixels for f in figures]):.0f}"
    )
    print(f"masked, the rig does not show them: {', '.join(hidden) or 'none'}")
    for word in ("unseen", "confused"):
        print(f"{word}: {', '.join(f.channel for f in figures if f.verdict == word) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", default="procedural", help="name of a rig that ships or was imported into --workspace")
    parser.add_argument("--workspace", help="where imported rigs lie")
    parser.add_argument("--pictures", type=int, default=10_000, help="pictures to learn from, each of another person")
    parser.add_argument("--test", type=int, default=1_000, help="pictures of other people to measure on")
    parser.add_argument("--size", type=int, default=96, help="pixels across")
    parser.add_argument("--seconds", type=float, default=300.0, help="processor time of the training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cartoons", type=float, default=0.25, help="share of people that are stylised")
    parser.add_argument("--bound", type=float, default=0.2, help="r below which a channel is not learnt")
    parser.add_argument("--pixels", type=float, default=25.0, help="changed pixels below which a channel is not seen")
    parser.add_argument("--cache", help="folder in which drawn pictures are kept for the next run")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rig = load_rig(options.rig, Workspace.open(options.workspace) if options.workspace else None)
    figures, seen = measure(rig, options)
    report(figures, rig, seen, options)
    if options.json:
        content = {"rig": rig.name, "digest": rig.digest, "seen": seen, "channels": [asdict(f) for f in figures]}
        options.json.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
