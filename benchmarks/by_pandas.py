"""The other side of ``benchmarks/metrics.py``: its figures as somebody who knows pandas and scikit-learn well writes them.

Tables stay wide, nothing is computed twice, and intervals come from sums by face, drawn by the very weights that ours are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
from scipy.spatial.transform import Rotation  # type: ignore[import-untyped,unused-ignore]
from sklearn.metrics import (  # type: ignore[import-untyped,unused-ignore]
    mean_absolute_error,
    root_mean_squared_error,
)

from sfcore.arkit import CHANNELS, LEFT_RIGHT_PAIRS, NAMES

BANDS = (-np.inf, 0.15, 0.3, 0.55, 0.8, np.inf)
SHAPES = list(NAMES[:52])
CHANNEL_SLICES: dict[str, list[str]] = {}
for channel in CHANNELS:
    for label in (f"channel:{channel.name}", f"region:{channel.region}", f"side:{channel.side}"):
        CHANNEL_SLICES.setdefault(label, []).append(channel.name)


def score(
    truth: pd.DataFrame,
    answer: pd.DataFrame,
    of_picture: pd.DataFrame,
    median: pd.Series,
    keys: pd.DataFrame,
    weights: np.ndarray,
) -> dict:
    """(figure, slice) -> value and interval; ``keys`` holds the face of each picture and what else it is sliced by."""
    found: dict = {}
    warnings.simplefilter("ignore")
    error, base = (answer - truth).abs(), (truth - median).abs()
    moving = truth[SHAPES] > 0.1
    parts = {
        "n": truth.notna().astype(np.float32),
        "error": error,
        "squared": error**2,
        "base": base,
        "moving": moving.astype(np.float32),
        "moving_error": error[SHAPES].where(moving, 0),
        "moving_base": base[SHAPES].where(moving, 0),
        "fired": (answer[SHAPES] > 0.1).astype(np.float32),
        "t": truth,
        "p": answer,
        "tt": truth**2,
        "pp": answer**2,
        "tp": truth * answer,
    }
    neutral = ~moving.any(axis=1)
    parts["neutral_fired"] = parts["fired"].where(neutral, 0)
    parts["neutral"] = pd.DataFrame(np.repeat(neutral.to_numpy()[:, None], 52, 1).astype(np.float32), truth.index, SHAPES)
    gap = pd.DataFrame({left: truth[left] - truth[right] for left, right in LEFT_RIGHT_PAIRS})
    said = pd.DataFrame({left: answer[left] - answer[right] for left, right in LEFT_RIGHT_PAIRS})
    lopsided = gap.abs() > 0.15
    parts["lopsided"] = lopsided.astype(np.float32)
    parts["lopsided_right"] = (lopsided & (np.sign(gap) == np.sign(said))).astype(np.float32)
    for name, chosen in pictures_by(keys):
        truths, answers = truth[chosen], answer[chosen]
        found["mae", name] = mean_absolute_error(truths, answers)
        found["rmse", name] = root_mean_squared_error(truths, answers)
        found |= figures(name, by_face({part: frame[chosen] for part, frame in parts.items()}, keys["face"][chosen]), weights)
        sums = by_face({"pictures": of_picture[chosen].assign(n=1.0)}, keys["face"][chosen])["pictures"]
        drawn = weights[:, sums.index] @ sums.to_numpy(np.float64)
        for place, figure in enumerate(of_picture.columns):
            found[figure, name] = interval(drawn[:, place] / drawn[:, -1])
    whole = by_face(parts, keys["face"])
    for name, columns in CHANNEL_SLICES.items():
        found |= figures(name, {part: frame[frame.columns.intersection(columns)] for part, frame in whole.items()}, weights)
    bands = pd.DataFrame(np.digitize(truth[SHAPES], BANDS), truth.index, SHAPES)
    for band in range(1, 6):
        inside = bands == band
        masked = {part: frame[frame.columns.intersection(SHAPES)] for part, frame in parts.items()}
        masked = {part: frame.where(inside[frame.columns], 0) for part, frame in masked.items()}
        found |= figures(f"intensity:{band}", by_face(masked, keys["face"]), weights)
    # As many do, faces are drawn with the ranks among all pictures kept: ranking each draw anew would take 500 times as long.
    true, told = truth.rank(), answer.rank()
    ranked = {"n": parts["n"], "t": true, "p": told, "tt": true**2, "pp": told**2, "tp": true * told}
    ranked = by_face(ranked, keys["face"])
    for name, columns in {"all": list(NAMES), **CHANNEL_SLICES}.items():
        _, rank = moments({part: frame[columns] for part, frame in ranked.items()}, weights)
        found["rank_correlation", name] = interval(rank)
    return found


def pictures_by(keys: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The slices that choose pictures."""
    yield "all", keys["face"] >= 0
    for kind in keys.columns.drop("face"):
        for value in sorted(keys[kind].unique()):
            yield f"{kind}:{value}", keys[kind] == value


