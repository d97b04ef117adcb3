"""The columns of every table; the contract between the steps and with those who query."""

from __future__ import annotations

import pyarrow as pa

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS

CHANNEL_FIELDS: list[pa.Field] = [pa.field(name, pa.float32()) for name in NAMES]
"""61 nullable float32 columns in Live Link order: shapes in 0..1, rotations in radians, null = unknown."""

_DESCRIPTION_FIELDS: list[pa.Field] = [pa.field(name, pa.string()) for name in FIELDS]

_STATISTIC = [pa.field("value", pa.float64()), pa.field("ci_low", pa.float64()), pa.field("ci_high", pa.float64())]

SKIN_REGIONS: tuple[str, ...] = ("brows", "eyes", "nose", "cheeks", "jaw", "mouth", "tongue")
"""Regions of the face whose skin shapes move."""

RULE_RESULT = pa.struct(
    [
        pa.field("rule", pa.string()),
        pa.field("sentence", pa.string()),
        pa.field("required", pa.bool_()),
        pa.field("query", pa.string()),
        pa.field("candidate_value", pa.float64()),
        pa.field("candidate_low", pa.float64()),
        pa.field("candidate_high", pa.float64()),
        pa.field("other", pa.string()),
        pa.field("other_value", pa.float64()),
        pa.field("bound", pa.float64()),
        pa.field("n", pa.int64()),
        pa.field("outcome", pa.string()),
        pa.field("passed", pa.bool_()),
        pa.field("slice", pa.string()),
        pa.field("lead", pa.float64()),
        pa.field("lead_low", pa.float64()),
        pa.field("lead_high", pa.float64()),
        pa.field("more", pa.int64()),
        pa.field("interval_query", pa.string()),
    ]
)
"""One rule of a decision. ``outcome`` is one of passed, failed, missing, too_few."""

PINNED = pa.struct([pa.field(name, pa.int64()) for name in ("metrics", "predictions", "judgements", "supervision", "labels")])
"""Versions of the tables that a decision rests on; null where there was no such table."""

SCHEMAS: dict[str, pa.Schema] = {
    "labels": pa.schema(
        [
            pa.field("dataset", pa.string(), nullable=False),
            pa.field("take", pa.string(), nullable=False),
            pa.field("frame", pa.int64(), nullable=False),
            pa.field("t", pa.float64()),
            *CHANNEL_FIELDS,
            pa.field("split", pa.string(), nullable=False),
            pa.field("format", pa.string(), nullable=False),
            pa.field("source_name", pa.string(), nullable=False),
            pa.field("source_hash", pa.string(), nullable=False),
            pa.field("subject", pa.string()),
            pa.field("image", pa.binary()),
            pa.field("clipped", pa.int32(), nullable=False),
            pa.field("provenance", pa.string()),
        ]
    ),
    "rejects": pa.schema(
        [
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("stage", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("row", pa.int64(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("detail", pa.string()),
            # Null in rows that an sface before this column has written: those are told apart by their source alone.
            pa.field("dataset", pa.string()),
        ]
    ),
    "supervision": pa.schema(
        [
            pa.field("sample_id", pa.string(), nullable=False),
            pa.field("dataset", pa.string(), nullable=False),
            pa.field("take", pa.string(), nullable=False),
            pa.field("frame", pa.int64(), nullable=False),
            pa.field("variant", pa.int32(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("domain", pa.string(), nullable=False),
            pa.field("identity", pa.string(), nullable=False),
            pa.field("image", pa.binary(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            *CHANNEL_FIELDS,
            *_DESCRIPTION_FIELDS,
            pa.field("caption_source", pa.string(), nullable=False),
            pa.field("verify_score", pa.float64(), nullable=False),
            pa.field("faults", pa.list_(pa.string()), nullable=False),
            pa.field("attempts", pa.int32(), nullable=False),
            pa.field("tokens", pa.int64(), nullable=False),
            pa.field("cost", pa.float64(), nullable=False),
            pa.field("scene", pa.string(), nullable=False),
            pa.field("recipe_digest", pa.string(), nullable=False),
            pa.field("rig_digest", pa.string(), nullable=False),
        ]
    ),
    "steps": pa.schema(
        [
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("step", pa.int64(), nullable=False),
            pa.field("epoch", pa.float64(), nullable=False),
            pa.field("loss", pa.float64(), nullable=False),
            pa.field("loss_description", pa.float64(), nullable=False),
            pa.field("loss_coefficients", pa.float64(), nullable=False),
            pa.field("lr", pa.float64(), nullable=False),
            pa.field("grad_norm", pa.float64()),
            pa.field("samples_per_second", pa.float64(), nullable=False),
            pa.field("memory_mib", pa.float64(), nullable=False),
        ]
    ),
    "predictions": pa.schema(
        [
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("sample_id", pa.string(), nullable=False),
            *CHANNEL_FIELDS,
            *_DESCRIPTION_FIELDS,
            pa.field("parsed", pa.bool_(), nullable=False),
            pa.field("raw", pa.string()),
            pa.field("tokens", pa.int64(), nullable=False),
            pa.field("milliseconds", pa.float64(), nullable=False),
            pa.field("error", pa.string()),
        ]
    ),
    "probes": pa.schema(
        [
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("sample_id", pa.string(), nullable=False),
            pa.field("probe", pa.string(), nullable=False),
            *CHANNEL_FIELDS,
        ]
    ),
    "judgements": pa.schema(
        [
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("sample_id", pa.string(), nullable=False),
            pa.field("claims", pa.int32()),
            pa.field("claims_true", pa.int32()),
            pa.field("claims_own", pa.int32()),
            pa.field("signs", pa.int32()),
            pa.field("signs_told", pa.int32()),
            pa.field("own_signs", pa.int32()),
            pa.field("own_signs_told", pa.int32()),
            pa.field("vertex_mm", pa.float64()),
            *[pa.field(f"vertex_mm_{region}", pa.float64()) for region in SKIN_REGIONS],
            pa.field("ruler", pa.string(), nullable=False),
        ]
    ),
    "metrics": pa.schema(
        [
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("metric", pa.string(), nullable=False),
            pa.field("slice", pa.string(), nullable=False),
            *_STATISTIC,
            pa.field("n", pa.int64(), nullable=False),
            pa.field("dataset", pa.string(), nullable=False),
            pa.field("dataset_version", pa.int64(), nullable=False),
            pa.field("clusters", pa.int64()),
            pa.field("deviations", pa.list_(pa.float32())),
        ]
    ),
    "decisions": pa.schema(
        [
            pa.field("decision_id", pa.string(), nullable=False),
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("candidate", pa.string(), nullable=False),
            pa.field("champion_before", pa.string()),
            pa.field("verdict", pa.string(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("rules", pa.list_(RULE_RESULT), nullable=False),
            pa.field("policy", pa.string(), nullable=False),
            pa.field("policy_digest", pa.string(), nullable=False),
            pa.field("decided_at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("kind", pa.string()),
            pa.field("why", pa.string()),
            pa.field("champion_move", pa.int64()),
            pa.field("policy_text", pa.string()),
            pa.field("pinned", PINNED),
        ]
    ),
    "aliases": pa.schema(
        [
            pa.field("name", pa.string(), nullable=False),
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("decision_id", pa.string(), nullable=False),
            pa.field("moved_at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("move", pa.int64(), nullable=False),
        ]
    ),
}
"""Table name -> schema. ``aliases`` keeps every move (``move`` counts from 1 per name): the highest is the one in force."""
