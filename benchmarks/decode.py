"""How fast the three codecs answer beside transformers' own generate, and how well after equal training.

    python benchmarks/decode.py [--adapters FOLDER] [--base FOLDER] [--steps 60] [--batch 16] [--json figures.json]

Draws pictures of the embedded head, teaches one adapter for each codec with the same steps, batches, seed and base, and answers
pictures of people that none has seen. The other side writes the `official` text freely with transformers' generate: the same
weights as our `official`, the same pictures and batch. It is given the length of our own longest answer in the batch, since a
student of a few steps does not stop by itself. Untaught weights (--steps 0) go the way that is guessed by chance alone: theirs is
the least that decoding gains; --words 12 gives them descriptions of a caption's length. What is timed is the answer, not opening
or training. Tokens and forward passes do not depend on what else the machine does; seconds do, so all ways take turns.

Adapters are kept in --adapters (else a temporary folder) and found there again: teach once, measure often, or put others there,
as `sface distill` leaves them, under the names official, compact and readout.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.captions.grammar import describe
from sfcore.codecs.answer import AnswerError
from sfcore.codecs.codec import CODEC_NAMES, codec_named
from sfcore.metrics.baselines import median_prediction
from sfcore.recipe import Faces, Training
from sfcore.recipe import Student as StudentRecipe
from sfcore.recordings.prior import draw_take
from sfcore.render.draw import Renderer
from sfcore.render.scene import draw_scene
from sfcore.rigs.registry import load_rig
from sfcore.student.adapter import Facts, attach_adapter, save_adapter
from sfcore.student.answering import Student
from sfcore.student.base import load_base, make_tiny
from sfcore.student.batches import Supervision, batch_indices, look, loss_sums, padded
from sfcore.student.dialogue import Dialogue
from sfcore.student.habits import Habits
from sfcore.student.picture import seen
from sfcore.student.training import learning_rate
from sfcore.student.writing import MOST_GUESSED, write

FREE = "generate, official"


@dataclass
class Figure:
    """One way of answering."""

    way: str
    tokens: float
    passes: float
    milliseconds: float
    """For one picture, median of the rounds."""
    times_faster: float
    parsed: float
    error: float
    """Mean absolute error of shapes; an answer that cannot be read is off by the whole range."""
    active_error: float
    """The same where the truth is above 0.1."""


def draw_rows(count: int, seed: int, size: int) -> pa.Table:
    """Rows of the supervision table's learnt columns: so many people, a picture of each, faces of the coefficient prior."""
    rig = load_rig("procedural")
    renderer = Renderer(rig)
    shares = {name: 0.0 for name in Faces.model_fields if name.endswith("_share")}
    faces = Faces.model_validate({**shares, "size": size, "noise": False, "framing": False, "head_motion": False})
    rows = []
    for i, face in enumerate(draw_take(seed, 0, count, fps=2.0)):
        name = f"decode-{seed}-{i}"
        scene = draw_scene(name, rig, name, face, faces)
        out = io.BytesIO()
        Image.fromarray(renderer.draw(scene)).save(out, "PNG")
        said = describe(scene.coefficients, name)
        rows.append(
            {
                "sample_id": name,
                "image": out.getvalue(),
                **{n: None if np.isnan(v) else float(v) for n, v in zip(NAMES, scene.coefficients, strict=True)},
                **{field: getattr(said, field) for field in FIELDS},
            }
        )
    schema = pa.schema(
        [
            ("sample_id", pa.string()),
            ("image", pa.binary()),
            *((n, pa.float32()) for n in NAMES),
            *((f, pa.string()) for f in FIELDS),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def teach(base_folder: str, codec: str, rows: pa.Table, training: Training, steps: int, out: Path) -> None:
    """Teaches an adapter in a plain loop of this process: the loss and schedule of `sface distill`, one device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    base = load_base(base_folder)
    model = attach_adapter(base, StudentRecipe(codec=codec), seed=0).to(device).train()
    supervision = Supervision(rows, Dialogue(base.processor, codec_named(codec)))
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=training.learning_rate, weight_decay=0.0, betas=(0.9, 0.95))
    started = time.monotonic()
    for step in range(steps):
        batch = supervision.batch(batch_indices(step, training.batch_size, len(supervision), 0))
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(training, step, steps)
        s = loss_sums(model(**batch.inputs(device)).logits, batch)
        words, numbers = s.description / s.description_tokens, s.coefficients / s.coefficient_tokens.clamp(min=1)
        loss = training.description_weight * (words + s.form / s.form_tokens) + training.coefficient_weight * numbers
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learning, training.clip_norm)
        optimiser.step()
        if step % 20 == 19 or step == steps - 1:
            spent = time.monotonic() - started
            print(f"  {codec}: step {step + 1}, words {words:.2f}, numbers {numbers:.2f} nats, {spent:.0f} s", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    save_adapter(model, out)
    base.processor.save_pretrained(out)
    unknown = tuple(name for name in NAMES if rows.column(name).null_count == rows.num_rows)
    answers = supervision.answers(np.arange(len(supervision)))
    Habits.learn(supervision.dialogue, answers).save(out)
    limit = supervision.dialogue.limit_of(answer.description for answer in answers)
    Facts(codec, unknown, limit).save(out)  # last: what has it is complete


def write_freely(student: Student, pictures: list[Image.Image], length: int) -> list[str]:
    """transformers' generate, greedy, exactly ``length`` tokens each."""
    dialogue, device = student.frame.dialogue, next(student.model.parameters()).device
    pixels, grids = look(dialogue.processor, pictures)
    merge = dialogue.processor.image_processor.merge_size**2
    questions = [dialogue.question(int(grid.prod()) // merge) for grid in grids]
    ids = padded(questions, dialogue.pad_id, side="left").to(device)
    mask = padded([[1] * len(question) for question in questions], 0, side="left").to(device)
    model: Any = student.model
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        mm_token_type_ids=(ids == dialogue.image_id).long(),
        pixel_values=pixels.to(device),
        image_grid_thw=grids.to(device),
        do_sample=False,
        min_new_tokens=length,
        max_new_tokens=length,
        pad_token_id=dialogue.pad_id,
    )
    texts = []
    for row in out[:, ids.shape[1] :].tolist():
        text = dialogue.text(row)
        texts.append(text[: text.find("}") + 1] or text)
    return texts


def values_of(codec: str, texts: list[str]) -> list[NDArray[np.float32] | None]:
    """(61,) float32 of each text; None where it cannot be read."""
    reader = codec_named(codec)
    values: list[NDArray[np.float32] | None] = []
    for text in texts:
        try:
            values.append(reader.decode(text).coefficients)
        except AnswerError:
            values.append(None)
    return values


def errors(values: list[NDArray[np.float32] | None], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Mean absolute error over the 52 shapes, and where the truth is above 0.1; silence is off by the whole range."""
    far = np.array([np.full(61, np.nan) if value is None else value for value in values])[:, :52]
    known = ~np.isnan(truth[:, :52])
    off = np.where(np.isnan(far), 1.0, np.abs(far - truth[:, :52]))
    return float(off[known].mean()), float(off[known & (truth[:, :52] > 0.1)].mean())


def timed(answer: Callable[[], Any]) -> tuple[Any, float]:
    """What was answered and the seconds it took, with the GPU's work done."""
    started = time.perf_counter()
    answered = answer()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return answered, time.perf_counter() - started


def measure(students: dict[str, Student], rows: pa.Table, batch: int, rounds: int, guessed: int) -> list[Figure]:
    """All ways of answering on the same pictures, in turns."""
    pictures: list[Any] = [seen(content) for content in rows.column("image").to_pylist()]
    truth = np.stack([rows.column(name).to_numpy().astype(np.float32) for name in NAMES], axis=1)
    groups = [pictures[at : at + batch] for at in range(0, len(pictures), batch)]
    ways = [(codec, codec, tries) for codec in CODEC_NAMES for tries in (guessed, 0)]
    seconds: dict[str, list[float]] = {}
    figures: dict[str, Figure] = {}
    for _ in range(rounds):
        for codec, _name, tries in ways:
            student, texts, tokens, passes, spent = students[codec], [], 0, 0, 0.0
            for group in groups:
                done, took = timed(partial(write, student.model, student.frame, student.habits, group, tries))
                texts += [student._text(row) for row in done.rows]
                tokens, passes, spent = tokens + sum(len(row.written) for row in done.rows), passes + done.passes, spent + took
            way = codec if tries else f"{codec}, nothing guessed"
            seconds.setdefault(way, []).append(spent)
            values = values_of(codec, texts)
            parsed = sum(value is not None for value in values) / len(values)
            figures[way] = Figure(way, tokens / len(pictures), passes / len(groups), 0.0, 0.0, parsed, *errors(values, truth))
        free = students["official"]
        length = max(len(row.written) for row in write(free.model, free.frame, free.habits, groups[0], guessed).rows)
        answered, took = timed(partial(write_freely, free, groups[0], length))
        seconds.setdefault(FREE, []).append(took * len(pictures) / len(groups[0]))  # one group stands for all: it takes minutes
        values = values_of("official", answered)
        parsed = sum(value is not None for value in values) / len(values)
        figures[FREE] = Figure(FREE, length, length, 0.0, 0.0, parsed, *errors(values, truth[: len(values)]))
    slow = seconds[FREE]
    for way, figure in figures.items():
        figure.milliseconds = 1000 * statistics.median(seconds[way]) / len(pictures)
        figure.times_faster = statistics.median(s / own for s, own in zip(slow, seconds[way], strict=True))
    return [figures[FREE], *(figure for way, figure in figures.items() if way != FREE)]


def tell_lengths(students: dict[str, Student], rows: pa.Table) -> None:
    """Prints how long true answers are in each codec: signs, and tokens of the base's tokenizer."""
    for codec, student in students.items():
        dialogue = student.frame.dialogue
        answers = Supervision(rows, dialogue).answers(np.arange(len(rows)))
        signs = statistics.mean(len(dialogue.codec.encode(answer)) for answer in answers)
        words = statistics.mean(len(dialogue.described(answer.description)[0]) for answer in answers)
        whole = statistics.mean(len(dialogue.answer(answer)[0]) - 1 for answer in answers)
        print(f"{codec}: a true answer has {signs:.0f} signs, {whole:.0f} tokens, {words:.0f} of them its words")


def main() -> None:
    """Teaches what is missing, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", help="a base in the hub's format; else the tiny one of random weights")
    parser.add_argument("--adapters", type=Path, help="where taught adapters are kept and found; else a temporary folder")
    parser.add_argument("--steps", type=int, default=60, help="steps of training of each codec; 0 leaves them untaught")
    parser.add_argument("--train-batch", type=int, default=8, help="pictures in a step")
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--learnt", type=int, default=256, help="pictures to learn from")
    parser.add_argument("--pictures", type=int, default=48, help="held-out pictures to answer, of other people")
    parser.add_argument("--batch", type=int, default=16, help="pictures answered together")
    parser.add_argument("--size", type=int, default=96, help="pixels of a picture's side")
    parser.add_argument("--rounds", type=int, default=1, help="how often all ways take turns")
    parser.add_argument("--guessed", type=int, default=MOST_GUESSED, help="tokens tried ahead in one pass")
    parser.add_argument("--words", type=int, help="tokens of a field at most, for weights that ramble; else what was learnt")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.adapters or Path(temporary)
        base = given.base or str(folder / "tiny-0")
        if given.base is None:
            make_tiny(Path(base), 0)
        learnt, held_out = draw_rows(given.learnt, 1, given.size), draw_rows(given.pictures, 2, given.size)
        training = Training(batch_size=given.train_batch, learning_rate=given.rate, workers=1, warmup_share=0.1)
        for codec in CODEC_NAMES:
            if not (folder / codec / "student.json").is_file():
                teach(base, codec, learnt, training, given.steps, folder / codec)
        students = {codec: Student.open(base, folder / codec, codec) for codec in CODEC_NAMES}
        tell_lengths(students, held_out)
        if given.words:
            students = {
                codec: replace(student, frame=replace(student.frame, field_limit=given.words))
                for codec, student in students.items()
            }
        figures = measure(students, held_out, given.batch, given.rounds, given.guessed)
    truth = np.stack([held_out.column(name).to_numpy().astype(np.float32) for name in NAMES], axis=1)
    median = errors([median_prediction(learnt)] * len(truth), truth)
    print(f"\n{given.pictures} pictures, {given.batch} at once")
    print(f"the median of the training labels: error {median[0]:.3f}, active {median[1]:.3f}")
    print(f"{'':28}{'tokens':>8}{'passes':>8}{'ms':>9}{'faster':>8}{'parsed':>8}{'error':>8}{'active':>8}")
    for f in figures:
        print(
            f"{f.way:28}{f.tokens:8.0f}{f.passes:8.0f}{f.milliseconds:9.1f}{f.times_faster:8.1f}"
            f"{f.parsed:8.2f}{f.error:8.3f}{f.active_error:8.3f}"
        )
    if given.json:
        given.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
