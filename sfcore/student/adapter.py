"""The part of the student that learns: LoRA on the language side, saved, reopened and compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from sfcore.arkit import NAMES
from sfcore.codecs.codec import codec_named
from sfcore.errors import WorkFailed
from sfcore.randomness import stream
from sfcore.recipe import Student as StudentRecipe
from sfcore.student.base import Base, load_base
from sfcore.student.batches import Batch
from sfcore.student.dialogue import FIELD_LIMIT, Dialogue, Tokens

_LANGUAGE_LINEAR = r".*language_model\.layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"
_FACTS = "student.json"
_WORD = re.compile(r"[A-Z][a-z]*")


@dataclass(frozen=True)
class Facts:
    """What must be known beside the weights to ask the student: its codec, and the channels that no training row knew.

    ``field_limit``: tokens at which a field of a description is cut, somewhat above the longest that was learnt.
    """

    codec: str
    unknown_channels: tuple[str, ...]
    field_limit: int = FIELD_LIMIT

    def save(self, folder: Path) -> None:
        """Writes the facts into an adapter's folder."""
        content = {"codec": self.codec, "unknown_channels": self.unknown_channels, "field_limit": self.field_limit}
        (folder / _FACTS).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Facts:
        """Reads them back; raises `WorkFailed` when the folder holds none."""
        path = folder / _FACTS
        if not path.is_file():
            raise WorkFailed(f"{folder} is no student's adapter: it holds no {_FACTS}.")
        content = json.loads(path.read_text(encoding="utf-8"))
        return Facts(content["codec"], tuple(content["unknown_channels"]), content.get("field_limit", FIELD_LIMIT))


def attach_adapter(base: Base, student: StudentRecipe, seed: int) -> PeftModel:
    """Freezes the base and adds what is to learn; the first weights of the adapter follow from ``seed``.

    A base that has been taught learns by LoRA alone. An untaught one (random weights) knows no token and sees nothing: LoRA
    turns the random directions of its layers, but tokens without meaning stay without, so the embeddings (tied with the output
    layer) and the merger that turns patches into tokens learn whole. Measured with rank 16 at learning rate 3e-3 on 80 steps
    of batch 16: the description's loss falls from 6.1 to 0.5 nats, as it does when all weights learn.
    """
    channels = Dialogue(base.processor, codec_named(student.codec)).channel_ids
    make_room(base, channels)
    config = LoraConfig(
        r=student.lora_rank,
        lora_alpha=student.lora_alpha,  # type: ignore[arg-type]  # a float serves
        lora_dropout=student.lora_dropout,
        target_modules=_LANGUAGE_LINEAR,
        modules_to_save=["embed_tokens", "merger"] if base.untaught else None,
        ensure_weight_tying=base.untaught,
        # The embeddings of channel tokens learn with the adapter; an untaught base's learn whole.
        trainable_token_indices={"embed_tokens": list(channels)} if channels and not base.untaught else None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(f"adapter-{seed}", "weights").integers(2**63)))
        return get_peft_model(base.model, config)


@torch.no_grad()
def make_room(base: Base, channels: Tokens) -> None:
    """Gives channel tokens their first embeddings: the mean of the words that name the channel.

    Bases from the hub have more rows than their tokenizer has tokens, so that nothing is resized; the embeddings of one that has
    not are made larger, here and, since nothing but the adapter is saved, whenever it is opened again.
    """
    if not channels:
        return
    model: Any = base.model
    if max(channels) >= model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(max(channels) + 1, mean_resizing=False)
    rows = model.get_input_embeddings().weight
    words = [" " + " ".join(_WORD.findall(name)).lower() for name in NAMES]
    for token, ids in zip(channels, base.processor.tokenizer(words, add_special_tokens=False)["input_ids"], strict=True):
        rows[token] = rows[ids].mean(dim=0)


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Writes the learnt weights and their configuration to ``folder``."""
    # The embeddings of an untaught base go along as a module to save; 'auto' would ask the hub about the base.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's form of a model card, empty
    # peft notes the folder that the base was read from, which means nothing on another machine; lineage names the base.
    path = folder / "adapter_config.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), "base_model_name_or_path": None}
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def reopen_adapter(base_folder: str | Path, folder: Path, dtype: torch.dtype = torch.float32) -> PeftModel:
    """Opens the base anew and puts the saved adapter on it, in eval mode."""
    base = load_base(base_folder, dtype)
    if (folder / _FACTS).is_file():
        make_room(base, Dialogue(base.processor, codec_named(Facts.load(folder).codec)).channel_ids)
    # Left to itself, peft opens an adapter of 16 bits in 32, which answers differently from the one that was trained.
    return PeftModel.from_pretrained(base.model, folder, autocast_adapter_dtype=False).eval()


def largest_difference(model_a: torch.nn.Module, model_b: torch.nn.Module, batch: Batch) -> float:
    """Largest absolute difference of two models' logits over the tokens of a batch that are not padding."""
    logits_a, logits_b = (logits_of(model, batch) for model in (model_a, model_b))
    return float((logits_a - logits_b).abs()[batch.mask.bool()].max())


@torch.no_grad()
def logits_of(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """(B, T, V) float32 logits on the CPU, without dropout."""
    was_training = model.training
    model.eval()
    logits: torch.Tensor = model(**batch.inputs(next(model.parameters()).device)).logits.float().cpu()
    model.train(was_training)
    return logits
