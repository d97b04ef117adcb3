"""What SQL cannot read off an answer: whether its words are true, and how far the face it describes is from the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.arkit import SHAPES
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.verify import Tally, tally
from sfcore.metrics.baselines import coefficients_of
from sfcore.metrics.ruler import Ruler
from sfcore.store.schemas import SCHEMAS, SKIN_REGIONS

if TYPE_CHECKING:
    import pyarrow as pa

_SILENT = Description("", "", "", "")


def judge(predictions: pa.Table, supervision: pa.Table, ruler: Ruler) -> pa.Table:
    """Rows of the ``judgements`` table, one for each prediction whose picture is in ``supervision``, in the predictions' order.

    Claims are counted against the true coefficients (``claims_true``, ``signs``) and against the model's own (``claims_own``,
    ``own_signs``); they are null for a model that gives no words. An answer that could not be read has no claims, tells none of
    the strong actions, and leaves one of its own untold.
    """
    import pyarrow as pa

    place = {sample: row for row, sample in enumerate(supervision["sample_id"].to_pylist())}
    kept = [row for row, sample in enumerate(predictions["sample_id"].to_pylist()) if sample in place]
    asked = predictions.take(pa.array(kept, pa.int64()))
    truth = coefficients_of(supervision)[[place[sample] for sample in asked["sample_id"].to_pylist()]]
    parsed = np.array(asked["parsed"].to_pylist(), bool)
    answer = coefficients_of(asked)
    answer[~parsed] = np.nan
    shapes = len(SHAPES)
    distances = ruler.distances(truth[:, :shapes].astype(np.float64), answer[:, :shapes].astype(np.float64))
    told = asked.select(["model_id", "sample_id", "parsed", "raw", *FIELDS]).to_pylist()
    rows = [_judged(row, truth[i], answer[i]) for i, row in enumerate(told)]
    for i, row in enumerate(rows):
        row |= {"model_id": told[i]["model_id"], "sample_id": told[i]["sample_id"], "ruler": ruler.rig_digest}
        row |= {"vertex_mm": distances[i, 0]}
        row |= {f"vertex_mm_{region}": distances[i, 1 + k] for k, region in enumerate(SKIN_REGIONS)}
    return pa.Table.from_pylist(rows, schema=SCHEMAS["judgements"])


def _judged(row: dict[str, Any], truth: np.ndarray, answer: np.ndarray) -> dict[str, Any]:
    if row["raw"] is None:
        # Baselines answer in numbers alone.
        return {}
    wordless = not row["parsed"] or all(row[name] is None for name in FIELDS)
    description = _SILENT if wordless else Description(*(row[name] or "" for name in FIELDS))
    face = tally(description, truth)
    own = tally(description, answer) if row["parsed"] else Tally(0, 0, 1, 0)
    return {
        "claims": face.claims,
        "claims_true": face.hold,
        "claims_own": own.hold,
        "signs": face.signs,
        "signs_told": face.told,
        "own_signs": own.signs,
        "own_signs_told": own.told,
    }
