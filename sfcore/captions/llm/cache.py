"""Answers of language models, kept by content in the workspace: asked and paid once, whoever asks again.

One small file for each answer, written whole. Two writers of one question both write a good file, and the later one stays. What
cannot be read or does not hold what its name says is an answer that nobody has.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass

from sfcore.captions.description import FIELDS, Description
from sfcore.randomness import digest
from sfcore.store.workspace import Workspace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer, and what it took to get it."""

    description: Description
    calls: int
    tokens_in: int
    tokens_out: int
    sample_id: str
    """The sample for which it was paid; others that ask the same pay nothing."""


class TeacherCache:
    """``cache/teacher/<two digits>/<key>.json`` of a workspace, on a disk or on S3."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def get(self, key: str) -> Remembered | None:
        """The answer to the question of this key, None when there is none or it is torn."""
        try:
            return _read(self._workspace.read_bytes(_place(key)), key)
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        except OSError as error:
            # The question can be asked again; a store that is gone for good stops the run where rows are written.
            _log.warning("the answer %s could not be read: %s", key, error)
            return None

    def put(self, key: str, answer: Remembered) -> None:
        """Keeps an answer; a store that cannot take it costs a second call later, not the caption."""
        try:
            self._workspace.write_bytes(_place(key), _written(answer, key))
        except OSError as error:
            _log.warning("the answer %s could not be kept: %s", key, error)


def _place(key: str) -> str:
    return f"cache/teacher/{key[:2]}/{key}.json"


def _written(answer: Remembered, key: str) -> bytes:
    content = json.dumps(asdict(answer), sort_keys=True)
    return json.dumps({"digest": digest(key, content), "answer": content}).encode()


def _read(raw: bytes, key: str) -> Remembered:
    document = json.loads(raw)
    content = document["answer"]
    if document["digest"] != digest(key, content):
        raise ValueError("torn")
    answer = json.loads(content)
    fields = answer.pop("description")
    return Remembered(Description(*(fields[name] for name in FIELDS)), **answer)
