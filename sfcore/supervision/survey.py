"""What the samples of a dataset are: how many, of what, covering which channels, in which words, how true, how alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.errors import WrongUse, nearest
from sfcore.recordings.channel_tally import ChannelCoverage, ChannelTally
from sfcore.store.query import connect
from sfcore.store.workspace import Workspace
from sfcore.supervision.likeness import Likeness, likeness, perceptual_hash
from sfcore.supervision.wording import Wording, wording

LOOKED_AT = 20_000
"""Captions and pictures looked at one by one, evenly drawn; comparing each picture with each of more would take minutes."""
_BATCH = 2048
_FAULTS = 10


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verifier said of the captions, and what they took."""

    mean_score: float
    perfect: int
    """Captions without a fault."""
    faults: tuple[tuple[str, int], ...]
    """The most frequent, and how often each was found."""
    sources: dict[str, int]
    attempts: dict[int, int]
    tokens: int
    cost: float
    rejects: dict[str, int]
    """Reason -> samples that were kept out."""


@dataclass(frozen=True)
class Survey:
    """All that a report and a card of a dataset's samples say; ``version`` is that of ``supervision``."""

    dataset: str
    version: int
    samples: int
    labels: int
    takes: int
    identities: int
    picture_bytes: int
    sizes: tuple[str, ...]
    recipes: int
    splits: dict[str, int]
    domains: dict[str, int]
    categories: tuple[tuple[str, int], ...]
    channels: dict[str, tuple[ChannelCoverage, ...]]
    """By domain."""
    verification: Verification
    looked_at: int
    wording: tuple[Wording, ...]
    likeness: Likeness
    pairs: tuple[tuple[dict[str, Any], dict[str, Any], int], ...]
    """The pictures that are most alike, as rows of ``supervision``, and the bits in which they differ."""
    examples: tuple[dict[str, Any], ...]

    def plain(self) -> dict[str, Any]:
        """The same without pictures, for JSON."""
        kept = {name: value for name, value in asdict(self).items() if name not in ("examples", "pairs")}
        pairs = [(first["sample_id"], second["sample_id"], bits) for first, second, bits in self.pairs]
        return {**kept, "closest": pairs}


