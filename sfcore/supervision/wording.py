"""How varied the words of captions are: distinct n-grams, captions that repeat, and the sentences that come most often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
LONGEST = 4


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one field over some captions."""

    field: str
    captions: int
    distinct: int
    """Captions that differ from each other."""
    words: int
    vocabulary: int
    distinct_ngrams: tuple[float, ...]
    """For n = 1 to 4: different n-grams over all n-grams (Li et al. 2016, "A diversity-promoting objective function")."""
    frequent: tuple[tuple[str, int], ...]
    """The most frequent sentences, and in how many captions each stands."""


def wording(field: str, captions: Iterable[str], most: int = 8) -> Wording:
    """Counts the words of captions; n-grams do not cross from one caption into the next."""
    ngrams: list[Counter[tuple[str, ...]]] = [Counter() for _ in range(LONGEST)]
    sentences: Counter[str] = Counter()
    whole: set[str] = set()
    count = 0
    for caption in captions:
        count += 1
        whole.add(caption)
        words = _WORD.findall(caption.lower())
        for size, counter in enumerate(ngrams, 1):
            counter.update(zip(*(words[start:] for start in range(size)), strict=False))
        sentences.update({sentence.strip() for sentence in _SENTENCE.split(caption) if sentence.strip()})
    shares = tuple(len(counter) / total if (total := counter.total()) else 0.0 for counter in ngrams)
    # Of equally frequent ones, the first by the alphabet: the page must not depend on the order of rows.
    frequent = sorted(sentences.items(), key=lambda one: (-one[1], one[0]))[:most]
    return Wording(field, count, len(whole), ngrams[0].total(), len(ngrams[0]), shares, tuple(frequent))
