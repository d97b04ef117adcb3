"""Making a sample again alone, long after its run: by the recipe that was kept when it was made."""

from __future__ import annotations

from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace

_RECIPES = "recipes"


def keep_recipe(workspace: Workspace, recipe: Recipe) -> None:
    """Keeps the recipe in the workspace under the digest of what shapes its pictures; once kept, it stays as it is."""
    place = f"{_RECIPES}/{recipe.supervision_digest}.json"
    if not workspace.exists(place):
        workspace.write_bytes(place, recipe.model_dump_json(indent=1).encode())
