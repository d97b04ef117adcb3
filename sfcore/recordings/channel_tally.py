"""How often and how far each channel moves, counted batch after batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit

ACTIVE_SHAPE = 0.15
"""A blendshape below this is no visible action: uncalibrated takes rest at 0.05 to 0.15 on many channels."""
ACTIVE_ANGLE = 0.08
"""Radians, 5 degrees: a head or an eye turned by less passes for straight."""
RARE = 0.01
"""A channel active in a smaller share of the rows has little to teach."""
BINS = 20
WIDEST_ANGLE = 0.8
"""Radians at both ends of a rotation's histogram; what lies further out is counted in the last bin."""

_N = len(arkit.NAMES)
IS_SHAPE: NDArray[np.bool_] = np.array([channel.kind == "shape" for channel in arkit.CHANNELS])
"""(61,) which channels are blendshapes."""
_LOW = np.where(IS_SHAPE, 0.0, -WIDEST_ANGLE)
_HIGH = np.where(IS_SHAPE, 1.0, WIDEST_ANGLE)
_ACTIVE = np.where(IS_SHAPE, ACTIVE_SHAPE, ACTIVE_ANGLE).astype(np.float32)


@dataclass(frozen=True, slots=True)
class ChannelCoverage:
    """One channel over all rows; ``low`` and ``high`` are None where it is never known."""

    name: str
    kind: str
    region: str
    known: int
    known_share: float
    active_share: float
    """Of the rows that know it, those in which it is active."""
    low: float | None
    high: float | None
    histogram: tuple[int, ...]
    """Rows in each of 20 equal bins: of 0..1 for shapes, of -0.8..0.8 rad for rotations."""
    state: str
    """``unknown`` (null in every row), ``dead`` (never changes in a take), ``rare`` (active in under 1 %) or ``covered``."""


@dataclass
class Extremes:
    """(61,) lowest and highest value seen; inf and -inf where a channel was never known."""

    low: NDArray[np.float64] = field(default_factory=lambda: np.full(_N, np.inf))
    high: NDArray[np.float64] = field(default_factory=lambda: np.full(_N, -np.inf))

    def see(self, coefficients: NDArray[np.float32]) -> None:
        """Looks at (n, 61) float32, NaN = unknown."""
        self.low = np.minimum(self.low, np.fmin.reduce(coefficients, axis=0, initial=np.inf))
        self.high = np.maximum(self.high, np.fmax.reduce(coefficients, axis=0, initial=-np.inf))

    @property
    def known(self) -> NDArray[np.bool_]:
        """(61,) whether a channel was ever known."""
        return np.isfinite(self.low)

    @property
    def moves(self) -> NDArray[np.bool_]:
        """(61,) whether a channel ever changed."""
        return self.high > self.low


@dataclass
class ChannelTally:
    """Counts of (n, 61) coefficients; memory does not grow."""

    rows: int = 0
    known: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_N, np.int64))
    active: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_N, np.int64))
    range: Extremes = field(default_factory=Extremes)
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros((_N, BINS), np.int64))

    def see(self, coefficients: NDArray[np.float32]) -> None:
        """Counts (n, 61) float32, NaN = unknown."""
        known = ~np.isnan(coefficients)
        self.rows += len(coefficients)
        self.known += known.sum(axis=0)
        with np.errstate(invalid="ignore"):
            self.active += (np.abs(coefficients) >= _ACTIVE).sum(axis=0)
        self.range.see(coefficients)
        places = (np.nan_to_num(coefficients) - _LOW) / (_HIGH - _LOW) * BINS
        bins = np.clip(places, 0, BINS - 1).astype(np.int64) + np.arange(_N) * BINS
        self.histogram += np.bincount(bins[known], minlength=_N * BINS).reshape(-1, BINS)

    def channels(self, ever_moves: NDArray[np.bool_] | None = None) -> tuple[ChannelCoverage, ...]:
        """The 61 in Live Link order; ``ever_moves`` (61,) says which change within some take, else the range decides."""
        moves = self.range.moves if ever_moves is None else ever_moves
        return tuple(self._channel(channel, bool(moves[channel.index])) for channel in arkit.CHANNELS)

    def _channel(self, channel: arkit.Channel, moves: bool) -> ChannelCoverage:
        i, known = channel.index, int(self.known[channel.index])
        active = float(self.active[i] / known) if known else 0.0
        state = "unknown" if not known else "dead" if not moves else "rare" if active < RARE else "covered"
        return ChannelCoverage(
            name=channel.name,
            kind=channel.kind,
            region=channel.region,
            known=known,
            known_share=known / self.rows if self.rows else 0.0,
            active_share=active,
            low=float(self.range.low[i]) if known else None,
            high=float(self.range.high[i]) if known else None,
            histogram=tuple(self.histogram[i].tolist()),
            state=state,
        )
