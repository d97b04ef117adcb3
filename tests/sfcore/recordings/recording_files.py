"""Small recordings of every format, written by these tests from one set of numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from sfcore.arkit import NAMES, SHAPES
from sfcore.recordings.reading import SourceFile

Values = NDArray[np.float64]
SHAPE_NAMES = tuple(shape.name for shape in SHAPES)


def some_values(rows: int = 12, seed: int = 0) -> Values:
    """(rows, 61) float64 with 4 decimals in which everything moves; eyes turn as their look shapes say."""
    values = np.random.default_rng(seed).random((rows, 61)).round(4)
    values[:, 52:] = (values[:, 52:] * 0.6 - 0.3).round(4)
    return values


def lower(name: str) -> str:
    return name[0].lower() + name[1:]


def livelink_csv(values: Values, fps: int = 30) -> bytes:
    lines = ["Timecode,BlendShapeCount," + ",".join(NAMES)]
    for i, row in enumerate(values):
        second, frame = divmod(i * 60 // fps, 60)
        lines.append(f"00:00:{second:02d}:{frame:02d}.000,61," + ",".join(f"{v:.10f}" for v in row))
    return ("\n".join(lines) + "\n").encode()


def audio2face_csv(values: Values, fps: int = 30) -> bytes:
    lines = [",timeCode," + ",".join(f"blendShapes.{name}" for name in SHAPE_NAMES)]
    lines += [f"{i},{i / fps}," + ",".join(map(repr, row[:52].tolist())) for i, row in enumerate(values)]
    return "\n".join(lines).encode()


def audio2face_json(values: Values, fps: int = 30) -> bytes:
    names = [lower(name) for name in reversed(SHAPE_NAMES)]
    rows = [row[:52][::-1].tolist() for row in values]
    content = {"exportFps": fps, "numPoses": 52, "numFrames": len(rows), "facsNames": names, "weightMat": rows}
    return json.dumps(content, indent=1).encode()


def beat_json(values: Values, fps: int = 30) -> bytes:
    names = sorted(lower(name) for name in SHAPE_NAMES)
    order = [SHAPE_NAMES.index(name[0].upper() + name[1:]) for name in names]
    frames = [{"weights": row[order].tolist(), "time": i / fps, "rotation": []} for i, row in enumerate(values)]
    return json.dumps({"names": names, "frames": frames}).encode()


def named_frames_json(values: Values, fps: int = 30) -> bytes:
    frames = [{"time": i / fps, "blendshapes": named(row)} for i, row in enumerate(values)]
    return json.dumps(frames).encode()


def named(row: Values) -> dict[str, float]:
    return {lower(name): float(value) for name, value in zip(SHAPE_NAMES, row, strict=False)}


def mediapipe_json(values: Values, fps: int = 30) -> bytes:
    return json.dumps([{"timestampMs": i * 1000 / fps, "faceBlendshapes": [face(row)]} for i, row in enumerate(values)]).encode()


def face(row: Values) -> dict[str, object]:
    categories = [{"index": 0, "score": "1e-6", "categoryName": "_neutral", "displayName": ""}]
    categories += [
        {"index": i, "score": str(value), "categoryName": name, "displayName": ""}
        for i, (name, value) in enumerate(named(row).items(), 1)
    ]
    return {"categories": categories, "headIndex": -1}


def mediapipe_people_json(values: Values, fps: int = 30) -> bytes:
    return json.dumps({"frames": [{"time": i / fps, "people": [face(row)]} for i, row in enumerate(values)]}).encode()


def mediapipe_text(values: Values, fps: int = 30) -> bytes:
    entries = [(i, name, v) for row in values for i, (name, v) in enumerate(named(row).items())]
    return "\n".join(f'classification {{\n  index: {i}\n  score: {v}\n  label: "{n}"\n}}' for i, n, v in entries).encode()


def semanticface_jsonl(values: Values, fps: int = 30) -> bytes:
    lines = []
    for i, row in enumerate(values):
        full = dict(zip(NAMES, row.tolist(), strict=True))
        if i % 2:
            lines.append({"analysis": {"symmetry": "mostly {symmetric}"}, "arkit": full})
        else:
            lines.append({"response": "1. **Eyes**: {wide} open\n\n" + json.dumps(full), "messages": [], "images": []})
    return "\n".join(map(json.dumps, lines)).encode()


def rows_jsonl(values: Values, fps: int = 30) -> bytes:
    lines = [
        {"take": "own", "frame": i, "t": i / fps, **dict(zip(NAMES, row.tolist(), strict=True))} for i, row in enumerate(values)
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def rows_parquet(values: Values, fps: int = 30) -> bytes:
    columns = {name: pa.array(values[:, i].astype(np.float32)) for i, name in enumerate(NAMES)}
    n = len(values)
    out = io.BytesIO()
    pq.write_table(pa.table({"take": ["own"] * n, "frame": np.arange(n), "t": np.arange(n) / fps, **columns}), out)
    return out.getvalue()


def mediapipe_jsonl(values: Values, fps: int = 30) -> bytes:
    lines = [{"timestampMs": i * 1000 / fps, "faceBlendshapes": [face(row)]} for i, row in enumerate(values)]
    return "\n".join(map(json.dumps, lines)).encode()


def labelled_csv(values: Values) -> bytes:
    lines = ["image,time," + ",".join(NAMES)]
    lines += [f"p{i}.png,{i / 30}," + ",".join(map(repr, row.tolist())) for i, row in enumerate(values)]
    return "\n".join(lines).encode()


def labelled_jsonl(values: Values) -> bytes:
    faces = [dict(zip(NAMES, row.tolist(), strict=True)) for row in values]
    lines = [{"image": f"p{i}.png", "t": i / 30, "subject": "Zoë", "mood": "glad", "arkit": face} for i, face in enumerate(faces)]
    return "\n".join(map(json.dumps, lines)).encode()


def picture(number: int) -> bytes:
    """A picture like no other number's."""
    out = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), number % 256, np.uint8)).save(out, "PNG")
    return out.getvalue()


