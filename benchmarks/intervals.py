"""Whether intervals and the gate keep what they promise, by simulation.

    python benchmarks/intervals.py                 # 2,000 evaluations of each kind
    python benchmarks/intervals.py --evaluations 200

Each evaluation draws a champion's and a candidate's errors on the same pictures of the same faces: faces differ, pictures of one
face resemble each other, and both models find the same pictures hard. The truth is known, so it can be counted how often a 95 %
interval holds it, and how often a rule with a confidence of 95 % and a power of 80 % promotes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sfcore.gate.decide import decide
from sfcore.gate.policy import Policy, Rule
from sfcore.metrics.intervals import draw_weights, mean_correlations, percentile_interval, ratios
from sfcore.store.schemas import SCHEMAS

FACES, PICTURES, RESAMPLES = 60, 12, 500
MARGIN = 0.0082
"""A lead that this many pictures show with a power a little above 80 %: its standard error is 0.00316, a bound at 95 % lies about
1.7 of these below the lead, and 80 % of leads lie above 0.84 below the true one."""
LEVEL, SPREAD_OF_FACES, SPREAD, OWN_OF_FACES, OWN = 0.1, 0.02, 0.03, 0.015, 0.03
"""Mean error; spreads over faces and pictures that both models share; and those of a model's own."""


@dataclass(frozen=True)
class World:
    """Per-picture errors (faces, pictures) of the candidate and the champion."""

    candidate: np.ndarray
    champion: np.ndarray


def draw(rng: np.random.Generator, lead: float, faces: int = FACES) -> World:
    """One evaluation in which the candidate's true mean error is smaller by ``lead``."""
    shared = SPREAD_OF_FACES * rng.standard_normal((faces, 1)) + SPREAD * rng.standard_normal((faces, PICTURES))
    own = [OWN_OF_FACES * rng.standard_normal((faces, 1)) + OWN * rng.standard_normal((faces, PICTURES)) for _ in range(2)]
    return World(LEVEL - lead + shared + own[0], LEVEL + shared + own[1])


def _resampled(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return ratios(weights, np.stack([errors.sum(axis=1), np.full(len(errors), float(errors.shape[1]))], axis=1))


def metrics_of(worlds: dict[str, World], seed: int) -> pa.Table:
    """The metrics table of one evaluation: slice -> errors of both models, all drawn by the same weights."""
    rows = []
    for name, world in worlds.items():
        weights = draw_weights(len(world.candidate), RESAMPLES, seed)
        for model, errors in (
            ("candidate", world.candidate),
            ("champion", world.champion),
            ("baseline-median-x", world.champion),
        ):
            values = _resampled(errors, weights)
            low, high = percentile_interval(values[1:], 0.95, len(errors)) or (None, None)
            rows.append(
                {"run_id": "run", "model_id": model, "metric": "mae", "slice": name, "value": values[0], "ci_low": low}
                | {"ci_high": high, "n": errors.size, "dataset": "simulated", "dataset_version": 1, "clusters": len(errors)}
                | {"deviations": (values[1:] - values[0]).astype(np.float32)}
            )
    return pa.Table.from_pylist(rows, schema=SCHEMAS["metrics"])


def gate(margin: float, where: str = "all", correction: str = "max-t") -> Policy:
    """A policy of one rule against the champion."""
    rule = {"name": "lead", "metric": "mae", "against": "champion", "margin": margin, "confidence": 0.95, "power": 0.8}
    return Policy(name="simulated", rules=(Rule.model_validate(rule | {"slice": where, "correction": correction}),))


def verdicts(policy: Policy, lead: float, evaluations: int, seed: int, slices: tuple[str, ...] = ("all",)) -> Counter[str]:
    """How often a policy gives which verdict when the true lead is ``lead`` in every slice."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for number in range(evaluations):
        metrics = metrics_of({name: draw(rng, lead) for name in slices}, number)
        found[decide(policy, metrics, "candidate", "champion").verdict] += 1
    return found


def coverage(evaluations: int, faces: int, seed: int) -> dict[str, float]:
    """Share of 95 % intervals that hold the truth: of a mean error, of two models' difference, and of a correlation."""
    rng = np.random.default_rng(seed)
    held: Counter[str] = Counter()
    rho = 0.7
    for number in range(evaluations):
        weights = draw_weights(faces, RESAMPLES, number)
        world = draw(rng, 0.01, faces)
        mine, other = _resampled(world.candidate, weights), _resampled(world.champion, weights)
        truth = rng.standard_normal((faces, PICTURES))
        answer = rho * truth + np.sqrt(1 - rho**2) * rng.standard_normal((faces, PICTURES))
        parts = [np.ones_like(truth), truth, answer, truth**2, answer**2, truth * answer]
        r = mean_correlations(weights, np.stack([part.sum(axis=1) for part in parts], axis=-1)[:, None, :])
        for name, values, right in (("mean", mine, LEVEL - 0.01), ("difference", mine - other, -0.01), ("correlation", r, rho)):
            low, high = percentile_interval(values[1:], 0.95, faces) or (np.nan, np.nan)
            held[name] += bool(low <= right <= high)
    return {name: count / evaluations for name, count in held.items()}


def main() -> None:
    """Prints coverage and verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluations", type=int, default=2000)
    count = parser.parse_args().evaluations
    for faces in (20, FACES):
        shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in coverage(count, faces, faces).items())
        print(f"95 % intervals over {faces} faces hold the truth: {shares}", flush=True)
    regions = tuple(f"region:{name}" for name in ("brows", "eyes", "jaw", "mouth", "nose"))
    cases = (
        (f"two equal models, lead of {MARGIN} asked for (at most 5 % promoted)", gate(MARGIN), 0.0, ("all",)),
        (f"truly better by {MARGIN}, asked for (at least 80 % promoted)", gate(MARGIN), MARGIN, ("all",)),
        (f"equal, {MARGIN} behind allowed (at least 80 % promoted)", gate(-MARGIN), 0.0, ("all",)),
        (f"truly worse by {MARGIN}, which is allowed (at most 5 % promoted)", gate(-MARGIN), -MARGIN, ("all",)),
        (
            "worse by what is allowed in all five regions, max-T (at most 5 % promoted)",
            gate(-MARGIN, "region:*"),
            -MARGIN,
            regions,
        ),
        ("the same by Holm", gate(-MARGIN, "region:*", "holm"), -MARGIN, regions),
        ("the same without a correction", gate(-MARGIN, "region:*", "none"), -MARGIN, regions),
    )
    for seed, (name, policy, lead, slices) in enumerate(cases):
        found = verdicts(policy, lead, count, seed, slices)
        shares = ", ".join(f"{verdict} {100 * found[verdict] / count:.1f} %" for verdict in ("promote", "refuse", "undecided"))
        print(f"{name}: {shares}", flush=True)


if __name__ == "__main__":
    main()
