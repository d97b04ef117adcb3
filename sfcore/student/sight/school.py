"""From a recipe to a taught tower: who teaches, from which faces, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from sfcore.errors import WrongUse
from sfcore.randomness import stream
from sfcore.recipe import Faces, Recipe
from sfcore.rigs.registry import load_rig
from sfcore.store.workspace import Workspace
from sfcore.student.sight.lesson import Floats, Teacher
from sfcore.student.sight.taught import save_tower, untaught_tower
from sfcore.student.sight.teaching import Checked, SightSchool
from sfcore.student.sight.tower import SquareTower

TOWER, REPORT = "tower.safetensors", "tower.json"
_TURNS = 100


@dataclass(frozen=True)
class Staff:
    """Sets up one teacher for each turn in a hundred lessons, rigs by their weights; travels to the drawing processes."""

    workspace: Workspace
    faces: Faces
    recorded: Floats
    seed: int

    def __call__(self) -> list[Teacher]:
        """The teachers, in the order of their turns."""
        weights = self.faces.rigs
        each = {name: Teacher(load_rig(name, self.workspace), self.faces, self.recorded, self.seed) for name in sorted(weights)}
        if len(each) == 1:
            return list(each.values())
        names, shares = sorted(weights), np.array([weights[name] for name in sorted(weights)])
        ends = np.round(np.cumsum(shares / shares.sum()) * _TURNS).astype(int)
        turns = np.searchsorted(ends, np.arange(_TURNS), side="right")
        return [each[names[turn]] for turn in stream(f"staff-{self.seed}", "turns").permutation(turns)]


def teach_tower(
    workspace: Workspace, recipe: Recipe, recorded: Floats, out_width: int, out: Path, told: Callable[[int, str], None]
) -> Checked:
    """Teaches a tower as ``recipe.sight`` says and writes `TOWER` and `REPORT` into ``out``; its state is kept there meanwhile.

    ``recorded`` (n, 61) are faces of recordings to learn from, of which there may be none. It uses a GPU where there is one.
    Raises `WrongUse` for a recipe without sight, `WorkFailed` when the loss is not a number.
    """
    if recipe.sight is None:
        raise WrongUse(f"recipe '{recipe.name}' has no part 'sight': add one, or take the recipe tiny-base.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tower = SquareTower(untaught_tower(out_width, recipe.seed)).to(device)
    faces = recipe.faces.model_copy(update={"size": tower.side})
    school = SightSchool(tower, Staff(workspace, faces, recorded, recipe.seed), recipe.sight, recipe.seed)
    checks: list[Checked] = []
    latest = {"loss": 0.0}

    def note(pictures: int, loss: float) -> None:
        latest["loss"] = loss
        seen = f", r {checks[-1].correlation:.2f}, points off by {checks[-1].pixels:.1f} pixels" if checks else ""
        told(pictures, f"loss {loss:.2f}{seen}")

    school.learn(note, checks.append, out)
    if not checks:
        checks.append(school.check(0.0))
    save_tower(school.averaged_tower, out / TOWER)
    report = {
        "recipe": recipe.model_dump(mode="json"),
        "recorded_faces": len(recorded),
        "device": device,
        "threads": torch.get_num_threads(),
        "checks": [asdict(check) for check in checks],
    }
    (out / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return checks[-1]
