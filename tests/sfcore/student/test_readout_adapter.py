"""The embeddings of channel tokens learn with the adapter, are saved with it, and come back through peft alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from learnable_rows import learnable_rows
from peft import PeftModel
from safetensors.torch import load_file

from sfcore.codecs.codec import codec_named
from sfcore.recipe import Recipe
from sfcore.recipe import Student as StudentRecipe
from sfcore.student.adapter import Facts, attach_adapter, largest_difference, reopen_adapter, save_adapter
from sfcore.student.base import load_base
from sfcore.student.batches import Batch, Supervision, loss_sums
from sfcore.student.dialogue import Dialogue

READOUT = StudentRecipe(codec="readout", lora_rank=4)


@pytest.fixture(scope="module")
def taught(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny base as bases from the hub are: taught, as far as anyone can tell, with more embeddings than tokens."""
    folder = tmp_path_factory.mktemp("hub") / "taught"
    base = load_base(tiny)
    base.model.resize_token_embeddings(len(base.processor.tokenizer) + 100, mean_resizing=False)
    base.model.config.sface_untaught = False
    base.model.save_pretrained(folder)
    base.processor.save_pretrained(folder)
    return folder


def _step(model: PeftModel, batch: Batch) -> None:
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1e-2)
    loss_sums(model(**batch.inputs()).logits, batch).coefficients.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


@pytest.mark.parametrize("kind", ["taught", "untaught"])
def test_channel_embeddings_learn_and_come_back(kind: str, tiny: Path, taught: Path, tmp_path: Path) -> None:
    folder = taught if kind == "taught" else tiny
    base = load_base(folder)
    model = attach_adapter(base, READOUT, seed=0)
    dialogue = Dialogue(base.processor, codec_named("readout"))
    channels = list(dialogue.channel_ids)
    batch = Supervision(learnable_rows(2, Recipe()), dialogue).batch(np.arange(2))

    def embedded() -> torch.Tensor:
        return model.get_input_embeddings()(torch.tensor(channels)).detach().clone()

    before = embedded()
    _step(model, batch)
    assert (embedded() - before).abs().amax(dim=1).min() > 1e-4, "every channel token has learnt"
    save_adapter(model, tmp_path)
    base.processor.save_pretrained(tmp_path)
    Facts("readout", ("TongueOut",)).save(tmp_path)
    again = reopen_adapter(folder, tmp_path)
    assert largest_difference(model, again, batch) == 0.0
    if kind == "taught":
        alone = PeftModel.from_pretrained(load_base(folder).model, tmp_path)
        assert largest_difference(model, alone, batch) == 0.0
        assert json.loads((tmp_path / "adapter_config.json").read_text())["trainable_token_indices"] == {"embed_tokens": channels}
        saved = load_file(tmp_path / "adapter_model.safetensors")
        assert max(weight.shape[0] for weight in saved.values()) < len(base.processor.tokenizer), "61 rows, not all embeddings"
        merged = alone.merge_and_unload()
        assert largest_difference(model, merged, batch) < 1e-4


def test_a_tokenizer_that_knows_the_channels_keeps_their_ids(tiny: Path, tmp_path: Path) -> None:
    first = Dialogue(load_base(tiny).processor, codec_named("readout"))
    first.processor.save_pretrained(tmp_path)
    from sfcore.student.base import load_processor

    assert Dialogue(load_processor(tmp_path), codec_named("readout")).channel_ids == first.channel_ids
    assert len(set(first.channel_ids)) == 61
    assert min(first.channel_ids) >= len(load_base(tiny).processor.tokenizer)