def survey(workspace: Workspace, dataset: str, examples: int = 12) -> Survey:
    """Reads the samples of a dataset in parts; raises `WrongUse` with the nearest name when it has none."""
    version = workspace.version("supervision")
    with connect(workspace, {"supervision": version}) as con:
        known = [str(row[0]) for row in con.execute("select distinct dataset from supervision order by 1").fetchall()]
        if dataset not in known:
            there = f"there is {', '.join(known)}" if known else "make some with 'sface supervise'"
            raise WrongUse(f"no samples of a dataset '{dataset}'{nearest(dataset, known)}: {there}.")
        con.execute(f"create temp view mine as select * from supervision where dataset = {_quoted(dataset)}")
        totals = con.execute(
            "select count(*), count(distinct (take, frame)), count(distinct take), count(distinct identity), "
            "sum(octet_length(image)), count(distinct recipe_digest) from mine"
        ).fetchone()
        sizes = con.execute("select distinct width || ' x ' || height from mine order by 1").fetchall()
        counts = {column: _counts(con, column) for column in ("split", "domain")}
        categories = con.execute(
            "select trim(split_part(expression_category, ':', 1)) as category, count(*) from mine group by 1 order by 2 desc, 1"
        ).fetchall()
        verified = _verification(con, dataset)
    assert totals is not None
    samples, labels, takes, identities, picture_bytes, recipes = (int(total) for total in totals)
    names = _evenly(workspace, version, dataset, samples)
    hashes, words = _looked_at(workspace, version, names)
    alike = likeness(hashes)
    shown = [(names[pair.first], names[pair.second], pair.bits) for pair in alike.closest]
    rows = _rows(workspace, version, [*names[:examples], *(name for pair in shown for name in pair[:2])])
    return Survey(
        dataset=dataset,
        version=version,
        samples=samples,
        labels=labels,
        takes=takes,
        identities=identities,
        picture_bytes=picture_bytes,
        sizes=tuple(size[0] for size in sizes),
        recipes=recipes,
        splits=counts["split"],
        domains=counts["domain"],
        categories=tuple((str(word), int(count)) for word, count in categories),
        channels={domain: _channels(workspace, version, dataset, domain) for domain in counts["domain"]},
        verification=verified,
        looked_at=len(names),
        wording=tuple(wording(field, words[field]) for field in FIELDS),
        likeness=alike,
        pairs=tuple((rows[first], rows[second], bits) for first, second, bits in shown),
        examples=tuple(rows[name] for name in names[:examples]),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _counts(con: Any, column: str) -> dict[str, int]:
    rows = con.execute(f"select {column}, count(*) from mine group by 1 order by 2 desc, 1").fetchall()
    return {row[0]: int(row[1]) for row in rows}


def _verification(con: Any, dataset: str) -> Verification:
    mean, perfect, tokens, cost = con.execute(
        "select avg(verify_score), count(*) filter (len(faults) = 0), sum(tokens), sum(cost) from mine"
    ).fetchone()
    faults = con.execute(f"select unnest(faults), count(*) from mine group by 1 order by 2 desc, 1 limit {_FAULTS}").fetchall()
    of_dataset = "stage = 'supervise' and starts_with(source, $1 || '/')"
    rejects = con.execute(f"select reason, count(*) from rejects where {of_dataset} group by 1 order by 2 desc, 1", [dataset])
    return Verification(
        float(mean),
        int(perfect),
        tuple((str(fault), int(count)) for fault, count in faults),
        _counts(con, "caption_source"),
        {int(tries): count for tries, count in _counts(con, "attempts").items()},
        int(tokens),
        float(cost),
        {str(reason): int(count) for reason, count in rejects.fetchall()},
    )


def _evenly(workspace: Workspace, version: int, dataset: str, samples: int) -> list[str]:
    """Ids of at most `LOOKED_AT` samples, sorted; ids are hashes, so that those below a bound are an even draw."""
    below = f"{min(int(16**8 * LOOKED_AT / samples), 16**8 - 1):08x}" if samples > LOOKED_AT else "g"
    drawn = (pc.field("dataset") == dataset) & (pc.field("sample_id") < below)
    return sorted(workspace.read("supervision", version, columns=["sample_id"], filter=drawn)["sample_id"].to_pylist())


def _looked_at(workspace: Workspace, version: int, names: list[str]) -> tuple[list[Any], dict[str, list[str]]]:
    """Perceptual hashes and words of samples, in the order of their names; pictures are read in parts."""
    places = {name: place for place, name in enumerate(names)}
    hashes: list[Any] = [None] * len(names)
    words: dict[str, list[str]] = {field: [""] * len(names) for field in FIELDS}
    columns = ["sample_id", "image", *FIELDS]
    table = workspace.dataset("supervision", version)
    scan = table.scanner(columns=columns, filter=pc.field("sample_id").isin(names), batch_size=_BATCH, batch_readahead=2)
    for batch in scan.to_batches():
        for row in batch.to_pylist():
            place = places[row["sample_id"]]
            hashes[place] = perceptual_hash(row["image"])
            for field in FIELDS:
                words[field][place] = row[field] or ""
    return hashes, words


def _channels(workspace: Workspace, version: int, dataset: str, domain: str) -> tuple[ChannelCoverage, ...]:
    tally = ChannelTally()
    which = (pc.field("dataset") == dataset) & (pc.field("domain") == domain)
    for batch in workspace.dataset("supervision", version).scanner(columns=list(NAMES), filter=which).to_batches():
        if batch.num_rows:
            tally.see(np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns]).astype(np.float32))
    return tally.channels()


def _rows(workspace: Workspace, version: int, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    columns = ["sample_id", "image", "take", "frame", "split", "domain", "identity", "caption_source", *FIELDS]
    rows = workspace.read("supervision", version, columns=columns, filter=pc.field("sample_id").isin(sorted(set(names))))
    return {row["sample_id"]: row for row in rows.to_pylist()}
