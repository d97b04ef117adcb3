"""What a sample will weigh in the table, foretold from its recipe alone, so that files can be cut by bytes before any is made."""

from __future__ import annotations

import math

import numpy as np

from sfcore.plan import Cuts
from sfcore.recipe import Recipe

MIB = 1024**2

# Mean bytes of the embedded head's pictures at 256 pixels by quality, drawn with everything that a recipe varies by default, and
# the power of the width by which they grow; 48 pictures each at 64 to 256 pixels: python benchmarks/supervise.py --weights
_AT_256 = {
    "webp": ((30, 60, 80, 92, 100), (1957, 2875, 4443, 10224, 26525), 1.37),
    "jpeg": ((30, 60, 80, 92, 100), (4639, 6482, 9564, 17420, 74349), 1.36),
    "png": ((1, 100), (87808, 87808), 1.78),
}
# Words, scene and channels of a sample after zstd: the same script.
_BESIDE_THE_PICTURE = 1300
# What is made and kept in memory before it goes into the file: enough for Parquet to compress well, little beside a worker.
_GROUP_BYTES = 4 * MIB
_LEAST_GROUP, _LARGEST_GROUP = 64, 1024


def bytes_of_a_sample(recipe: Recipe) -> int:
    """Bytes that a sample takes in its file, in the mean."""
    stored = recipe.supervision
    qualities, sizes, power = _AT_256[stored.image_format]
    at_256 = math.exp(float(np.interp(stored.image_quality, qualities, np.log(sizes))))
    return round(at_256 * (recipe.faces.size / 256) ** power) + _BESIDE_THE_PICTURE


def cuts_for(recipe: Recipe, samples: int) -> Cuts:
    """Files of ``supervision.file_mib``, or smaller ones where the plan would have fewer than ``supervision.least_files``.

    A recipe that names ``rows_per_file`` is taken at its word.
    """
    wanted, weight = recipe.supervision, bytes_of_a_sample(recipe)
    by_bytes = max(1, int(wanted.file_mib * MIB / weight))
    # Few large files would leave workers idle and lose hours at a crash.
    spread = max(_LEAST_GROUP, -(-samples // wanted.least_files))
    rows = wanted.rows_per_file or min(by_bytes, spread)
    return Cuts(rows, wanted.files_per_wave, min(max(_GROUP_BYTES // weight, _LEAST_GROUP), _LARGEST_GROUP))
