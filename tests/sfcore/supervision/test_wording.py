"""Variety of words, by hand."""

from __future__ import annotations

import pytest

from sfcore.supervision.wording import wording


def test_ngrams_and_sentences_are_counted_as_by_hand() -> None:
    found = wording("muscle_movements", ["Jaw open. Brows at rest.", "Jaw open. Lips part.", "Jaw open. Lips part."])
    assert (found.captions, found.distinct, found.words, found.vocabulary) == (3, 2, 13, 7)
    # jaw open, open brows, brows at, at rest; jaw open, open lips, lips part twice: 10 pairs of words, 6 of them different.
    assert found.distinct_ngrams[:2] == (pytest.approx(7 / 13), pytest.approx(6 / 10))
    assert found.frequent == (("Jaw open.", 3), ("Lips part.", 2), ("Brows at rest.", 1))


def test_no_captions_have_no_variety() -> None:
    assert wording("symmetry", []).distinct_ngrams == (0.0, 0.0, 0.0, 0.0)
