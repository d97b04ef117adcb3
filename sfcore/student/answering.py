"""Asking the student: pictures in, answers out, in batches, greedily; the text always parses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sfcore.arkit import INDEX
from sfcore.captions.description import Description
from sfcore.codecs.answer import Answer
from sfcore.codecs.codec import codec_named
from sfcore.codecs.ordinal import expected
from sfcore.errors import WorkFailed
from sfcore.student.adapter import Facts, reopen_adapter
from sfcore.student.base import load_processor
from sfcore.student.dialogue import Dialogue
from sfcore.student.frame import Frame
from sfcore.student.habits import Habits
from sfcore.student.picture import Unseen, seen
from sfcore.student.writing import Row, write

_NO_WORDS = Description("", "", "", "")


@dataclass(frozen=True)
class StudentAnswer:
    """One answer. ``error`` says why there is none; ``text`` is empty then."""

    text: str
    tokens: int
    milliseconds: float
    """The batch's time divided by its pictures."""
    error: str | None = None
    passes: int = 0
    """Forward passes of the whole batch."""
    warning: str | None = None
    """What makes an answer doubtful."""


@dataclass(frozen=True)
class Student:
    """A base with its adapter, ready to be asked."""

    model: torch.nn.Module
    frame: Frame
    habits: Habits

    @staticmethod
    def open(base_folder: str | Path, adapter_folder: Path, codec_name: str | None = None) -> Student:
        """Opens what training wrote on its base; raises `WorkFailed` when ``codec_name`` is not the codec it was taught with."""
        facts = Facts.load(adapter_folder)
        if codec_name not in (None, facts.codec):
            raise WorkFailed(f"the student in {adapter_folder} answers in the codec '{facts.codec}', not in '{codec_name}'.")
        model = reopen_adapter(base_folder, adapter_folder)
        dialogue = Dialogue(load_processor(adapter_folder), codec_named(facts.codec))
        device = "cuda" if torch.cuda.is_available() else "cpu"
        frame = Frame(dialogue, facts.unknown_channels, device, facts.field_limit)
        return Student(model.to(device), frame, Habits.load(adapter_folder))

    def answer(self, images: list[bytes]) -> list[StudentAnswer]:
        """Answers encoded pictures, in their order; one that cannot be decoded gets an answer with an error."""
        return self.answer_seen([seen(image) for image in images])

    def answer_seen(self, pictures: list[Image.Image | Unseen]) -> list[StudentAnswer]:
        """Answers pictures as `sfcore.student.picture.seen` gives them, in their order."""
        started = time.perf_counter()
        readable = [picture for picture in pictures if isinstance(picture, Image.Image)]
        done = write(self.model, self.frame, self.habits, readable) if readable else None
        milliseconds = 1000 * (time.perf_counter() - started) / max(1, len(pictures))
        rows = iter(done.rows if done else [])
        passes = done.passes if done else 0
        answers = []
        for picture in pictures:
            if isinstance(picture, Unseen):
                answers.append(StudentAnswer("", 0, milliseconds, picture.why))
            else:
                row = next(rows)
                answers.append(
                    StudentAnswer(self._text(row), len(row.written), milliseconds, None, passes, picture.info.get("doubt"))
                )
        return answers

    def _text(self, row: Row) -> str:
        dialogue = self.frame.dialogue
        if row.shares is None:
            return dialogue.text(row.written)
        values = expected(row.shares.numpy())
        values[[INDEX[name] for name in self.frame.unknown_channels]] = np.nan
        words = dialogue.text(row.written[: -len(dialogue.channel_ids)])
        return words + dialogue.codec.parts(Answer(_NO_WORDS, values))[1]
