"""What a tower is asked about each picture while it learns to see, and how wrong its answers are.

The coefficients are what is wanted. The places of 134 points, how far each has moved, the irises, the head's rotation, and the
map of every cell are what makes it learn: without them a small tower stays at the mean face.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sfcore.arkit import NAMES
from sfcore.render.face_map import TISSUES
from sfcore.student.sight.tower import SquareTower

# So that each part of the loss is of the order of one for an untaught tower.
_PLACE_UNIT = 0.1  # of the picture
_HEAD_UNIT = 1 / 3
_FACE_UNIT = 3.0  # centimetres on the frontal plane
_WEIGHTS = {
    "coefficients": 1.0,
    "points": 1.0,
    "moved": 1.0,
    "irises": 1.0,
    "head": 0.3,
    "tissues": 0.5,
    "place": 2.0,
    "flow": 1.0,
    "pooled": 1.0,
}
_LEAST_SPREAD = 0.05
"""Standard deviation below which a channel's error is not magnified further."""
_NARROW, _HIDDEN = 32, 384
_DENSE = (len(TISSUES), 2, 3)


@dataclass(frozen=True)
class Spread:
    """Means and spreads of what lessons hold, by which answers are scaled: coefficients (61,), points (k, 2), movement in cm."""

    mean: Tensor
    deviation: Tensor
    points: Tensor
    moved: float

    @staticmethod
    def of(lessons: Mapping[str, Tensor]) -> Spread:
        """Measures a batch of some hundred lessons."""
        values = lessons["coefficients"]
        known = ~values.isnan()
        count = known.sum(dim=0).clamp(min=1)
        mean = torch.where(known, values, 0).sum(dim=0) / count
        square = torch.where(known, (values - mean) ** 2, 0).sum(dim=0) / count
        return Spread(mean, square.sqrt().clamp(min=_LEAST_SPREAD), lessons["points"].mean(dim=0), float(lessons["moved"].std()))


class Reading(nn.Module):
    """Heads upon a tower: whole-face answers from all merged patches, cell by cell answers from the patches themselves."""

    def __init__(self, tower: SquareTower, spread: Spread) -> None:
        super().__init__()
        config = tower.model.config
        points = len(spread.points)
        self.sizes = (len(NAMES), 2 * points, 3 * points, 4, 9)
        tokens = len(tower.order) // config.spatial_merge_size**2
        self.norm = nn.LayerNorm(config.out_hidden_size)
        self.narrow = nn.Linear(config.out_hidden_size, _NARROW)
        self.gather = nn.Linear(tokens * _NARROW, _HIDDEN)
        self.tell = nn.Linear(_HIDDEN, sum(self.sizes))
        # What stands in the mean of all patches, a language model finds by looking at all of them alike.
        self.pooled = nn.Sequential(
            nn.LayerNorm(config.out_hidden_size),
            nn.Linear(config.out_hidden_size, _HIDDEN),
            nn.GELU(),
            nn.Linear(_HIDDEN, len(NAMES)),
        )
        self.cell_norm = nn.LayerNorm(config.hidden_size)
        self.cell = nn.Linear(config.hidden_size, sum(_DENSE))
        self.register_buffer("mean", spread.mean)
        self.register_buffer("deviation", spread.deviation)
        self.register_buffer("points", spread.points)
        self.register_buffer("moved", torch.tensor(spread.moved))
        self.register_buffer("order", tower.order, persistent=False)

    mean: Tensor
    deviation: Tensor
    points: Tensor
    moved: Tensor
    order: Tensor

    def forward(self, cells_BNW: Tensor, merged_BTD: Tensor) -> dict[str, Tensor]:
        """Scaled answers, by the names of the loss's parts."""
        hidden = functional.gelu(self.gather(functional.gelu(self.narrow(self.norm(merged_BTD))).flatten(1)))
        whole = self.tell(hidden).split(self.sizes, dim=1)
        dense = self.cell(self.cell_norm(cells_BNW)).split(_DENSE, dim=2)
        return dict(zip(_WEIGHTS, (*whole, *dense, self.pooled(merged_BTD.mean(dim=1))), strict=True))

    def coefficients(self, answers: Mapping[str, Tensor]) -> Tensor:
        """(B, 61) in the channels' own units, from the mean of all patches; shapes may lie a little outside 0..1."""
        return answers["pooled"] * self.deviation + self.mean

    def landmarks(self, answers: Mapping[str, Tensor]) -> Tensor:
        """(B, 134, 2) places in the picture, 0..1 from its upper left corner."""
        return answers["points"].view(-1, *self.points.shape) * _PLACE_UNIT + self.points

    def losses(self, answers: Mapping[str, Tensor], lessons: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The parts of the loss, scalars; unknown coefficients and cells without face count for nothing."""
        wanted = (lessons["coefficients"] - self.mean) / self.deviation
        known = ~wanted.isnan()
        channels = known.sum().clamp(min=1)

        def wrong(told: Tensor) -> Tensor:
            return (torch.where(known, told - wanted.nan_to_num(), 0) ** 2).sum() / channels

        surface = lessons["surface"].flatten(1)[:, self.order, None]
        on_face = surface / surface.sum().clamp(min=1)
        smooth = functional.smooth_l1_loss
        return {
            "coefficients": wrong(answers["coefficients"]),
            "points": smooth(answers["points"], ((lessons["points"] - self.points) / _PLACE_UNIT).flatten(1)),
            "moved": smooth(answers["moved"], (lessons["moved"] / self.moved).flatten(1)),
            "irises": smooth(answers["irises"], ((lessons["irises"] - 0.5) / _PLACE_UNIT).flatten(1)),
            "head": functional.mse_loss(answers["head"], (lessons["head"] / _HEAD_UNIT).flatten(1)),
            "tissues": functional.cross_entropy(answers["tissues"].flatten(0, 1), self._cells(lessons["shares"]).flatten(0, 1)),
            "place": (_cell_errors(answers["place"], self._cells(lessons["place"]) / _FACE_UNIT) * on_face).sum(),
            "flow": (_cell_errors(answers["flow"], self._cells(lessons["flow"]) / self.moved) * on_face).sum(),
            "pooled": wrong(answers["pooled"]),
        }

    def _cells(self, map_BCCK: Tensor) -> Tensor:
        return map_BCCK.flatten(1, 2)[:, self.order]


def _cell_errors(told: Tensor, wanted: Tensor) -> Tensor:
    return functional.smooth_l1_loss(told, wanted, reduction="none").mean(dim=2, keepdim=True)


def total(losses: Mapping[str, Tensor]) -> Tensor:
    """The weighted sum of a loss's parts."""
    return torch.stack([_WEIGHTS[name] * part for name, part in losses.items()]).sum()
