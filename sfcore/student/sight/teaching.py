"""Teaches a tower to see: lessons drawn on the fly, no picture twice, and where it stopped it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sfcore.errors import WorkFailed
from sfcore.recipe import Sight
from sfcore.student.sight.lesson import Lesson, Teacher
from sfcore.student.sight.muon import Muon
from sfcore.student.sight.reading import Reading, Spread, total
from sfcore.student.sight.tower import SquareTower

MEASURED_FROM = 1_000_000_000
"""Number of the first lesson that is never learnt from."""
_SPREAD_LESSONS = 512
_WARMUP = 50  # steps
# Share of the averaged weights that is kept at each step; the averaged ones are examined and kept.
_AVERAGED = 0.998
_CLIP = 10.0
_BETAS = (0.9, 0.98)
_STATE = "sight.pt"


@dataclass(frozen=True, slots=True)
class Checked:
    """How well the averaged weights see held-out people after a number of pictures: Pearson's r (mean over the shapes that vary),
    error of active values over that of the median, and the mean error of points in pixels."""

    pictures: int
    seconds: float
    correlation: float
    active_ratio: float
    pixels: float
    losses: dict[str, float]


class Lessons(Dataset[dict[str, Tensor]]):
    """Lessons by number as tensors; each process sets its teachers up once. Rigs take turns."""

    def __init__(self, teachers: Callable[[], list[Teacher]], first: int, count: int) -> None:
        self._make, self._first, self._count = teachers, first, count
        self._teachers: list[Teacher] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if self._teachers is None:
            torch.set_num_threads(1)
            self._teachers = self._make()
        number = self._first + index
        return tensors_of(self._teachers[number % len(self._teachers)].lesson(number))


def tensors_of(lesson: Lesson) -> dict[str, Tensor]:
    """A lesson by the names that `Reading.losses` takes; the picture stays uint8, (side, side, 3)."""
    face = lesson.face
    arrays = {
        "picture": lesson.picture,
        "coefficients": lesson.coefficients,
        "points": lesson.points,
        "moved": lesson.moved,
        "irises": lesson.irises,
        "head": lesson.head,
        "shares": face.shares,
        "place": face.place,
        "flow": face.moved,
        "surface": face.surface,
    }
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def pixels_of(pictures_BHW3: Tensor) -> Tensor:
    """uint8 pictures as a tower takes them: (B, 3, H, W) float32, -1..1, as Qwen's picture processor scales them."""
    return pictures_BHW3.permute(0, 3, 1, 2).float() / 127.5 - 1.0


