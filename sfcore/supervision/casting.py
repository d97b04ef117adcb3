"""Who shows which label: a rig for each picture by the recipe's weights, and one of its people, never the same in two splits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.lots import first_integers, first_shares, first_words
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.rigs.registry import RigCard


@dataclass(frozen=True)
class Cast:
    """The rigs that play in each split, with their weights, and how many people each split has of every rig."""

    weights: dict[str, dict[str, float]]
    """By split, by name of the rig."""
    people: dict[str, int]
    shapes: dict[str, str]
    """The digest of each rig, by name."""

    @property
    def rigs(self) -> tuple[str, ...]:
        """Names of all rigs, sorted."""
        return tuple(sorted({name for weights in self.weights.values() for name in weights}))

    def play(self, sample: str, split: str) -> tuple[str, str]:
        """Name of the rig and of the person that a sample shows: they follow from the sample's id alone."""
        names = sorted(self.weights[split])
        shares = np.cumsum([self.weights[split][name] for name in names])
        # A stream of its own, so that the people of a recipe with one rig do not depend on how rigs are drawn.
        rig = names[int(np.searchsorted(shares, stream(sample, "rig").random() * shares[-1], side="right"))]
        return rig, identity_name(rig, split, int(stream(sample, "identity").integers(self.people[split])))

    def play_all(self, samples: Sequence[bytes], held_out: NDArray[np.bool_]) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
        """What `play` says of many samples: the place of each one's rig in ``rigs``, and the number of its person."""
        rig = np.zeros(len(samples), np.int16)
        chances = first_shares(first_words(samples, "rig")) if len(self.rigs) > 1 else np.zeros(len(samples))
        for split, there in ((TRAIN, ~held_out), (TEST, held_out)):
            names = sorted(self.weights[split])
            shares = np.cumsum([self.weights[split][name] for name in names])
            drawn = np.searchsorted(shares, chances[there] * shares[-1], side="right")
            rig[there] = np.array([self.rigs.index(name) for name in names])[drawn]
        below = np.where(held_out, self.people[TEST], self.people[TRAIN]).astype(np.int64)
        return rig, first_integers(samples, "identity", below).astype(np.int32)


def identity_name(rig: str, split: str, number: int) -> str:
    """Name of a face; its traits follow from the name, and no name is in two splits."""
    return f"{rig}-{split}-{number:03d}"


def cast_of(faces: Faces, card_of: Callable[[str], RigCard]) -> Cast:
    """The cast of a recipe; ``card_of`` gives a rig's card by name.

    A rig without identity modes is one person: it plays either in training or among the held-out pictures. Raises `WrongUse` when
    it is asked to do both, and when nobody is left to measure with.
    """
    cards = {name: card_of(name) for name in (*faces.rigs, *(faces.test_rigs or {}))}
    one_person = [name for name, card in cards.items() if not card.identity_modes]
    for name in faces.rigs:
        for other in faces.test_rigs or {}:
            if name in one_person and cards[name].digest == cards[other].digest:
                same = f"rig '{name}' is" if name == other else f"rigs '{name}' and '{other}' are"
                raise WrongUse(
                    f"{same} one person and stand{'s' if name == other else ''} under faces.rigs and faces.test_rigs: take it "
                    "out of one, or the held-out pictures show a face of the training."
                )
    held_out = faces.test_rigs or {name: weight for name, weight in faces.rigs.items() if name not in one_person}
    if not held_out:
        raise WrongUse(
            f"{_listed(one_person)} of faces.rigs {'is one person' if len(one_person) == 1 else 'are one person each'}, and the "
            "held-out pictures need other faces: name their rigs in faces.test_rigs."
        )
    people = {TRAIN: faces.train_identities, TEST: faces.test_identities}
    return Cast({TRAIN: dict(faces.rigs), TEST: dict(held_out)}, people, {name: card.digest for name, card in cards.items()})


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
