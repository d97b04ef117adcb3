"""``sface model`` and ``sface promote`` as people type them: what is printed, what is refused, and in which words."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from benchmarks.promotions import POLICY, prepare
from flows.cli import app
from sfcore.errors import SfaceError
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace
from tasks.progress import Silent
from tasks.promote import promote

RULES = "name: mine\nrules:\n  - {name: errors, metric: mae, against: champion, margin: 0}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A workspace with champion ``old`` and better models ``one`` and ``two``, and a policy file ``mine.yaml``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "mine.yaml").write_text(RULES)
    prepare(str(tmp_path / "workspace"))
    return str(tmp_path / "workspace")


def typed(*words: str) -> Result:
    """What a command does; what it refuses is in ``exception``."""
    return CliRunner().invoke(app, list(words))


def answered(*words: str) -> Any:
    """What a command prints as JSON."""
    done = typed(*words, "--json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def refused(*words: str) -> tuple[int, str]:
    """Exit code and sentence of a command that is refused."""
    error = typed(*words).exception
    assert isinstance(error, SfaceError), error
    assert "\n" not in str(error)
    return error.exit_code, str(error)


def test_a_champion_comes_goes_and_is_told_of(place: str) -> None:
    done = answered("model", "promote", "one", "--policy", "mine.yaml", "-w", place)
    assert (done["champion"], done["run_id"], done["policy"]) == ("one", "run-one", "mine")
    said = typed("promote", "two", "--force", "--reason", "the camera was changed", "-w", place)
    assert "Forced: two is champion. The gate's verdict was refuse." in said.output
    assert answered("model", "rollback", "--reason", "blinks are missed", "-w", place)["champion"] == "one"
    history = answered("model", "history", "-w", place)
    assert [(row["model_id"], row["kind"], row["why"]) for row in history] == [
        ("old", "gate", None),
        ("one", "gate", None),
        ("two", "forced", "the camera was changed"),
        ("one", "rollback", "blinks are missed"),
    ]
    assert [row["until"] for row in history[:-1]] == [row["since"] for row in history[1:]]
    shown = typed("model", "history", "-w", place).output
    assert all(word in shown for word in ("until now", "forced against the gate's refuse", "rolled back", "blinks are missed"))
    models = {row["model_id"]: row for row in answered("model", "list", "-w", place)}
    assert {name: row["role"] for name, row in models.items()} == {
        "one": "champion",
        "old": "former champion",
        "two": "former champion",
    }
    assert answered("model", "show", "champion", "-w", place)["model_id"] == "one"
    assert "Champion" in typed("model", "show", "one", "-w", place).output


def test_two_models_are_compared_on_the_same_pictures(place: str) -> None:
    found = answered("model", "compare", "one", "champion", "-w", place)
    assert (found["first"], found["second"], found["runs"]) == ("one", "old", ["run-one", "run-one"])
    errors = next(row for row in found["differences"] if row["metric"] == "mae")
    assert (errors["first"], errors["second"]) == (0.08, 0.1)
    assert errors["lead"] == pytest.approx(0.02)
    assert "lead of the first" in typed("model", "compare", "one", "two", "-w", place).output


def test_a_decision_is_replayed_by_the_policy_it_kept(place: str) -> None:
    done = answered("promote", "one", "--policy", "mine.yaml", "-w", place)
    Path("mine.yaml").unlink()
    again = answered("promote", "--replay", done["decision_id"], "-w", place)
    assert (again["same"], again["verdict"], again["policy"]) == (True, "promote", "mine")
    # The run keeps its policy too: nobody has to name it again.
    assert answered("promote", "one", "-w", place)["policy"] == "mine"


def test_printed_queries_can_be_copied_as_they_stand(place: str) -> None:
    said = typed("promote", "one", "--policy", "mine.yaml", "--queries", "-w", place).output
    rules = Workspace.open(place).read("decisions").sort_by("decided_at").to_pylist()[-1]["rules"]
    assert rules
    assert all(f"{rule[name]};" in said for rule in rules for name in ("query", "interval_query"))


def test_what_was_cut_off_is_told_and_finished_by_a_look_at_the_history(place: str) -> None:
    import tasks.promote as module

    workspace, carry_out = Workspace.open(place), module.carry_out
    module.carry_out = lambda _workspace, _entry, seen: seen
    try:
        promote(workspace, POLICY, "one", "run-one", Silent())
    finally:
        module.carry_out = carry_out
    said = typed("model", "history", "-w", place).output
    assert "a promotion to one" in said
    assert "was cut off before the champion moved: it is finished now" in " ".join(said.split())
    assert answered("model", "history", "-w", place)[-1]["model_id"] == "one"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("model", "show", "onne"), 2, "there is no model 'onne' (did you mean 'one'?)"),
        (("model", "promote", "tvo"), 2, "there is no model 'tvo' (did you mean 'two'?)"),
        (("model", "compare", "one", "twoo"), 2, "(did you mean 'two'?)"),
        (("promote",), 2, "name a model to decide on"),
        (("promote", "one", "--run", "run-onne"), 1, "run run-onne has no metrics to decide by (did you mean 'run-one'?)"),
        (("promote", "--replay", "none"), 2, "there is no decision 'none'"),
        (("promote", "one", "--replay", "none"), 2, "--replay takes a decision alone"),
        (("promote", "one", "--force"), 2, "--force needs a reason"),
        (("promote", "one", "--reason", "why"), 2, "--reason goes with --force"),
        (("promote", "one", "--policy", "strickt"), 2, "no policy 'strickt' (did you mean 'strict'?)"),
        (("model", "rollback", "--reason", "x"), 2, "old is the first champion"),
        (("promote", "bare"), 1, "bare has no figures to decide by"),
    ],
)
def test_wrong_use_is_one_sentence_with_the_nearest_name(place: str, words: tuple[str, ...], code: int, said: str) -> None:
    workspace = Workspace.open(place)
    workspace.write_bytes("models/bare/lineage.json", b"{}")
    workspace.write_bytes("models/bare/_COMPLETE", b"")
    got, sentence = refused(*words, "-w", place)
    assert (got, said in sentence) == (code, True), sentence


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{name: a, metric: maee, bound: 1}", "'maee' is not a metric (did you mean 'mae'?)"),
        ("{name: a, metric: mae, slice: 'regoin:mouth', bound: 1}", "did you mean 'region:mouth'"),
        ("{name: a, metric: mae, slice: 'channel:*', against: champoin, margin: 0}", "did you mean 'champion'"),
        ("{name: a, metric: mae, bond: 1}", "'bond' is not a field (did you mean 'bound'?)"),
    ],
)
def test_a_misspelt_policy_names_rule_and_word(place: str, rule: str, said: str) -> None:
    Path("wrong.yaml").write_text(f"name: wrong\nrules:\n  - {rule}\n")
    code, sentence = refused("promote", "one", "--policy", "wrong.yaml", "-w", place)
    assert code == 2
    assert "wrong.yaml, rule 1 ('a')" in sentence
    assert said in sentence, sentence


@pytest.mark.parametrize("verb", ["list", "show", "compare", "promote", "rollback", "history"])
def test_every_verb_of_models_shows_an_example(verb: str) -> None:
    assert f"Example: sface model {verb}" in typed("model", verb, "--help").output


def test_a_prefect_that_does_not_answer_is_told_and_the_promotion_stands(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        # Bound and not listened on: whoever connects is refused at once.
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{held.getsockname()[1]}/api")
        code, said = refused("promote", "one", "--policy", "mine.yaml", "-w", place)
        assert code == 1
        assert "has not heard of it" in said
        assert "sface.model.promoted" in said
        assert read_alias(Workspace.open(place), CHAMPION).model_id == "one"
        code, said = refused("model", "rollback", "--reason", "blinks", "-w", place)
        assert "has not heard of it" in said
        assert read_alias(Workspace.open(place), CHAMPION).model_id == "old"
