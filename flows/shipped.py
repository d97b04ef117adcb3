"""The recipes and policies that ship with sface, and how a run gets its name."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from sfcore.gate.policy import Policy, load_policy
from sfcore.recipe import Recipe, load_recipe
from tasks.teacher import named

RECIPES = Path(__file__).parent / "recipes"
POLICIES = Path(__file__).parent / "policies"


def recipe_named(name_or_path: str) -> Recipe:
    """A shipped recipe by name, or any by path, with its language model named; raises `WrongUse` with the nearest name."""
    return named(load_recipe(name_or_path, RECIPES))


def policy_named(name_or_path: str) -> Policy:
    """A shipped policy by name, or any by path; raises `WrongUse` with the nearest name."""
    return load_policy(name_or_path, POLICIES)


def new_run_id(recipe: Recipe) -> str:
    """Names a run by its recipe and its start, so that names sort by time; two at the same second differ."""
    return f"{recipe.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
