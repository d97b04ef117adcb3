"""Habits: what answers usually go on with, learnt by counting, so that decoding can guess ahead and be right more often than not.

A guess costs nothing in exactness: it is fed together with what is decided and kept only where greedy decoding chooses the same
(draft and verify, Leviathan et al., ICML 2023, with a table in the place of a small model). Descriptions are guessed from the
last few tokens, coefficients by what each channel usually is.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sfcore.codecs.answer import Answer
from sfcore.student.dialogue import Dialogue, Tokens
from sfcore.student.frame import Place, Slot, Words

_FILE = "habits.json"
# More remembered tokens guess no better: captions of the grammar are told apart by four.
_LONGEST = 4
# What was met once is as often chance.
_LEAST_MET = 2


@dataclass(frozen=True)
class Habits:
    """``following``: the token that most often follows up to four of a description; ``usual``: each channel's usual text."""

    following: dict[Tokens, int] = field(default_factory=dict)
    usual: tuple[Tokens, ...] = ()

    @staticmethod
    def learn(dialogue: Dialogue, answers: Iterable[Answer]) -> Habits:
        """Counts over answers such as the student learns from; a thousand are enough."""
        counts: dict[Tokens, Counter[int]] = defaultdict(Counter)
        slots: list[Counter[Tokens]] = []
        for answer in answers:
            ids, _ = dialogue.described(answer.description)
            for at, token in enumerate(ids):
                for length in range(1, min(_LONGEST, at) + 1):
                    counts[tuple(ids[at - length : at])][token] += 1
            if not dialogue.channel_ids:
                texts = dialogue.slot_tokens(dialogue.codec.parts(answer)[1])
                slots = slots or [Counter() for _ in texts]
                for counter, tokens in zip(slots, texts, strict=True):
                    counter[tokens] += 1
        following = {context: found.most_common(1)[0] for context, found in counts.items()}
        kept = {context: token for context, (token, met) in following.items() if met >= _LEAST_MET}
        return Habits(kept, tuple(counter.most_common(1)[0][0] for counter in slots))

    def save(self, folder: Path) -> None:
        """Writes the habits into an adapter's folder."""
        content = {"following": [[*context, token] for context, token in self.following.items()], "usual": self.usual}
        (folder / _FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Habits:
        """Reads them back; none where the folder holds none, and decoding then guesses nothing."""
        path = folder / _FILE
        if not path.is_file():
            return Habits()
        content = json.loads(path.read_text(encoding="utf-8"))
        following = {tuple(context): token for *context, token in content["following"]}
        return Habits(following, tuple(map(tuple, content["usual"])))

    def guess(self, place: Place, before: list[int]) -> int | None:
        """The token that usually follows at a place after the answer's tokens ``before``; None where there is no habit."""
        segment, written = place.segment, place.written
        if isinstance(segment, Slot):
            first = len(place.frame.segments) - len(self.usual)
            usual = self.usual[place.at - first] if self.usual else ()
            return usual[len(written)] if usual[: len(written)] == written and len(usual) > len(written) else None
        return self._next_word(tuple(before[-_LONGEST:])) if isinstance(segment, Words) else None

    def _next_word(self, context: Tokens) -> int | None:
        for start in range(len(context)):
            token = self.following.get(context[start:])
            if token is not None:
                return token
        return None

    def ahead(self, place: Place, before: list[int], most: int) -> list[int]:
        """Up to ``most`` tokens that must or usually do follow; empty where the first choice has no habit."""
        guessed: list[int] = []
        # Channel tokens are read where they are fed, so they are fed when the words before them stand.
        while place.at < place.frame.reads_at and len(guessed) < most:
            token = place.only()
            if token is None:
                token = self.guess(place, [*before[-_LONGEST:], *guessed])
                if token is None or not bool((place.allowed() == token).any()):
                    break
            guessed.append(token)
            place = place.after(token)
        return guessed
