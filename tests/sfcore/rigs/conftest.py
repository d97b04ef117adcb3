"""Rigs of other people that tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcore.rigs.importing import import_rig
from sfcore.rigs.rig import Rig


@pytest.fixture(scope="session")
def ict_rig(real_data: Path) -> Rig:
    """The ICT face model, imported from its release as packed in the folder of real data: once, since it takes half a minute."""
    archive = real_data / "ict-facekit.tar.xz"
    if not archive.exists():
        pytest.skip("the release of the ICT face model (shared/data/ict-facekit.tar.xz) is not here")
    return import_rig("ict-facekit", archive)
