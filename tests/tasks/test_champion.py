"""How a champion comes and goes: by force, back again, after a kill, in a race; and every decision made again."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from benchmarks.promotions import POLICY, STEPS, kill, prepare, race, racers
from sfcore.errors import WorkFailed, WrongUse
from sfcore.gate.ledger import champion_before, new_entry, read_entries, read_entry, reigns_of, write_entry
from sfcore.store.aliases import CHAMPION, LostRace, move_alias, read_alias
from sfcore.store.workspace import Workspace
from tasks.evaluate import _champion_can_answer
from tasks.progress import Silent
from tasks.promote import finish_cut_off, force, promote, rollback
from tasks.replay import replay


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Champion ``old``; ``one`` and ``two`` are better, each measured beside it in ``run-one`` and ``run-two``."""
    return prepare(str(tmp_path / "workspace"))


def test_a_forced_champion_keeps_the_gates_verdict_and_the_reason(workspace: Workspace) -> None:
    promote(workspace, POLICY, "one", "run-one", Silent())
    # By then the champion is 'one', of which run-two knows nothing.
    assert promote(workspace, POLICY, "two", "run-two", Silent()).decision.verdict == "refuse"
    done = force(workspace, POLICY, "two", "run-two", "the camera was changed", Silent())
    assert (done.champion, done.decision.verdict, done.kind) == ("two", "refuse", "forced")
    assert "one was not scored in this run" in done.decision.reason
    kept = reigns_of(workspace)[-1].entry
    assert kept is not None
    assert (kept.kind, kept.verdict, kept.why) == ("forced", "refuse", "the camera was changed")
    assert kept.rules == done.decision.rules
    with pytest.raises(WrongUse, match="two is the champion already"):
        force(workspace, POLICY, "two", "run-two", "again", Silent())
    with pytest.raises(WrongUse, match="needs a reason"):
        force(workspace, POLICY, "one", "run-one", " ", Silent())


def test_a_model_without_any_figures_can_be_forced_and_the_gate_says_what_is_missing(workspace: Workspace) -> None:
    done = force(workspace, POLICY, "one", None, "no pictures left to measure on", Silent())
    assert done.champion == "one"
    assert {rule.outcome for rule in done.decision.rules} == {"missing"}
    assert replay(workspace, done.decision_id).same


def test_rolling_back_goes_back_one_champion_at_a_time_and_says_when_there_is_none(workspace: Workspace) -> None:
    promote(workspace, POLICY, "one", "run-one", Silent())
    force(workspace, POLICY, "two", "run-two", "newer", Silent())
    assert rollback(workspace, "blinks are missed", Silent()).champion == "one"
    assert rollback(workspace, "and here too", Silent()).champion == "old"
    with pytest.raises(WrongUse, match="old is the first champion"):
        rollback(workspace, "further", Silent())
    # What was rolled back may come again, as a decision of its own.
    assert promote(workspace, POLICY, "two", "run-two", Silent()).champion == "two"
    reigns = reigns_of(workspace)
    assert [reign.model_id for reign in reigns] == ["old", "one", "two", "one", "old", "two"]
    assert [reign.kind for reign in reigns] == ["gate", "gate", "forced", "rollback", "rollback", "gate"]
    assert all(before.until == after.since for before, after in itertools.pairwise(reigns))
    assert reigns[-1].until is None
    assert len({reign.entry.decision_id for reign in reigns if reign.entry}) == 6
    assert champion_before(reigns) == "old"
    with pytest.raises(WrongUse, match="needs a reason"):
        rollback(workspace, "", Silent())


def test_a_champion_before_whose_files_are_gone_is_not_gone_back_to(workspace: Workspace) -> None:
    promote(workspace, POLICY, "one", "run-one", Silent())
    workspace.remove("models/old")
    with pytest.raises(WrongUse, match="the files of old, the champion before one, are gone"):
        rollback(workspace, "why not", Silent())
    assert read_alias(workspace, CHAMPION).model_id == "one"


