"""Which takes a dataset holds: the content of each, and which of its frames are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfcore.recordings.splits import GUARD, TEST, TRAIN
from sfcore.recordings.take import Take
from sfcore.store.workspace import Workspace

_SPLITS = (TRAIN, TEST, GUARD)


@dataclass(frozen=True, slots=True)
class KnownTake:
    """The digest of a take's content, and of the split of each of its frames."""

    content: str
    held_out: int


class Known:
    """Takes by name and by content; asking does not take longer the more there are."""

    def __init__(self) -> None:
        self._takes: dict[str, KnownTake] = {}
        self._names: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._takes)

    def __contains__(self, name: str) -> bool:
        return name in self._takes

    def __getitem__(self, name: str) -> KnownTake:
        return self._takes[name]

    def add(self, name: str, content: str, held_out: int = 0) -> None:
        """Notes a take."""
        self._takes[name] = KnownTake(content, held_out)
        self._names.setdefault(content, name)

    def name_of(self, take: Take) -> str | None:
        """The name under which this content is held: the take's own where it is, None where it is not."""
        if take.name in self._takes and self._takes[take.name].content == take.source_hash:
            return take.name
        return self._names.get(take.source_hash)


def held_out(frame: NDArray[np.int64], split: NDArray[np.str_] | str) -> int:
    """Digest of which (n,) frames are in which split: equal for the same pairs in any order, 64 bits."""
    return int(np.add.reduce(_mixed(frame, _code(np.broadcast_to(np.asarray(split), len(frame))))))


def known_in(workspace: Workspace, dataset: str) -> Known:
    """The takes of a dataset; read in parts, since a dataset may have millions of rows."""
    import pyarrow.compute as pc

    sums: dict[str, np.uint64] = {}
    contents: dict[str, str] = {}
    columns = ["take", "source_hash", "frame", "split"]
    scanner = workspace.dataset("labels").scanner(columns=columns, filter=pc.field("dataset") == dataset)
    for batch in scanner.to_batches():
        takes = batch["take"].dictionary_encode()
        names, places = takes.dictionary.to_pylist(), takes.indices.to_numpy()
        words = batch["split"].dictionary_encode()
        codes = _code(words.dictionary.to_pylist())[words.indices.to_numpy()]
        parts = np.zeros(len(names), np.uint64)
        np.add.at(parts, places, _mixed(batch["frame"].to_numpy(), codes))
        _, first = np.unique(places, return_index=True)
        with np.errstate(over="ignore"):
            for name, part, row in zip(names, parts, first.tolist(), strict=True):
                sums[name] = sums.get(name, np.uint64(0)) + part
                contents[name] = batch["source_hash"][row].as_py()
    known = Known()
    for name, content in contents.items():
        known.add(name, content, int(sums[name]))
    return known


def _code(words: ArrayLike) -> NDArray[np.uint64]:
    told = np.asarray(words)
    code = np.full(told.shape, len(_SPLITS), np.uint64)
    for number, word in enumerate(_SPLITS):
        code[told == word] = number
    return code


def _mixed(frame: NDArray[np.int64], code: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele et al. 2014) of each frame and its split: sums of such numbers tell sets apart."""
    with np.errstate(over="ignore"):
        z = (frame.astype(np.uint64) * np.uint64(4) + code + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
