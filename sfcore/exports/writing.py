"""The formats that rows can leave in, and the writing of a selection into a file or folder, as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from sfcore.errors import WrongUse, nearest
from sfcore.exports import audio2face, audio2face_csv, chat, huggingface, jsonl, lam, livelink, mediapipe, semanticface
from sfcore.exports.motion import Motion, Rows, Survey, Wish
from sfcore.exports.pictures import file_name
from sfcore.exports.selection import Selection, SeriesKey, Source, opened_source
from sfcore.exports.target import Sink, written_file, written_folder
from sfcore.store.address import Address
from sfcore.store.workspace import Workspace

MOTION: dict[str, ModuleType] = {
    "livelink": livelink,
    "audio2face": audio2face,
    "audio2face-csv": audio2face_csv,
    "lam": lam,
    "mediapipe": mediapipe,
}
"""Formats of one file a take: each module has ``write(motion, wish, out) -> Written`` and ``SUFFIX``."""
FOLDERS = ("semanticface", "chat", "huggingface")
LINES = "jsonl"
FORMATS: tuple[str, ...] = (*MOTION, *FOLDERS, LINES)
# The others round to decimals, or resample to a rate.
_EXACT = ("livelink", "lam", "mediapipe", "huggingface", LINES)


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for.

    ``fps`` and ``start`` are for motion (see `sfcore.exports.motion.Wish`; None starts where the recording did), ``decimals`` for
    coefficients in answers and lines (None: the format's own, or all there are), ``licence`` for the dataset card.
    """

    selection: Selection
    format: str
    out: str
    fps: float | None = None
    start: float | None = None
    decimals: int | None = None
    licence: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: ``rows_selected`` of the tables and where they are now; ``notes`` say what could not stay as it was."""

    out: str
    format: str
    what: str
    dataset: str
    rows_selected: int
    files: int
    bytes: int
    notes: tuple[str, ...]
    is_exact: bool = True
    """Whether every coefficient reads back as the float32 of the table; not where it was rounded to decimals."""


def check_order(order: Order) -> None:
    """Raises `WrongUse` for what can be told before anything is read."""
    if order.format not in FORMATS:
        raise WrongUse(f"no format '{order.format}'{nearest(order.format, FORMATS)}: choose one of {', '.join(FORMATS)}.")
    if order.selection.model is not None and order.selection.what != "predictions":
        raise WrongUse(
            f"--model belongs to predictions and not to {order.selection.what}: add --what predictions, or leave it out."
        )
    if order.fps is not None and order.format not in MOTION:
        raise WrongUse(f"--fps belongs to {', '.join(MOTION)} and not to {order.format}: leave it out.")
    suffixes = {".csv", ".json", ".jsonl", ".parquet"}
    if order.format in FOLDERS and any(order.out.endswith(suffix) for suffix in suffixes):
        raise WrongUse(f"--out {order.out}: {order.format} is a folder of files; name a folder.")
    wanted = SUFFIX_OF.get(order.format)
    if wanted and order.format == LINES and not order.out.endswith(wanted):
        raise WrongUse(f"--out {order.out}: {order.format} is one file; name one that ends in {wanted}.")
    others = suffixes - {wanted}
    if order.format in MOTION and any(order.out.endswith(suffix) for suffix in others):
        raise WrongUse(f"--out {order.out}: {order.format} is written as {wanted}; name such a file, or a folder.")


SUFFIX_OF: dict[str, str] = {**{name: str(module.SUFFIX) for name, module in MOTION.items()}, LINES: jsonl.SUFFIX}
"""Ending of a format's files, for those that are one file or one file a take."""


def export(workspace: Workspace, order: Order, begin: Callable[[int], None], on_row: Callable[[int], None]) -> Exported:
    """Writes a selection; ``begin`` hears how many rows there are, ``on_row`` how many more are done.

    Raises `WrongUse` for what is not there, cannot be asked of the format, or would overwrite something; `WorkFailed` when it
    cannot be written. What has failed leaves nothing behind.
    """
    check_order(order)
    place = Address.parse(order.out)
    with opened_source(workspace, order.selection) as source:
        rows = source.count()
        begin(rows)
        clipped = _brought_back(source)
        told: dict[str, Any] = {"format": order.format, **asdict(order.selection), "rows": rows, "notes": []}
        if order.format == LINES or (order.format in MOTION and order.out.endswith(SUFFIX_OF[order.format])):
            with written_file(place, order.force) as sink:
                counting = _Counting(sink)
                notes = _one_file(source, order, counting, on_row) + clipped
        else:
            with written_folder(place, order.force, told) as sink:
                counting = _Counting(sink)
                notes = _folder(workspace, source, order, counting, on_row) + clipped
                told["notes"] = notes
    selection = order.selection
    exact = order.format in _EXACT and order.decimals is None
    return Exported(
        place.uri, order.format, selection.what, selection.dataset, rows, counting.files, counting.bytes, tuple(notes), exact
    )


