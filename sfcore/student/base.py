"""Base models: the tiny one made from a seed, and any Qwen3-VL folder or hub name, opened the same way."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
)

from sfcore.captions.grammar import describe
from sfcore.codecs.answer import Answer
from sfcore.codecs.compact import CompactCodec
from sfcore.errors import WorkFailed, WrongUse
from sfcore.randomness import digest, stream
from sfcore.recordings.prior import draw_take
from sfcore.student.dialogue import QUESTION
from sfcore.student.sight.neighbours import look_at_neighbours
from sfcore.student.sight.taught import load_tower, tower_config
from sfcore.student.tokenizer import IMAGE, VIDEO, VISION_END, VISION_START, train_tokenizer

COMPLETE = "_COMPLETE"
"""File written last into a base's folder, the same that a workspace writes: a folder without it is a torn one."""

TINY_WIDTH = 192
"""Width of the tiny base's language side, which its tower must give."""

_UNTAUGHT = "sface_untaught"  # field of config.json that says that the weights of the language side are random
_VOCABULARY = 1024
_CAPTION_TAKES, _CAPTION_FRAMES = 40, 50  # 2,000 captions: enough for every word of the grammar to become one token
_SIDE = 96  # pixels; with patches of 8, merged 2 x 2, a picture is 36 tokens


class StudentProcessor(Qwen3VLProcessor):
    """Qwen3-VL's processor without its video half, which cannot be imported where torchvision is not installed."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any) -> None:
        super().__init__(image_processor, tokenizer, video_processor=None, chat_template=chat_template)


@dataclass(frozen=True)
class Base:
    """An opened base: its weights (in eval mode), its processor, and whether its language is untaught (made from a seed)."""

    model: Qwen3VLForConditionalGeneration
    processor: StudentProcessor
    untaught: bool


def make_tiny(folder: Path, seed: int, tower: Path | None = None) -> None:
    """Writes a Qwen3-VL of 4.3 M parameters with its own tokenizer to ``folder``, in the hub's format.

    Its vision tower has the weights in the file ``tower`` and sees faces; all else is random, without a file the tower too.
    The bytes follow from ``seed``, the tower, the words of the caption grammar and the installed torch alone. The folder appears
    whole: it is built beside its place, its marker goes last, and one rename moves it in. One that is complete is left alone.
    """
    if (folder / COMPLETE).is_file():
        return
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    tokenizer = train_tokenizer(_captions(seed), _VOCABULARY)
    model = _random_model(_tiny_config(tokenizer), seed)
    if tower is None:
        look_at_neighbours(model.model.visual)
    else:
        load_tower(model.model.visual, tower)
    _write_model(model, beside)
    StudentProcessor(_tiny_image_processor(), tokenizer, tokenizer.chat_template).save_pretrained(beside)
    (beside / COMPLETE).touch()
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def load_base(folder_or_name: str | Path, dtype: torch.dtype = torch.float32) -> Base:
    """Opens a Qwen3-VL from a folder in the hub's format or a name such as ``Qwen/Qwen3-VL-4B-Instruct``.

    Raises `WrongUse` when neither such a folder nor such a name is there, `WorkFailed` when the folder is torn.
    """
    place = str(folder_or_name)
    if Path(place).is_dir() and not list(Path(place).glob("*.safetensors*")):
        raise WorkFailed(f"the base at {place} holds no weights: remove the folder so that it is made or fetched again.")
    try:
        model = Qwen3VLForConditionalGeneration.from_pretrained(place, dtype=dtype)
    except OSError as error:
        raise WrongUse(f"cannot open the base '{place}': {str(error).splitlines()[0]}") from None
    untaught = bool(getattr(model.config, _UNTAUGHT, False))
    return Base(model.eval(), load_processor(place), untaught)


def load_processor(folder_or_name: str | Path) -> StudentProcessor:
    """Opens the processor alone: picture processor, tokenizer and chat template. Raises `WrongUse` when there is none."""
    place = str(folder_or_name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(place)
        pictures = Qwen2VLImageProcessorPil.from_pretrained(place)
    except OSError as error:
        raise WrongUse(f"cannot open the processor of '{place}': {str(error).splitlines()[0]}") from None
    return StudentProcessor(pictures, tokenizer, tokenizer.chat_template)


def _captions(seed: int) -> list[str]:
    """Answers to faces of the coefficient prior, and what stands around each: the texts that the tokenizer learns from."""
    codec = CompactCodec()
    faces = np.concatenate([draw_take(seed, take, _CAPTION_FRAMES) for take in range(_CAPTION_TAKES)])
    named = [(face, digest("tiny-base", seed, row)) for row, face in enumerate(faces)]
    answers = [codec.encode(Answer(describe(face, name), face)) for face, name in named]
    # Repeated until no word of a caption is more frequent: every mark, with the space before it, becomes one token.
    marks = "".join(codec.coefficient_slots()[-1])
    return [*answers, *[f"user\nassistant\n{QUESTION}{marks}"] * len(answers)]


def _tiny_config(tokenizer: PreTrainedTokenizerBase) -> Qwen3VLConfig:
    width, heads, head_width = TINY_WIDTH, 6, 32
    markers = tokenizer.get_vocab()
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": width,
            "intermediate_size": 512,
            "num_hidden_layers": 6,
            "num_attention_heads": heads,
            "num_key_value_heads": 2,
            "head_dim": head_width,
            "max_position_embeddings": 4096,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": None,
            # The three sections (time, height, width) share half of head_dim; Qwen3-VL's own are 24, 20, 20 of 64.
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
        },
        vision_config=tower_config(width).to_dict(),
        image_token_id=markers[IMAGE],
        video_token_id=markers[VIDEO],
        vision_start_token_id=markers[VISION_START],
        vision_end_token_id=markers[VISION_END],
        tie_word_embeddings=True,
    )
    config.update({_UNTAUGHT: True})
    return config


def _random_model(config: Qwen3VLConfig, seed: int) -> Qwen3VLForConditionalGeneration:
    """The model with weights from the seed; torch's own generator is put back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(f"tiny-{seed}", "weights").integers(2**63)))
        return Qwen3VLForConditionalGeneration(config).float()


def _write_model(model: Qwen3VLForConditionalGeneration, folder: Path) -> None:
    # What save_pretrained writes, without its detour through accelerate, which imports DeepSpeed for five seconds.
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    weights = {name: weight for name, weight in model.state_dict().items() if name != "lm_head.weight"}  # tied
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _tiny_image_processor() -> Qwen2VLImageProcessorPil:
    # One size for the smallest and the largest: every picture becomes about 36 tokens, whatever its size.
    size = {"shortest_edge": _SIDE * _SIDE, "longest_edge": _SIDE * _SIDE}
    half = [0.5, 0.5, 0.5]  # -1..1, as Qwen3-VL's own processor scales; this class is older and its defaults are CLIP's
    return Qwen2VLImageProcessorPil(patch_size=8, merge_size=2, temporal_patch_size=2, size=size, image_mean=half, image_std=half)
