"""Muon: momentum whose update of a matrix is made orthogonal, so that rare directions learn as fast as frequent ones.

After Keller Jordan et al., *Muon: An optimizer for hidden layers in neural networks* (2024), with its quintic iteration. torch's
own computes in bfloat16, which is several times slower than float32 on a CPU, and takes a fused query-key-value matrix for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

# Coefficients of the quintic iteration and its rounds, from the source named above.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5
_MOMENTUM = 0.95
_DECAY = 0.01


class Muon(torch.optim.Optimizer):
    """For matrices alone; everything else belongs to AdamW. A matrix three times as high as wide is three that lie together."""

    def __init__(self, matrices: Iterable[Tensor], rate: float) -> None:
        super().__init__(list(matrices), {"lr": rate})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One update; it takes no closure, since nothing here evaluates a loss twice."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                kept: dict[str, Any] = self.state[matrix]
                momentum = kept.setdefault("momentum", torch.zeros_like(matrix))
                momentum.mul_(_MOMENTUM).add_(matrix.grad)
                ahead = matrix.grad + _MOMENTUM * momentum
                pieces = ahead.chunk(3) if ahead.shape[0] == 3 * ahead.shape[1] else (ahead,)
                update = torch.cat([orthogonal(piece) * max(1.0, piece.shape[0] / piece.shape[1]) ** 0.5 for piece in pieces])
                matrix.mul_(1 - group["lr"] * _DECAY).add_(update, alpha=-group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix (n, m) with all singular values near 1 (between 0.7 and 1.2)."""
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide / (wide.norm() + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = _A * x + (_B * square + _C * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x
