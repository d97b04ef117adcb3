"""Errors meant for people: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SfaceError(Exception):
    """A failure that the user can understand and act on; the command prints its sentence and exits with ``exit_code``."""

    exit_code = 1


class WrongUse(SfaceError):
    """The request itself is wrong (an unknown file type, a misspelt field): exit code 2, as shells expect of usage errors."""

    exit_code = 2


class WorkFailed(SfaceError):
    """The request was fine and the work could not be done (no resources, a dead endpoint): exit code 1."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ``" (did you mean 'x'?)"`` for the known word closest to ``word``, or an empty string when none is close."""
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[close[0]]}'?)" if close else ""
