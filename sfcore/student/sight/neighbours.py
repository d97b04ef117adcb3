"""The start that makes a small vision transformer learn: each head of attention looks at one neighbour, as a convolution does.

From a random start a tower of a few million parameters averages over the whole picture and stays there for minutes of training.
Heads that each begin at one place of the 3 x 3 around a patch leave that plateau at once, and attention may move from there. The
idea is that of *Convolutional Initialization for Data-Efficient Vision Transformers* (Zheng, Li, Lucey, 2024); here rotary
positions carry it: queries and keys get biases whose phases point at the neighbour.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

NEIGHBOURS: tuple[tuple[int, int], ...] = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
"""Where head k looks at first, in patches down and right."""

# How much larger a head's score of its neighbour is than of a patch far off, in nats: it begins with about 0.87 of attention.
_SHARPNESS = 7.0
# What is left of the random part of queries and keys, so that the biases speak first.
_RANDOM_SHARE = 0.15
# Frequencies per axis that carry the phase: the fastest two tell neighbours apart and do not repeat within 12 patches.
_FREQUENCIES = 2


def look_at_neighbours(model: Qwen3VLVisionModel) -> None:
    """Sets queries' and keys' biases of every block so that head k looks at ``NEIGHBOURS[k % 9]``, in place."""
    config = model.config
    width, heads = config.hidden_size, config.num_heads
    quarter = width // heads // 4
    blocks: Any = model.blocks
    speeds: Any = model.rotary_pos_emb.inv_freq
    strength = math.sqrt(_SHARPNESS * math.sqrt(width / heads))
    with torch.no_grad():
        for block in blocks:
            weight, bias = block.attn.qkv.weight, block.attn.qkv.bias
            weight[: 2 * width] *= _RANDOM_SHARE
            bias.zero_()
            queries, keys = bias[:width].view(heads, -1), bias[width : 2 * width].view(heads, -1)
            for head in range(heads):
                for axis, step in enumerate(NEIGHBOURS[head % len(NEIGHBOURS)]):
                    for k in range(_FREQUENCIES):
                        at, phase = axis * quarter + k, -float(speeds[k]) * step
                        queries[head, at] = strength
                        keys[head, at] = strength * math.cos(phase)
                        keys[head, at + 2 * quarter] = strength * math.sin(phase)
