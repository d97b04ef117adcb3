"""Left and right exchanged in a description, as for the mirrored face.

Captions name the subject's sides with these two words alone and order nothing by side (`sfcore.captions.grammar`), so exchanging
the words gives the caption of the mirrored face, whoever wrote it in this vocabulary.
"""

from __future__ import annotations

import re

from sfcore.captions.description import FIELDS, Description

_OTHER = {"left": "right", "right": "left"}
_SIDE = re.compile(r"\b(left|right)(?=(?:-sided|-hand|ward|wards|most)?\b)", re.IGNORECASE)


def exchanged(description: Description) -> Description:
    """The description of the mirrored face, letter case kept; exchanged twice it is itself."""
    return Description(*(_SIDE.sub(_exchange, getattr(description, field)) for field in FIELDS))


def _exchange(match: re.Match[str]) -> str:
    word = match[0]
    other = _OTHER[word.lower()]
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
