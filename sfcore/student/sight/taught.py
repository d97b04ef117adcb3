"""A taught tower as a file: what a base starts from instead of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLVisionConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from sfcore.errors import WorkFailed
from sfcore.student.sight.neighbours import look_at_neighbours


def tower_config(out_width: int) -> Qwen3VLVisionConfig:
    """The tiny base's tower: 96 pixels in 144 patches, nine heads for nine places, six blocks; 1.8 M parameters."""
    return Qwen3VLVisionConfig(
        depth=6,
        hidden_size=144,
        intermediate_size=432,
        num_heads=9,
        patch_size=8,
        spatial_merge_size=2,
        temporal_patch_size=2,
        out_hidden_size=out_width,
        num_position_embeddings=144,
        deepstack_visual_indexes=[],
    )


def untaught_tower(out_width: int, seed: int) -> Qwen3VLVisionModel:
    """A tower of random weights from ``seed`` whose heads begin at their neighbours; torch's own generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3VLVisionModel(tower_config(out_width)).float()
    look_at_neighbours(model)
    return model


def save_tower(model: Any, file: Path) -> None:
    """Writes a tower's weights in 16 bits: half the size, and answers differ by less than pictures' noise."""
    weights = {name: weight.detach().cpu().to(torch.float16).contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, file, metadata={"format": "pt"})


def load_tower(model: Any, file: Path) -> None:
    """Puts a file's weights into a tower of the same shape; raises `WorkFailed` for a file that is torn or of another tower."""
    try:
        weights = {name: weight.float() for name, weight in load_file(file).items()}
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WorkFailed(
            f"{file.name} does not hold this tower's weights ({str(error).splitlines()[0]}): teach it anew."
        ) from None
