"""Second questions about pictures that a model has answered: the same face mirrored, taken again, and asked alone.

Some figures need a second answer to a picture (`PROBES`). A sample of the pictures under evaluation is asked again, and
the answers go into the table ``probes`` (model, sample, probe, 61 channels), apart from ``predictions``, which hold one answer to
each picture.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfcore.arkit import NAMES
from sfcore.randomness import stream
from sfcore.store.schemas import SCHEMAS

if TYPE_CHECKING:
    import pyarrow as pa

Probe = Literal["mirrored", "retaken", "alone"]
PROBES: tuple[Probe, ...] = get_args(Probe)
"""``mirrored``: left and right of the picture changed over. ``retaken``: the next frame of a camera before a still face, with
other noise. ``alone``: the very picture, in a batch of one."""

NOISE = 0.008
"""Spread of the second exposure's noise on the scale 0..1, two grey levels: the mean of what pictures are drawn with
(`sfcore.render.sensor`)."""
ALONE_SHARE = 4
"""One in so many of the pictures asked again is asked alone, for batches of one are slow."""


def probed_samples(samples: list[str], wanted: int, probe: Probe) -> list[str]:
    """Which of the pictures are asked again, at most ``wanted``: ids are hashes, so the first of them are a fair draw."""
    count = min(wanted, len(samples))
    return sorted(samples)[: max(1, count // ALONE_SHARE) if probe == "alone" and count else count]


def second_look(image: bytes, sample: str, probe: Probe) -> bytes:
    """The picture as a probe shows it, as PNG (``alone``: as it is); the noise follows from the sample's id."""
    if probe == "alone":
        return image
    with Image.open(io.BytesIO(image)) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    if probe == "mirrored":
        shown = np.ascontiguousarray(pixels[:, ::-1])
    else:
        noise = 255 * NOISE * stream(sample, "second exposure").standard_normal(pixels.shape)
        shown = np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
    sink = io.BytesIO()
    Image.fromarray(shown).save(sink, "PNG")
    return sink.getvalue()


def probe_rows(model_id: str, samples: list[str], probe: Probe, answers: NDArray[np.float32]) -> pa.Table:
    """Rows of the ``probes`` table from (n, 61) answers, nan where there is none."""
    import pyarrow as pa

    columns = {"model_id": [model_id] * len(samples), "sample_id": samples, "probe": [probe] * len(samples)}
    columns |= {name: pa.array(answers[:, i], pa.float32(), from_pandas=True) for i, name in enumerate(NAMES)}
    return pa.table(columns).cast(SCHEMAS["probes"])
