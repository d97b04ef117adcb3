"""Files of predictions: JSON, JSON lines and Live Link CSV, told by their ending."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sfcore.errors import WorkFailed, WrongUse
from sfcore.exports import livelink
from sfcore.exports.motion import Motion, Rows, Survey, Wish
from sfcore.predictions.row import Prediction

FORMS = (".json", ".jsonl", ".csv")


def check_form(path: Path) -> None:
    """Raises `WrongUse` for a file whose ending names no form, or whose folder is not there."""
    if path.suffix.lower() not in FORMS:
        raise WrongUse(f"--out {path}: name a file that ends in {', '.join(FORMS)}.")
    if not path.absolute().parent.is_dir():
        raise WrongUse(f"--out {path}: there is no folder {path.parent}; make it first or name another.")


def write(path: Path, rows: Sequence[Prediction], fps: float) -> list[str]:
    """Writes rows in the form of the file's ending; ``fps`` is the rate of loose pictures. Returns what a person should know."""
    with _opened(path) as out:
        if path.suffix.lower() == ".csv":
            return _write_csv(rows, fps, out)
        lines = [json.dumps(row.plain(), ensure_ascii=False, allow_nan=False) for row in rows]
        text = "[\n" + ",\n".join(lines) + "\n]\n" if path.suffix.lower() == ".json" else "".join(f"{line}\n" for line in lines)
        out.write(text.encode())
    return []


def _write_csv(rows: Sequence[Prediction], fps: float, out: BinaryIO) -> list[str]:
    """One series: a video's rows at their seconds, pictures at ``fps``. Rows without an answer are left out; time goes on."""
    loose = all(row.t is None for row in rows)
    if not loose and len({row.source for row in rows}) > 1:
        raise WrongUse("a Live Link file holds one series: name one video, or pictures alone.")
    number = np.array([row.number if loose else row.frame for row in rows], np.int64)
    times = np.array([np.nan if row.t is None else row.t for row in rows], np.float64)
    values = np.stack([row.coefficients for row in rows]) if rows else np.empty((0, 61), np.float32)
    motion = Rows(number, times, values.astype(np.float32)).timed(fps)
    survey = Survey()
    survey.see(motion)
    written = livelink.write(Motion(rows[0].source if rows else "nothing", survey, iter([motion])), Wish(fps), out)
    return list(written.notes)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file that appears whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as out:
            yield out
        beside.replace(path)
    except OSError as error:
        raise WorkFailed(f"cannot write {path}: {error.strerror or error}.") from None
    finally:
        beside.unlink(missing_ok=True)
