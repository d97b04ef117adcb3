"""Students answer some pictures a second time: mirrored, with other noise, and alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.metrics.probes import PROBES, Probe, probe_rows, probed_samples, second_look
from sfcore.randomness import digest
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from tasks.asked import Asked, pictures_of
from tasks.cluster import run_remotely

_Left = dict[Probe, list[str]]


def probe_student(workspace: Workspace, model_id: str, asked: Asked, wanted: int, batch_size: int) -> None:
    """Asks a student again about ``wanted`` pictures (``alone``: a quarter of them) and writes ``probes``, where it has not."""
    rows = workspace.read("probes", columns=["probe", "sample_id"], filter=pc.field("model_id") == model_id)
    have = set(zip(rows["probe"].to_pylist(), rows["sample_id"].to_pylist(), strict=True))
    left: _Left = {}
    for probe in PROBES:
        samples = [name for name in probed_samples(list(asked.test), wanted, probe) if (probe, name) not in have]
        if samples:
            left[probe] = samples
    if left:
        answers = run_remotely(_answered_again, workspace, model_id, asked.version, left, batch_size)
        workspace.append("probes", answers, f"probe/{model_id}/{digest(*(name for names in left.values() for name in names))}")


def _answered_again(workspace: Workspace, model_id: str, version: int, left: _Left, batch_size: int) -> pa.Table:
    from sfcore.student.shelf import take_student

    student, codec = take_student(workspace, model_id)
    parts = [SCHEMAS["probes"].empty_table()]
    for probe, samples in left.items():
        pictures = pictures_of(workspace, version, samples)
        shown = [second_look(picture, sample, probe) for picture, sample in zip(pictures, samples, strict=True)]
        together = 1 if probe == "alone" else batch_size
        answers = [answer for at in range(0, len(shown), together) for answer in student.answer(shown[at : at + together])]
        numbers = np.stack([_numbers(codec, answer.text if answer.error is None else None) for answer in answers])
        parts.append(probe_rows(model_id, samples, probe, numbers))
    return pa.concat_tables(parts)


def _numbers(codec: object, text: str | None) -> np.ndarray:
    """The 61 numbers of an answer, all nan where it cannot be read."""
    from sfcore.codecs.answer import AnswerError

    silent = np.full(len(NAMES), np.nan, np.float32)
    if text is None:
        return silent
    try:
        return np.asarray(codec.decode(text).coefficients, np.float32)  # type: ignore[attr-defined]
    except AnswerError:
        return silent
