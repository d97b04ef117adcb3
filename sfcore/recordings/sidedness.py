"""Whether the left of a take is the subject's left: what eyes say in one take, and what one person's face says across takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, LEFT_RIGHT_PAIRS

# (rotation, look in, look out, sign): a positive yaw turns an eye to the subject's right, which is inwards for the left eye.
_EYES = (("LeftEyeYaw", "EyeLookInLeft", "EyeLookOutLeft", 1.0), ("RightEyeYaw", "EyeLookInRight", "EyeLookOutRight", -1.0))
_YAW = [INDEX[yaw] for yaw, *_ in _EYES]
_IN = [INDEX[look] for _, look, *_ in _EYES]
_OUT = [INDEX[look] for _, _, look, _ in _EYES]
_SIGN = np.array([sign for *_, sign in _EYES])
_LEFT = [INDEX[left] for left, _ in LEFT_RIGHT_PAIRS]
_RIGHT = [INDEX[right] for _, right in LEFT_RIGHT_PAIRS]

# Published takes: 0.67 to 1.00 in all eyes of five. Sides swapped without their signs turn that round.
_AGAINST = -0.5
# An eye that turns by less than half a degree (standard deviation) says nothing, nor do fewer rows than a second has.
_LEAST_TURN = 0.008
_FEWEST_ROWS = 60
# Thirds of one take agree by 0.35 or more in six published takes, at 0.84 in the middle; other people reach -0.95.
_OTHER_WAY = -0.5
# Takes of nobody in particular may be of several people: they are compared where most of them lean alike.
_ALIKE = 0.35
_FEWEST_STRANGERS = 3
# Faces lean by 0.02 to 0.2 in those takes; a drawn or symmetrised one does not lean.
_LEAST_LEAN = 0.015
# Rows widened to doubles at a time: those of a whole take would be twice as much memory as the take.
_ROWS_AT_A_TIME = 16_384


@dataclass
class SideTally:
    """Sums over the rows of one take, batch after batch."""

    rows: int = 0
    _sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros((6, 2)))
    _lean: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(_LEFT)))

    def see(self, coefficients: NDArray[np.float32]) -> None:
        """Adds (n, 61) float32, NaN = unknown."""
        for start in range(0, len(coefficients), _ROWS_AT_A_TIME):
            self._see(coefficients[start : start + _ROWS_AT_A_TIME].astype(np.float64))

    def _see(self, wide: NDArray[np.float64]) -> None:
        self.rows += len(wide)
        self._lean += np.nan_to_num(wide[:, _LEFT] - wide[:, _RIGHT]).sum(axis=0)
        yaw, look = wide[:, _YAW], (wide[:, _IN] - wide[:, _OUT]) * _SIGN
        known = ~np.isnan(yaw + look)
        yaw, look = np.where(known, yaw, 0.0), np.where(known, look, 0.0)
        self._sums += [part.sum(axis=0) for part in (known, yaw, look, yaw * yaw, look * look, yaw * look)]

    @property
    def lean(self) -> NDArray[np.float64]:
        """(20,) mean of left minus right of the pairs: how lopsided the face is, and to which side."""
        return self._lean / max(self.rows, 1)

    @property
    def gaze(self) -> float | None:
        """Correlation of the eyes' turns with their look shapes, of the eye that says more; None where eyes do not turn."""
        found = []
        for n, x, y, xx, yy, xy in self._sums.T:
            spread = (xx / n - (x / n) ** 2, yy / n - (y / n) ** 2) if n >= _FEWEST_ROWS else (0.0, 0.0)
            if min(spread) > _LEAST_TURN**2:
                found.append(float((xy / n - x * y / n**2) / np.sqrt(spread[0] * spread[1])))
        return max(found, key=abs, default=None)


def suspicions(takes: Sequence[tuple[str, str | None, SideTally]]) -> dict[str, str]:
    """Take -> why its left and right may be the wrong way round, for those of ``(take, subject, tally)`` that look so.

    Takes without a subject are compared with the others without one, where most of those lean alike.
    """
    found: dict[str, str] = {}
    for name, _, tally in takes:
        if tally.gaze is not None and tally.gaze < _AGAINST:
            found[name] = (
                f"its eyes turn against their look shapes (r {tally.gaze:.2f}): left and right are mixed up, or the yaw's sign is"
            )
    for subject in {subject for _, subject, _ in takes}:
        group = [(name, tally) for name, whose, tally in takes if whose == subject and name not in found and _leans(tally)]
        found |= _against_the_others(group, subject)
    return found


def _leans(tally: SideTally) -> bool:
    return tally.rows >= _FEWEST_ROWS and float(np.linalg.norm(tally.lean)) >= _LEAST_LEAN


def _against_the_others(group: list[tuple[str, SideTally]], subject: str | None) -> dict[str, str]:
    """Those whose face leans the other way than most of the others'."""
    if len(group) < (2 if subject else _FEWEST_STRANGERS):
        return {}
    leans = np.stack([tally.lean / np.linalg.norm(tally.lean) for _, tally in group])
    # The side most takes are on: that of the take with the most in common with the others.
    usual = int(np.argmax(leans @ leans.sum(axis=0)))
    alike = leans @ leans[usual]
    if subject is None and np.mean(alike >= _ALIKE) <= 0.5:
        return {}
    other = "" if subject else ", or it is of another person"
    return {
        name: f"its face leans the other way than that of '{group[usual][0]}' (likeness {alike[i]:.2f}): mirrored{other}"
        for i, (name, _) in enumerate(group)
        if alike[i] < _OTHER_WAY
    }