def test_a_champion_whose_files_are_gone_is_told_before_anyone_is_asked(workspace: Workspace) -> None:
    workspace.remove("models/old")
    with pytest.raises(WorkFailed, match="files of the champion old are gone, and 2 of 2 pictures want its answer"):
        _champion_can_answer(workspace, "old", SimpleNamespace(test=("a", "b")))
    # Its figures are in the run: one that is better is promoted, and the decision says what it rests on.
    done = promote(workspace, POLICY, "one", "run-one", Silent())
    assert done.champion == "one"
    assert "files of the champion old are gone" in done.decision.reason


def test_a_promotion_that_was_cut_off_is_finished_by_who_comes_next(workspace: Workspace) -> None:
    seen = read_alias(workspace, CHAMPION)
    done = promote(workspace, POLICY, "one", "run-one", Silent())
    left = read_entry(workspace, done.decision_id)
    # As a kill leaves it: the entry is there and the move is not.
    shutil.rmtree(Path(workspace.address.root) / "tables" / "aliases")
    move_alias(workspace, read_alias(workspace, CHAMPION), "old", str(seen.decision_id))
    assert left.champion_move == read_alias(workspace, CHAMPION).move
    with pytest.raises(LostRace, match=f"has gone to one by decision {left.decision_id}.*evaluate two again"):
        promote(workspace, POLICY, "two", "run-two", Silent())
    assert read_alias(workspace, CHAMPION).model_id == "one"
    assert [row.candidate for row in read_entries(workspace)] == ["old", "one"]
    assert finish_cut_off(workspace) is None


def test_changed_pictures_are_said(workspace: Workspace) -> None:
    rows = workspace.read("metrics").to_pylist()
    newer = [row | {"run_id": "run-new", "dataset_version": 7} for row in rows if row["run_id"] == "run-one"]
    workspace.append("metrics", pa.Table.from_pylist(newer, schema=workspace.schemas["metrics"]), "metrics/run-new")
    done = promote(workspace, POLICY, "one", "run-new", Silent())
    assert "promoted on version 1 of the pictures; both were scored again on the same rows of version 7" in done.decision.reason


def test_a_decision_is_reached_again_whatever_has_come_since_or_says_what_is_gone(workspace: Workspace) -> None:
    done = promote(workspace, POLICY, "one", "run-one", Silent())
    assert replay(workspace, done.decision_id).same
    with pytest.raises(WrongUse, match=f"no decision '{done.decision_id[:-1]}' .did you mean '{done.decision_id}'"):
        replay(workspace, done.decision_id[:-1])
    workspace.remove("models/one")
    again = replay(workspace, done.decision_id)
    assert again.same
    assert again.gone == ("there is no table 'supervision' any more", "the files of one are gone")
    with pytest.raises(WrongUse, match="is a rollback, which asks no gate"):
        replay(workspace, rollback(workspace, "back", Silent()).decision_id)
    # Compacted and vacuumed: the version that was decided on has lost its files.
    table = workspace.table("metrics")
    table.optimize.compact()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(WorkFailed, match=r"its figures are gone, for version \d of 'metrics' was vacuumed"):
        replay(workspace, done.decision_id)


def test_an_entry_is_the_same_whoever_writes_it_and_another_after_each_move(workspace: Workspace) -> None:
    done = promote(workspace, POLICY, "one", "run-one", Silent())
    entry = read_entry(workspace, done.decision_id)
    write_entry(workspace, entry)
    assert [row.decision_id for row in read_entries(workspace)].count(done.decision_id) == 1
    assert entry.policy_text is not None
    assert type(POLICY).model_validate_json(entry.policy_text) == POLICY
    rolled = new_entry(done.decision, read_alias(workspace, CHAMPION), "one", "run-one", POLICY, None)
    assert rolled.decision_id != done.decision_id


@pytest.mark.slow
def test_races_have_one_winner_and_the_other_is_told(workspace_location: str) -> None:
    with racers() as ends:
        for number in range(3):
            wrong, told = race(f"{workspace_location}/race-{number}", ends)
            assert wrong == ""
            lost = next(sentence for outcome, sentence in told if outcome != "won")
            assert "champion" in lost


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_run_finishes_it(tmp_path: Path, step: str) -> None:
    killed = kill(str(tmp_path / "workspace"), step, 0.0, by_history=step == "entry written")
    assert killed.wrong == ""
    assert killed.left == {"entry written": "a decision", "move half written": "a decision", "moved": "decision and move"}.get(
        step, "nothing"
    )
