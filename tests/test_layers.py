"""flows -> tasks -> sfcore, never back; and sfcore knows neither Prefect nor Ray."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "sfcore": {"tasks", "flows", "prefect", "ray"},
    "tasks": {"flows"},
    "flows": set(),
}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Top-level names of every import of a file, those inside functions and conditionals included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.split(".")[0]


@pytest.mark.parametrize("layer", sorted(FORBIDDEN))
def test_a_layer_imports_only_what_lies_below(layer: str) -> None:
    files = sorted((ROOT / layer).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        for line, name in imported(path)
        if name in FORBIDDEN[layer]
    ]
    assert wrong == []


def test_mathematics_of_a_step_is_not_in_tasks() -> None:
    wrong = [
        f"{path.name}:{line}"
        for path in (ROOT / "tasks").glob("*.py")
        for line, name in imported(path)
        if name in {"torch", "numba", "PIL"}
    ]
    assert wrong == []


def test_help_and_wrong_use_load_no_engine() -> None:
    heavy = ("torch", "transformers", "ray", "prefect", "numba", "deepspeed", "duckdb", "deltalake", "pyarrow")
    probe = (
        "import sys\nfrom flows.cli import main\nsys.argv = ['sface', 'retrain', '--recipe', 'demoo']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 2, stop.code\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
    assert "did you mean 'demo'" in done.stderr


def test_no_file_of_the_repository_names_a_package_index_or_a_folder_of_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    wrong = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".yaml", ".txt", ".cfg"} and path.is_file() and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            wrong += [f"{name}: {word}" for word in ("pypi.org", "/simple", str(ROOT) + "/") if word in text]
    assert wrong == []
