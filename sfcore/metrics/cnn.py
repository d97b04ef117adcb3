"""The second baseline: a small convolutional regressor from a picture to the 61 numbers, trained on the very same pictures.

A candidate that does not beat it has learned nothing from being a language model.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from sfcore.arkit import CHANNELS, MIRROR_INDEX, MIRROR_SIGN
from sfcore.errors import WorkFailed
from sfcore.metrics.baselines import coefficients_of
from sfcore.randomness import stream

if TYPE_CHECKING:
    import pyarrow as pa

WIDTHS = (16, 32, 64, 128)
"""Feature maps after each halving: 0.6 M parameters, 11 s for 150 steps of 32 pictures of 96 pixels on one core."""
BATCH = 32
BEND = 0.1
"""Where the loss turns from squared to absolute, in spreads. On 512 drawn faces and 150 steps (seed 0) the skill over the median
was -0.12 with a bend at 0.5, -0.03 at 0.1 and 0.00 at 0.02, where it only repeats the median."""
PEAK_RATE = 3e-3
LEAST_SPREAD = 0.02
"""Targets are divided by their spread over the training labels; a channel that hardly moves is not blown up beyond this."""


def _halving(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    # Groups rather than batches are normalised: a picture's answer never depends on its neighbours.
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, 2, kernel // 2), nn.GroupNorm(8, outputs), nn.ReLU())


class _Regressor(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        deeper = (nn.Conv2d(c, c, 3, padding=1), nn.ReLU()), (nn.Conv2d(d, d, 3, padding=1), nn.ReLU())
        self.stages = nn.Sequential(
            _halving(3, a, 5), _halving(a, b, 3), _halving(b, c, 3), *deeper[0], _halving(c, d, 3), *deeper[1]
        )
        # The face's parts are told apart by where they are: keep a 6 x 6 grid of places.
        self.places = nn.AdaptiveAvgPool2d(6)
        self.out = nn.Linear(d * 36, outputs)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.out(self.places(self.stages(image_BCHW)).flatten(1))


def _fresh(outputs: int, seed: int) -> _Regressor:
    """Weights from a generator of their own (He et al. 2015); the last layer starts at 0, so the first answer is the median."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        net = _Regressor(outputs)
    net.to_empty(device="cpu")
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.GroupNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    return net


def _pixels(images: Sequence[bytes], size: int) -> Tensor:
    """Pictures as (n, 3, size, size) float32 in -1..1."""
    arrays = []
    for image in images:
        with Image.open(io.BytesIO(image)) as picture:
            rgb = picture.convert("RGB")
        arrays.append(np.asarray(rgb if rgb.size == (size, size) else rgb.resize((size, size), Image.Resampling.BILINEAR)))
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


@dataclass(frozen=True, slots=True)
class CnnBaseline:
    """A trained regressor: ``centre`` and ``spread``, (61,) float32, turn its output into coefficients."""

    net: nn.Module
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    size: int

    def predict(self, images: Sequence[bytes]) -> NDArray[np.float32]:
        """Answers encoded pictures with (n, 61) float32 within each channel's range; nan for channels no training row knew."""
        low, high = (np.array([getattr(c, end) for c in CHANNELS], np.float32) for end in ("low", "high"))
        answers = np.empty((len(images), len(CHANNELS)), np.float32)
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                raw = self.net(_pixels(images[start : start + BATCH], self.size)).numpy()
                answers[start : start + BATCH] = np.clip(self.centre + self.spread * raw, low, high)
        return answers


def _masked_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Smooth L1 over the known targets alone: near the mean where errors are small, near the median where they are large."""
    known = ~torch.isnan(target)
    loss = functional.smooth_l1_loss(predicted, torch.where(known, target, predicted.detach()), reduction="sum", beta=BEND)
    return loss / known.sum().clamp(min=1)


def train_cnn(train: pa.Table, steps: int, seed: int, size: int) -> CnnBaseline:
    """Trains on supervision rows (``image`` and the 61 channels, null = unknown) for ``steps`` batches of 32, in float32.

    ``size`` is the width and height in pixels at which pictures are read. Half of the batches are seen mirrored, with their
    labels mirrored along. The result follows from the rows and the seed (to the last bit for one number of torch threads). Raises
    `WorkFailed` when there is no row.
    """
    labels = coefficients_of(train)
    if not len(labels):
        raise WorkFailed("the convolutional baseline has no training row to learn from: run supervise first.")
    known = ~np.all(np.isnan(labels), axis=0)
    centre, spread = np.full((2, labels.shape[1]), np.nan, np.float32)
    centre[known] = np.nanmedian(labels[:, known], axis=0)
    spread[known] = np.maximum(np.nanstd(labels[:, known], axis=0), LEAST_SPREAD)
    order = stream(str(seed), "batches of the convolutional baseline")
    net = _fresh(labels.shape[1], int(order.integers(2**62)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
    # A fifth of fewer than five steps is no step: they rise within the first, or the cycle would begin at its peak.
    rise = max(0.2, 1.2 / (steps + 1))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps + 1, pct_start=rise)
    images = train["image"]
    for _ in range(steps):
        picked = order.permutation(len(labels))[:BATCH]
        image_BCHW, target = _pixels([images[int(i)].as_py() for i in picked], size), labels[picked]
        if order.random() < 0.5:
            image_BCHW, target = image_BCHW.flip(3), target[:, list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)
        loss = _masked_loss(net(image_BCHW), torch.from_numpy((target - centre) / spread))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return CnnBaseline(net.eval(), centre, spread, size)