def by_face(parts: dict[str, pd.DataFrame], face: pd.Series) -> dict[str, pd.DataFrame]:
    """Each part added up by face."""
    return {name: frame.groupby(face).sum() for name, frame in parts.items()}


def figures(name: str, sums: dict[str, pd.DataFrame], weights: np.ndarray) -> dict:
    """Values and intervals of one slice from its sums by face."""
    drawn = weights[:, sums["n"].index]
    found = {}
    total = {part: drawn @ frame.to_numpy(np.float64) for part, frame in sums.items()}
    flat = {part: values.sum(axis=1) for part, values in total.items()}
    for figure, above, below in (
        ("mae", flat["error"], flat["n"]),
        ("skill", flat["base"] - flat["error"], flat["base"]),
        ("mae_active", flat["moving_error"], flat["moving"]),
        ("skill_active", flat["moving_base"] - flat["moving_error"], flat["moving_base"]),
        ("false_activity", flat["neutral_fired"], flat["neutral"]),
        ("left_right", flat["lopsided_right"], flat["lopsided"]),
    ):
        found[figure, name] = interval(above / below)
    found["rmse", name] = interval(np.sqrt(flat["squared"] / flat["n"]))
    slope, correlation = moments(sums, weights)
    found["correlation", name], found["slope", name] = interval(correlation), interval(slope)
    found["never_fires", name] = interval(((total["moving"] > 0) & (total["fired"] == 0)).sum(axis=1).astype(float))
    return found


def moments(sums: dict[str, pd.DataFrame], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean slope and correlation over channels in each draw."""
    drawn = weights[:, sums["n"].index]
    total = {part: drawn @ sums[part].to_numpy(np.float64) for part in ("n", "t", "p", "tt", "pp", "tp")}
    mean = {part: values / total["n"] for part, values in total.items()}
    varies = mean["tt"] - mean["t"] ** 2
    covary = mean["tp"] - mean["t"] * mean["p"]
    return np.nanmean(covary / varies, axis=1), np.nanmean(covary / np.sqrt(varies * (mean["pp"] - mean["p"] ** 2)), axis=1)


def degrees(truth: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    """By how many degrees the head is turned wrongly, and the eyes on average."""
    head = ["HeadYaw", "HeadPitch", "HeadRoll"]
    right, said = (Rotation.from_euler("YXZ", frame[head].to_numpy()) for frame in (truth, answer))
    gaze = 0.0
    for side in ("Left", "Right"):
        (t_yaw, t_pitch), (p_yaw, p_pitch) = ((frame[f"{side}EyeYaw"], frame[f"{side}EyePitch"]) for frame in (truth, answer))
        cosine = np.cos(t_pitch) * np.cos(p_pitch) * np.cos(t_yaw - p_yaw) + np.sin(t_pitch) * np.sin(p_pitch)
        gaze = gaze + np.degrees(np.arccos(cosine.clip(-1, 1))) / 2
    return pd.DataFrame({"head_degrees": np.degrees((right.inv() * said).magnitude()), "gaze_degrees": gaze})


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """The value of the sample itself and the middle 95 % of the resamples."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return values[0], low, high