def _brought_back(source: Source) -> list[str]:
    """The note on values that differ from their recording's."""
    values, rows = source.clipped()
    told = f"values outside 0..1 in their recordings, written clipped, as they came in: {values:,} (rows: {rows:,})"
    return [told] if values else []


class _Counting:
    """A sink that counts what goes through it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.files = self.bytes = 0

    def open(self, relative: str) -> Any:
        self.files += 1
        return _CountedFile(self, self._sink.open(relative))


class _CountedFile:
    def __init__(self, count: _Counting, file: Any) -> None:
        self._count, self._context = count, file

    def __enter__(self) -> _CountedFile:
        self._file = self._context.__enter__()
        return self

    def __exit__(self, *trouble: Any) -> Any:
        return self._context.__exit__(*trouble)

    def write(self, content: bytes) -> int:
        self._count.bytes += len(content)
        return int(self._file.write(content))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _one_file(source: Source, order: Order, sink: Any, on_row: Callable[[int], None]) -> list[str]:
    if order.format == LINES:
        return jsonl.write(source, sink, order.decimals, lambda: on_row(1))
    surveys = _surveys(source, order)
    if len(surveys) > 1:
        names = list(series_names(surveys).values())
        shown = ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
        raise WrongUse(
            f"{order.out} can hold one take and {len(surveys)} are selected ({shown}): choose one with --take, or name a folder."
        )
    return _motion(source, order, sink, surveys, on_row, lambda _name: "")


def _folder(workspace: Workspace, source: Source, order: Order, sink: Any, on_row: Callable[[int], None]) -> list[str]:
    def step() -> None:
        on_row(1)

    if order.format == "semanticface":
        return semanticface.write(source, sink, order.decimals, step)
    if order.format == "chat":
        return chat.write(source, sink, order.decimals, step)
    if order.format == "huggingface":
        return huggingface.write(source, sink, order.licence, _licences_of_heads(workspace, source), step)
    suffix = SUFFIX_OF[order.format]
    return _motion(source, order, sink, _surveys(source, order), on_row, lambda name: name + suffix)


def _surveys(source: Source, order: Order) -> dict[SeriesKey, Survey]:
    found: dict[SeriesKey, Survey] = {}
    for key, batches in source.motion(order.fps):
        survey = found.setdefault(key, Survey())
        for rows in batches:
            survey.see(rows)
    return found


def series_names(keys: Any) -> dict[SeriesKey, str]:
    """A file's name, without ending, for each series: the take, and what else tells it from others of the same take."""
    keys = list(keys)
    variants, recipes = len({key.variant for key in keys}) > 1, len({key.recipe for key in keys}) > 1
    names: dict[SeriesKey, str] = {}
    for key in keys:
        stem = file_name(key.take) + (f"-v{key.variant}" if variants else "") + (f"-{key.recipe[:8]}" if recipes else "")
        name, number = stem, 1
        while name.casefold() in {taken.casefold() for taken in names.values()}:
            number += 1
            name = f"{stem}-{number}"
        names[key] = name
    return names


def _motion(
    source: Source,
    order: Order,
    sink: Any,
    surveys: dict[SeriesKey, Survey],
    on_row: Callable[[int], None],
    place: Callable[[str], str],
) -> list[str]:
    names = series_names(surveys)
    starts = source.starts() if order.start is None else {}
    notes: list[str] = []
    for key, batches in source.motion(order.fps):
        name = names[key]
        wish = Wish(order.fps, starts.get(key.take, order.start or 0.0))
        with sink.open(place(name)) as out:
            written = MOTION[order.format].write(Motion(name, surveys[key], _told(batches, on_row)), wish, out)
        notes += [f"{name}: {note}" for note in written.notes]
    return notes


def _told(batches: Iterator[Rows], on_row: Callable[[int], None]) -> Iterator[Rows]:
    for rows in batches:
        yield rows
        on_row(len(rows))


def _licences_of_heads(workspace: Workspace, source: Source) -> dict[str, str]:
    """Domain -> licence of the rigs of that domain that are known here; nothing for labels, which show no heads."""
    from sfcore.rigs.registry import known_rigs, rig_card

    if source.selection.what == "labels":
        return {}
    cards = [rig_card(name, workspace) for name in known_rigs(workspace)]
    return {
        domain: "; ".join(sorted({card.licence for card in cards if card.domain == domain})) or "not known here"
        for domain in source.values("domain")
    }
