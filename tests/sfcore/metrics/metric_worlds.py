"""Small worlds of pictures and answers whose figures can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from sfcore.arkit import INDEX, NAMES
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation
from sfcore.store.schemas import SCHEMAS

MEDIAN = baseline_id("median", "world")


def _channels(values: np.ndarray) -> dict[str, pa.Array]:
    """Columns of a (n, 61) array; nan becomes null."""
    return {name: pa.array(values[:, i], pa.float32(), mask=np.isnan(values[:, i])) for i, name in enumerate(NAMES)}


def _table(name: str, columns: dict[str, object], rows: int) -> pa.Table:
    """A table of the contract, with empty stand-ins for the columns a test does not care about."""
    blank = {"image": b"", "scene": "{}", "faults": []}
    filled = []
    for column in SCHEMAS[name]:
        value = columns.get(column.name)
        if value is None and not column.nullable:
            plain = blank.get(column.name, "" if pa.types.is_string(column.type) else 0)
            value = [plain] * rows
        filled.append(
            pa.array([None] * rows if value is None else value, column.type) if not isinstance(value, pa.Array) else value
        )
    return pa.Table.from_arrays(filled, schema=SCHEMAS[name])


@dataclass
class World:
    """Pictures of several identities with known coefficients, and what models answered."""

    truth: np.ndarray
    identities: list[str]
    median: np.ndarray
    domains: list[str] = field(default_factory=list)
    answers: dict[str, pa.Table] = field(default_factory=dict)
    expressions: list[str] = field(default_factory=list)
    judged: pa.Table | None = None
    probed: pa.Table | None = None
    _scored: dict[str, None] = field(default_factory=dict)
    _figures: dict[tuple[str, str, str], dict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.domains = self.domains or ["procedural"] * len(self.truth)
        self.answer(MEDIAN, np.tile(self.median, (len(self.truth), 1)))

    @property
    def ids(self) -> list[str]:
        return [f"s{i:04d}" for i in range(len(self.truth))]

    def answer(
        self,
        model: str,
        values: np.ndarray,
        parsed: list[bool] | None = None,
        only: list[int] | None = None,
        says: list[str] | None = None,
    ) -> None:
        """Lets a model answer; ``only`` leaves the other pictures without a row."""
        keep = list(range(len(self.truth))) if only is None else only
        columns: dict[str, object] = {
            "model_id": [model] * len(keep),
            "sample_id": [self.ids[i] for i in keep],
            "parsed": [True] * len(keep) if parsed is None else [parsed[i] for i in keep],
            "expression_category": [None] * len(keep) if says is None else [says[i] for i in keep],
            "tokens": [10 + i for i in keep],
            "milliseconds": [2.0 * i for i in keep],
        }
        self.answers[model] = _table("predictions", columns | _channels(np.asarray(values, np.float32)[keep]), len(keep))

    def supervision(self, dataset: str = "demo", split: str = "test", identities: list[str] | None = None) -> pa.Table:
        n = len(self.truth)
        columns: dict[str, object] = {
            "sample_id": self.ids,
            "dataset": [dataset] * n,
            "split": [split] * n,
            "identity": identities or self.identities,
            "take": self.identities,
            "expression_category": self.expressions or [None] * n,
            "domain": self.domains,
        }
        return _table("supervision", columns | _channels(np.asarray(self.truth, np.float32)), n)

    def connect(self, extra: list[pa.Table] | None = None) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
        con.register("supervision", pa.concat_tables([self.supervision(), *(extra or [])]))
        con.register("predictions", pa.concat_tables(self.answers.values()))
        con.register("judgements", SCHEMAS["judgements"].empty_table() if self.judged is None else self.judged)
        con.register("probes", SCHEMAS["probes"].empty_table() if self.probed is None else self.probed)
        return con

    def score(self, bootstrap: int = 50) -> pa.Table:
        return score(self.connect(), "run", list(self.answers), "demo", 3, Evaluation(bootstrap=bootstrap), 0)

    def figures(self) -> dict[tuple[str, str, str], dict]:
        """(model, metric, slice) -> row, scored once for the answers given so far."""
        if len(self._scored) != len(self.answers):
            self._scored = dict.fromkeys(self.answers)
            self._figures = figures_of(self.score())
        return self._figures

    def value(self, model: str, metric: str, slice_name: str = "all") -> float | None:
        return self.figures().get((model, metric, slice_name), {}).get("value")


def figures_of(metrics: pa.Table) -> dict[tuple[str, str, str], dict]:
    """(model, metric, slice) -> row."""
    return {(row["model_id"], row["metric"], row["slice"]): row for row in metrics.to_pylist()}


def blank(n: int, **channels: list[float]) -> np.ndarray:
    """(n, 61) coefficients where only the named channels are known."""
    values = np.full((n, 61), np.nan)
    for name, numbers in channels.items():
        values[:, INDEX[name]] = numbers
    return values


def random_world(seed: int, n: int = 60, identities: int = 12) -> World:
    """Sparse shapes and small rotations with a share of unknown cells, and three models of different quality."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.clip(rng.normal(-0.2, 0.5, (n, 52)), 0, 1), rng.normal(0, 0.2, (n, 9))], axis=1)
    truth[rng.random(truth.shape) < 0.1] = np.nan
    truth[:, INDEX["TongueOut"]] = 0.0
    median = np.nanmedian(truth, axis=0)
    truth[:, INDEX["HeadRoll"]] = np.nan
    domains = ["procedural" if i % 3 else "ict" for i in range(n)]
    world = World(truth, [f"face{i % identities}" for i in range(n)], median, domains)
    known = np.nan_to_num(truth)
    world.answer("good", known * 0.8 + rng.normal(0, 0.05, truth.shape))
    noisy = known * 0.3 + rng.random(truth.shape) * 0.4
    noisy[rng.random(truth.shape) < 0.05] = np.nan
    world.answer("noisy", noisy, parsed=[i % 7 != 0 for i in range(n)])
    world.answer("partial", rng.random(truth.shape), only=list(range(0, n, 2)))
    return world
