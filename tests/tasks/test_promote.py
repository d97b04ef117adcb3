"""From a run's figures to a decision that is kept, and a champion that moves once."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from sfcore.errors import WorkFailed, WrongUse
from sfcore.gate.policy import Policy, Rule
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace
from tasks.progress import Silent
from tasks.promote import promote

POLICY = Policy(
    name="test",
    rules=(
        Rule(name="reads", metric="share_parsed", bound=0.9, min_n=30),
        Rule(name="no step back", metric="mae", against="champion", margin=0.0),
    ),
)


def put_model(workspace: Workspace, folder: Path, model_id: str) -> None:
    """A model folder that holds its lineage and nothing to load."""
    local = folder / model_id
    local.mkdir()
    (local / "lineage.json").write_text(json.dumps({"model_id": model_id}))
    workspace.push_folder(local, f"models/{model_id}")


def put_figures(workspace: Workspace, run_id: str, figures: dict[str, tuple[float, float]]) -> None:
    """Share of parsed answers and mean absolute error of each model of a run, on 100 pictures."""
    fixed = {"run_id": run_id, "slice": "all", "n": 100, "dataset": "d", "dataset_version": 1}
    rows = []
    for model_id, (parsed, mae) in {**figures, "baseline-median-x": (1.0, 0.1)}.items():
        for metric, value in (("share_parsed", parsed), ("mae", mae)):
            rows.append({**fixed, "model_id": model_id, "metric": metric, "value": value, "ci_low": value, "ci_high": value})
    workspace.append("metrics", pa.Table.from_pylist(rows, schema=workspace.schemas["metrics"]), f"metrics/{run_id}")


@pytest.fixture
def workspace(workspace_location: str, tmp_path: Path) -> Workspace:
    made = Workspace.create(workspace_location)
    for model_id in ("first", "better", "worse"):
        put_model(made, tmp_path, model_id)
    put_figures(made, "run-1", {"first": (1.0, 0.09)})
    put_figures(made, "run-2", {"worse": (1.0, 0.095), "first": (1.0, 0.09)})
    put_figures(made, "run-3", {"better": (1.0, 0.08), "first": (1.0, 0.09)})
    return made


def test_the_champion_moves_only_when_the_figures_say_so(workspace: Workspace) -> None:
    first = promote(workspace, POLICY, "first", "run-1", Silent())
    assert (first.decision.verdict, first.champion_before, first.champion) == ("promote", None, "first")
    worse = promote(workspace, POLICY, "worse", "run-2", Silent())
    assert (worse.decision.verdict, worse.champion) == ("refuse", "first")
    assert "no step back" in worse.decision.reason
    better = promote(workspace, POLICY, "better", "run-3", Silent())
    assert (better.decision.verdict, better.champion_before, better.champion) == ("promote", "first", "better")
    alias = read_alias(workspace, CHAMPION)
    assert (alias.model_id, alias.decision_id, alias.move) == ("better", better.decision_id, 2)
    kept = {row["candidate"]: row["verdict"] for row in workspace.read("decisions").to_pylist()}
    assert kept == {"first": "promote", "worse": "refuse", "better": "promote"}


def test_deciding_again_on_the_champion_moves_nothing(workspace: Workspace) -> None:
    promote(workspace, POLICY, "first", "run-1", Silent())
    again = promote(workspace, POLICY, "first", "run-1", Silent())
    assert (again.decision.verdict, again.champion) == ("promote", "first")
    assert read_alias(workspace, CHAMPION).move == 1


def test_what_is_no_model_and_what_was_not_measured_cannot_be_promoted(workspace: Workspace) -> None:
    with pytest.raises(WrongUse, match="no model 'baseline-median-x'"):
        promote(workspace, POLICY, "baseline-median-x", "run-1", Silent())
    with pytest.raises(WorkFailed, match="run nine has no metrics"):
        promote(workspace, POLICY, "first", "nine", Silent())
    assert read_alias(workspace, CHAMPION).model_id is None
    assert workspace.read("decisions").num_rows == 0