def beside_pictures(content: bytes, name: str, pictures: int) -> SourceFile:
    """A file in a folder with ``p0.png`` and so many more."""
    there = {f"p{i}.png": picture(i) for i in range(pictures)}

    def near(path: str) -> SourceFile | None:
        return SourceFile.of(there[path], path) if path in there else None

    return SourceFile(name, len(content), lambda: io.BytesIO(content), near)


LABELLED: dict[str, tuple[Callable[[Values], bytes], str]] = {
    "labelled-images as CSV": (labelled_csv, "labels.csv"),
    "labelled-images as JSONL": (labelled_jsonl, "labels.jsonl"),
}
"""Labels of pictures that lie beside them."""

WRITERS: dict[str, tuple[Callable[[Values], bytes], str, int, bool]] = {
    "livelink-csv": (livelink_csv, "take.csv", 61, True),
    "audio2face-csv": (audio2face_csv, "take.csv", 52, True),
    "audio2face-json": (audio2face_json, "take.json", 52, True),
    "beat-json": (beat_json, "take.json", 52, True),
    "named-frames-json": (named_frames_json, "take.json", 52, True),
    "mediapipe-json": (mediapipe_json, "take.json", 52, True),
    "mediapipe-pbtxt": (mediapipe_text, "take.pbtxt", 52, False),
    "semanticface-jsonl": (semanticface_jsonl, "take.jsonl", 61, False),
    "labels-jsonl": (rows_jsonl, "take.jsonl", 61, True),
    "labels-parquet": (rows_parquet, "take.parquet", 61, True),
}
"""Format -> its writer, a file name, how many of the 61 channels it holds, and whether it knows times."""
