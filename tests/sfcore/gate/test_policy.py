"""Policies as people write them, mistakes included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfcore.errors import WrongUse
from sfcore.gate.policy import load_policy, policy_from

FOLDER = Path(__file__).parents[3] / "flows" / "policies"
RULE = {"name": "small errors", "metric": "mae", "bound": 0.1}


def test_the_shipped_policies_load_and_name_their_content() -> None:
    for path in FOLDER.glob("*.yaml"):
        loaded = load_policy(path.stem, FOLDER)
        assert loaded == load_policy(str(path), FOLDER)
        changed = loaded.model_dump(mode="json")
        changed["rules"][0]["min_n"] += 1
        assert policy_from(changed, "copy").digest != loaded.digest


def test_the_default_policy_asks_for_what_it_promises() -> None:
    rules = {(rule.metric, rule.against): rule for rule in load_policy("default", FOLDER).rules}
    assert rules["share_parsed", "absolute"].required
    assert rules["skill", "absolute"].required
    assert rules["skill", "absolute"].use == "ci_low"
    assert (rules["skill", "absolute"].bound or 0) > 0
    assert rules["mae", "champion"].required
    assert rules["left_right", "champion"].required
    assert not rules["skill", "baseline-cnn"].required


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"metrc": "mae"}, r"rule 1 \('small errors'\): 'metrc' is not a field \(did you mean 'metric'\?\)\."),
        ({"metric": "mea_active"}, r"rule 1 \('small errors'\): 'mea_active' is not a metric \(did you mean 'mae_active'\?\)"),
        ({"slice": "region:moth"}, r"'region:moth' is not a slice \(did you mean 'region:mouth'\?\)"),
        ({"direction": "higher"}, r"of mae the lower is the better: write 'direction: lower' or leave it out\."),
        ({"against": "champion"}, r"a rule against 'champion' takes a margin and no bound\."),
        ({"bound": None}, r"a rule against 'absolute' takes a bound and no margin\."),
        ({"bound": float("nan")}, r"bound: input should be a finite number\."),
        ({"use": "low"}, r"use: input should be 'value', 'ci_low' or 'ci_high' \(did you mean 'ci_low'\?\)\."),
        ({"min_n": 0}, r"min_n: input should be greater than or equal to 1\."),
    ],
)
def test_a_wrong_rule_is_named_with_what_to_do(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        policy_from({"name": "p", "rules": [RULE | wrong]}, "policy p.yaml")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"name": "p", "ruls": [RULE]}, r"policy p.yaml: 'ruls' is not a field \(did you mean 'rules'\?\)\."),
        ({"name": "p"}, r"policy p.yaml: rules: field required\."),
        ({"name": "p", "rules": []}, "at least one rule must be required"),
        ({"name": "p", "rules": [RULE | {"importance": "advisory"}]}, "at least one rule must be required"),
        ({"name": "p", "rules": [RULE, RULE]}, "two rules are named 'small errors'"),
        ({"name": "p", "rules": ["mae < 1"]}, "rule 1: input should be a valid dictionary"),
    ],
)
def test_a_wrong_policy_is_one_sentence(content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        policy_from(content, "policy p.yaml")


def test_files_that_are_no_policy_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no policy 'defualt' \(did you mean 'default'\?\): give a file or one of default"):
        load_policy("defualt", FOLDER)
    broken, lonely = tmp_path / "broken.yaml", tmp_path / "lonely.yaml"
    broken.write_text("rules: [", encoding="utf-8")
    lonely.write_text("just words", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"broken.yaml is not valid YAML"):
        load_policy(str(broken), FOLDER)
    with pytest.raises(WrongUse, match=r"lonely.yaml holds no policy"):
        load_policy(str(lonely), FOLDER)
