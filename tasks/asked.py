"""Which pictures an evaluation learns from and asks about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pictures are learnt from and which are asked about, at a version of ``supervision``; names sorted."""

    version: int
    train: tuple[str, ...]
    test: tuple[str, ...]


def pictures_of(workspace: Workspace, version: int, samples: list[str]) -> list[bytes]:
    """The stored pictures of samples, in the order asked."""
    rows = workspace.read("supervision", version, columns=["sample_id", "image"], filter=pc.field("sample_id").isin(samples))
    by_id = dict(zip(rows["sample_id"].to_pylist(), rows["image"].to_pylist(), strict=True))
    return [by_id[sample] for sample in samples]


def channels_of(values: np.ndarray) -> dict[str, float | None]:
    """61 numbers as columns; nan becomes null."""
    return {name: None if np.isnan(values[i]) else float(values[i]) for i, name in enumerate(NAMES)}
