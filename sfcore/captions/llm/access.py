"""Where a language model answers: address, name and key, from the environment or from whoever hands them over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sfcore.errors import WrongUse

URL, MODEL, KEY = "SFACE_TEACHER_URL", "SFACE_TEACHER_MODEL", "SFACE_TEACHER_KEY"
_NO_KEY = "none"
"""Sent where no key is set: the client insists on one, endpoints on one's own machine do not read it."""


@dataclass(frozen=True)
class TeacherAccess:
    """An OpenAI-compatible endpoint. Travels to workers; its key is never printed."""

    url: str
    """Base address, such as ``http://localhost:8000/v1``."""
    model: str | None = None
    """Name of the model, for recipes that name none."""
    key: str = field(default=_NO_KEY, repr=False)

    @property
    def place(self) -> str:
        """The address for people, without a name and password that may stand in it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable or not self.url.isprintable() or " " in self.url:
            raise WrongUse(f"{URL} is {self.url!r}: give the address of an endpoint, such as http://localhost:8000/v1.")
        if not (self.key.isascii() and self.key.isprintable() and " " not in self.key):
            raise WrongUse(f"{KEY} holds a space, a line break or a letter that no key can hold: set it to the key alone.")

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> TeacherAccess:
        """The endpoint that the environment names; raises `WrongUse` when it names none or one that cannot be."""
        url = environment.get(URL, "").strip()
        if not url:
            raise WrongUse(
                f"the recipe wants captions by a language model, which answers nowhere: set {URL}, {MODEL} and {KEY}, or "
                "set supervision.captions to grammar."
            )
        return TeacherAccess(url, environment.get(MODEL, "").strip() or None, environment.get(KEY, "").strip() or _NO_KEY)
