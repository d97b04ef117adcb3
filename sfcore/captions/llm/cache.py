"""Answers of language models, kept by content in the workspace: asked and paid once, whoever asks again.

One small file for each answer, written whole. Of two processes that write one at the same moment, both write a good file and the
later one stays. What cannot be read or does not hold what its name says is an answer that nobody has.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sfcore.captions.description import Description
from sfcore.randomness import digest
from sfcore.store.workspace import Workspace

_log = logging.getLogger(__name__)


Paid = tuple[int, int, int]
"""Calls, tokens read, tokens written."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer, and what it took to get it."""

    description: Description
    paid: Mapping[str, Paid]
    """By the sample for which it was asked; samples that find it here pay nothing."""


class TeacherCache:
    """``cache/teacher/<two digits>/<key>.json`` of a workspace, on a disk or on S3."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._writing = threading.Lock()

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

    def put(self, key: str, answer: Remembered) -> Remembered:
        """Keeps an answer and returns what is kept: who comes second to the same question takes the words of the first.

        A store that cannot take it costs a second call later, not the caption.
        """
        with self._writing:
            first = self.get(key)
            kept = Remembered(first.description, {**first.paid, **answer.paid}) if first else answer
            try:
                self._workspace.write_bytes(_place(key), _written(kept, key))
            except OSError as error:
                _log.warning("the answer %s could not be kept: %s", key, error)
            return kept


def _place(key: str) -> str:
    return f"cache/teacher/{key[:2]}/{key}.json"


def _written(answer: Remembered, key: str) -> bytes:
    content = json.dumps({"description": asdict(answer.description), "paid": dict(answer.paid)}, sort_keys=True)
    return json.dumps({"digest": digest(key, content), "answer": content}).encode()


def _read(raw: bytes, key: str) -> Remembered:
    document = json.loads(raw)
    content = document["answer"]
    if document["digest"] != digest(key, content):
        raise ValueError("torn")
    answer = json.loads(content)
    paid = {name: (calls, read, written) for name, (calls, read, written) in answer["paid"].items()}
    return Remembered(Description(**answer["description"]), paid)