class SightSchool:
    """A tower, its reading heads and their optimisers, between two lessons."""

    def __init__(self, tower: SquareTower, teachers: Callable[[], list[Teacher]], course: Sight, seed: int) -> None:
        self.course, self._teachers = course, teachers
        self.device = next(tower.parameters()).device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._examined = list(self._batches(MEASURED_FROM, course.held_out))
            spread = Spread.of(
                {k: torch.cat([batch[k] for batch in self._examined])[:_SPREAD_LESSONS] for k in self._examined[0]}
            )
            self.tower, self.reading = tower, Reading(tower, spread).to(self.device)
        self.model = torch.nn.ModuleDict({"tower": tower, "reading": self.reading})
        self.average = torch.optim.swa_utils.AveragedModel(
            self.model, multi_avg_fn=partial(_averaged, _AVERAGED), use_buffers=False
        )
        self._optimisers = _optimisers(tower, self.reading, course)
        self.step = 0

    @property
    def averaged_tower(self) -> Any:
        """The tower with averaged weights, as transformers has it."""
        model: Any = self.average.module
        return model["tower"].model

    def learn(self, told: Callable[[int, float], None], checked: Callable[[Checked], None], kept: Path | None = None) -> None:
        """Goes through the rest of the course; with ``kept`` it saves itself there at every check and goes on from there."""
        if kept is not None and (kept / _STATE).exists():
            self.load(kept)
        course, started = self.course, time.perf_counter()
        steps = course.pictures // course.batch_size
        for batch in self._batches(self.step * course.batch_size, (steps - self.step) * course.batch_size):
            for optimiser in self._optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = group["peak"] * _pace(self.step, steps, course)
            loss = self._stepped(batch)
            self.step += 1
            told(self.step * course.batch_size, loss)
            if self.step % course.check_every == 0 or self.step == steps:
                checked(self.check(time.perf_counter() - started))
                if kept is not None:
                    self.save(kept)

    def _stepped(self, lessons: dict[str, Tensor]) -> float:
        answers = self.reading(*self.tower(pixels_of(lessons["picture"])))
        loss = total(self.reading.losses(answers, lessons))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise WorkFailed(f"teaching the tower diverged at step {self.step}: lower its rates.")
        for optimiser in self._optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        for optimiser in self._optimisers:
            optimiser.step()
        self.average.update_parameters(self.model)
        return value

    @torch.no_grad()
    def check(self, seconds: float) -> Checked:
        """Examines the averaged weights on the held-out lessons."""
        model: Any = self.average.module
        tower, reading = model["tower"], model["reading"]
        told, true, losses, pixels = [], [], [], []
        for lessons in self._examined:
            lessons = {name: values.to(self.device) for name, values in lessons.items()}
            answers = reading(*tower(pixels_of(lessons["picture"])))
            told.append(reading.coefficients(answers).cpu())
            true.append(lessons["coefficients"].cpu())
            losses.append({name: float(part) for name, part in reading.losses(answers, lessons).items()})
            pixels.append(float((reading.landmarks(answers) - lessons["points"]).abs().mean()) * tower.side)
        r, ratio = scores(torch.cat(told).numpy(), torch.cat(true).numpy())
        means = {name: float(np.mean([each[name] for each in losses])) for name in losses[0]}
        return Checked(self.step * self.course.batch_size, seconds, r, ratio, float(np.mean(pixels)), means)

    def save(self, folder: Path) -> None:
        """Keeps everything that going on needs; the file appears whole."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "step": self.step,
            "course": self.course.model_dump(),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
        }
        beside = folder / f".{_STATE}"
        torch.save(state, beside)
        beside.rename(folder / _STATE)

    def load(self, folder: Path) -> None:
        """Goes back to what `save` kept; a course may be longer now."""
        state = torch.load(folder / _STATE, map_location=self.device, weights_only=True)
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)

    def _batches(self, first: int, count: int) -> Iterator[dict[str, Tensor]]:
        lessons = Lessons(self._teachers, first, count)
        workers = min(self.course.drawing_processes, max(0, count // self.course.batch_size))
        loader: Any = DataLoader(
            lessons,
            batch_size=self.course.batch_size,
            num_workers=workers,
            drop_last=False,
            # A forked process would share what numba and torch keep for threads.
            multiprocessing_context="spawn" if workers else None,
            prefetch_factor=4 if workers else None,
        )
        for batch in loader:
            yield {name: values.to(self.device) for name, values in batch.items()}


def scores(told: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Mean Pearson's r of the shapes (n, 61) that vary, and the error of values above 0.1 over that of the median's."""
    shapes = slice(0, 52)
    rs = []
    for channel in range(52):
        known = ~np.isnan(true[:, channel])
        a, b = told[known, channel], true[known, channel]
        if len(b) > 2 and b.std() > 0:
            rs.append(float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 else 0.0)
    active = true[:, shapes] > 0.1
    median = np.nanmedian(true[:, shapes], axis=0)
    ours = np.abs(told[:, shapes].clip(0, 1) - true[:, shapes])[active].mean()
    return float(np.mean(rs)), float(ours / np.abs(median - true[:, shapes])[active].mean())


@torch.no_grad()
def _averaged(kept: float, average: list[Tensor], now: list[Tensor], steps: Tensor | int) -> None:
    """Moves averaged weights towards those of now; the first steps less is kept, or a random start would stay for thousands."""
    share = min(kept, (1 + int(steps)) / (10 + int(steps)))
    torch._foreach_lerp_(average, now, 1 - share)


def _optimisers(tower: SquareTower, reading: Reading, course: Sight) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the tower, AdamW for what it reads, what it is read by, and all that is no matrix."""
    inside = [
        weight for name, weight in tower.named_parameters() if weight.ndim == 2 and ("blocks." in name or "merger.linear" in name)
    ]
    taken = {id(weight) for weight in inside}
    rest = [weight for weight in (*tower.parameters(), *reading.parameters()) if id(weight) not in taken]
    optimisers: list[torch.optim.Optimizer] = [
        Muon(inside, course.matrix_rate),
        torch.optim.AdamW(rest, lr=course.learning_rate, betas=_BETAS, weight_decay=0.0),
    ]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def _pace(step: int, steps: int, course: Sight) -> float:
    """Share of the peak rate: rises, stays, and falls linearly to a fiftieth."""
    rising = min(1.0, (step + 1) / _WARMUP)
    left = (steps - step) / max(1.0, steps * course.falling_share)
    return rising * max(0.02, min(1.0, left))
