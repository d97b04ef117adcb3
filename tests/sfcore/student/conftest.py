"""A tiny base, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcore.codecs.codec import codec_named
from sfcore.student.base import load_processor, make_tiny
from sfcore.student.dialogue import Dialogue


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny base of seed 0."""
    folder = tmp_path_factory.mktemp("bases") / "tiny-0"
    make_tiny(folder, 0)
    return folder


@pytest.fixture(scope="session")
def dialogue(tiny: Path) -> Dialogue:
    """How the tiny base is asked, in the compact codec."""
    return Dialogue(load_processor(tiny), codec_named("compact"))
