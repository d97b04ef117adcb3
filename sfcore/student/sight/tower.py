"""A batch of equal square pictures through a Qwen3-VL vision tower at once, by the tower's own weights.

transformers packs pictures of any sizes into one long row and cuts it again for attention. Where all pictures are one size, a
batch is a batch: the same numbers (to 1e-5) in less time, which is what the first million pictures cost.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel


class SquareTower(nn.Module):
    """A vision tower that looks at pictures of the one size for which its position embeddings were made."""

    cosines: Tensor
    sines: Tensor
    order: Tensor

    def __init__(self, model: Qwen3VLVisionModel) -> None:
        super().__init__()
        self.model: Any = model
        config: Any = model.config
        self.cells = math.isqrt(config.num_position_embeddings)
        """Patches along a side."""
        self.side = self.cells * config.patch_size
        """Pixels along a side."""
        merge = config.spatial_merge_size
        grid = torch.arange(self.cells**2).view(self.cells // merge, merge, self.cells // merge, merge)
        order = grid.permute(0, 2, 1, 3).reshape(-1)
        places = torch.stack([order // self.cells, order % self.cells], dim=1)
        cosines, sines = model.rotary_pos_emb(torch.zeros(1), places)
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)

    def forward(self, pictures_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures, -1..1 -> what stands for each patch (B, cells * cells, width) and for each merged one (B, tokens, out width).

        Patches lie in the order of ``order``: the four of a merged one together, as Qwen's picture processor lays them out.
        """
        config, batch = self.model.config, len(pictures_B3HW)
        heads = config.num_heads
        state = functional.linear(self._patches(pictures_B3HW), *self._stem()) + self.model.pos_embed.weight[self.order]
        for block in self.model.blocks:
            qkv = block.attn.qkv(block.norm1(state)).view(batch, len(self.order), 3, heads, -1)
            query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
            mixed = functional.scaled_dot_product_attention(self._turned(query), self._turned(key), value)
            state = state + block.attn.proj(mixed.transpose(1, 2).flatten(2))
            state = state + block.mlp(block.norm2(state))
        merged = self.model.merger(state).view(batch, -1, config.out_hidden_size)
        return state, merged

    def _stem(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the patch embedding, (width, 3 * patch * patch): a still picture is both frames of time."""
        stem = self.model.patch_embed.proj
        return stem.weight.sum(dim=2).flatten(1), stem.bias

    def _patches(self, pictures_B3HW: Tensor) -> Tensor:
        config = self.model.config
        merge, coarse = config.spatial_merge_size, self.cells // config.spatial_merge_size
        patch = self.side // self.cells
        cut = pictures_B3HW.view(-1, 3, coarse, merge, patch, coarse, merge, patch).permute(0, 2, 5, 3, 6, 1, 4, 7)
        return cut.reshape(len(pictures_B3HW), self.cells**2, -1)

    def _turned(self, x_BHND: Tensor) -> Tensor:
        """Rotary position embedding, halves turned against each other."""
        first, second = x_BHND.chunk(2, dim=-1)
        return x_BHND * self.cosines + torch.cat((-second, first), dim=-1) * self.sines
