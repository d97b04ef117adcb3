"""Thousands of damaged files: each ends in a refusal of one sentence, or in rows and rejects that add up."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from recording_files import WRITERS, livelink_csv, rows_parquet, some_values

from sfcore.errors import SfaceError, WrongUse
from sfcore.recordings.finding import find
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.source import Refused, format_of, read_takes
from sfcore.recordings.take import Take

FILES_OF_EACH_FORMAT = 230
ROWS = 6
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>302 Found</body></html>"

Mutation = Callable[[bytes, np.random.Generator], bytes]


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(0, len(content))]


def beheaded(content: bytes, rng: np.random.Generator) -> bytes:
    return content[rng.integers(1, len(content)) :]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    for place in rng.integers(0, len(content), rng.integers(1, 12)):
        damaged[place] = rng.integers(0, 256)
    return bytes(damaged)


def with_signs(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    signs = b'",;\t\r\n{}[]:0-+eE._\x00\xff\\ '
    for place in rng.integers(0, len(content), rng.integers(1, 6)):
        damaged[place] = signs[rng.integers(len(signs))]
    return bytes(damaged)


def re_encoded(content: bytes, rng: np.random.Generator) -> bytes:
    text = content.decode("latin-1")
    encoding = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp037"][rng.integers(7)]
    return text.encode(encoding, errors="replace")


def with_marks(content: bytes, rng: np.random.Generator) -> bytes:
    mark = [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE, b"\xef\xbb", codecs.BOM_UTF8 * 2][rng.integers(5)]
    return mark + content


def with_line_ends(content: bytes, rng: np.random.Generator) -> bytes:
    return content.replace(b"\n", [b"\r\n", b"\r", b"\n\r", b"\n\n", b"\x0b", b"\r\r\n"][rng.integers(6)])


def with_other_numbers(content: bytes, rng: np.random.Generator) -> bytes:
    words = [
        b"NaN",
        b"nan",
        b"Infinity",
        b"-inf",
        b"1e999",
        b"9" * 400,
        b"-0",
        b"0x1p3",
        b"1_0",
        b"null",
        b"true",
        b'""',
        b"",
        b"0,5",
        b"{}",
        b"[]",
    ]
    numbers = list(re.finditer(rb"-?\d+\.\d+", content))
    for _ in range(rng.integers(1, 5)):
        if numbers:
            start, end = numbers[rng.integers(len(numbers))].span()
            content = content[:start] + words[rng.integers(len(words))] + content[end:]
            numbers = list(re.finditer(rb"-?\d+\.\d+", content))
    return content


def decimal_commas(content: bytes, rng: np.random.Generator) -> bytes:
    commas = re.sub(rb"(\d)\.(\d)", rb"\1,\2", content)
    return commas.replace(b",", b";") if rng.random() < 0.3 else commas


def with_doubles(content: bytes, rng: np.random.Generator) -> bytes:
    names = list(re.finditer(rb"[A-Za-z]*(?:Left|Right|Open|Up|Out)", content))
    if len(names) < 2:
        return content
    (start, end), other = names[rng.integers(len(names))].span(), names[rng.integers(len(names))][0]
    return content[:start] + other + content[end:]


def swapped(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    if len(lines) > 2:
        a, b = rng.integers(0, len(lines), 2)
        lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def shuffled_cells(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    place = rng.integers(len(lines))
    cells = lines[place].split(b",")
    lines[place] = b",".join(cells[i] for i in rng.permutation(len(cells))[: rng.integers(1, len(cells) + 1)])
    return b"\n".join(lines)


def repeated(content: bytes, rng: np.random.Generator) -> bytes:
    start = rng.integers(0, len(content))
    return content[:start] + content[: rng.integers(1, len(content))] + content[start:]


def something_else(content: bytes, rng: np.random.Generator) -> bytes:
    others = [
        b"",
        HTML,
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"weightMat": ' + b"[" * 50_000,
        b"\x00" * 1000,
        b"PK\x03\x04" + content,
        b"PAR1" + content,
        b"RIFF" + content,
        content + HTML,
        HTML + content,
        rng.bytes(500),
    ]
    return others[rng.integers(len(others))]


MUTATIONS: tuple[Mutation, ...] = (
    *(truncated, beheaded, flipped, with_signs, re_encoded, with_marks, with_line_ends, with_other_numbers, decimal_commas),
    *(with_doubles, swapped, shuffled_cells, repeated, something_else),
)


def lines_of(content: bytes) -> int:
    """Lines that are not blank, counted without a reader."""
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").lstrip("\ufeff")
    return sum(bool(line.strip()) for line in re.split(r"\r\n|\r|\n", text))


def rows_in(content: bytes, form: str) -> int | None:
    """How many rows a file holds, counted by other means; None where only its reader can tell."""
    if form in ("livelink-csv", "audio2face-csv"):
        return lines_of(content) - 1
    if form in ("semanticface-jsonl", "labels-jsonl"):
        return lines_of(content)
    if form == "labels-parquet":
        return int(pq.ParquetFile(io.BytesIO(content)).metadata.num_rows)
    if form == "mediapipe-pbtxt":
        return None
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    document = json.loads(text.lstrip("\ufeff"))
    if isinstance(document, dict):
        key = {"audio2face-json": "weightMat"}.get(form, "frames")
        document = document.get(key, [None])
    return len(document)


def check(take: Take) -> None:
    assert len(take.frame) == len(take.t) == len(take.coefficients) == len(take.clipped) > 0
    assert len(set(take.frame.tolist())) == len(take.frame)
    shapes = take.coefficients[:, :52]
    assert np.isnan(shapes).all() or (np.nanmin(shapes) >= 0 and np.nanmax(shapes) <= 1)
    assert not np.isinf(take.coefficients).any()
    assert np.isnan(take.t).all() or (np.all(np.diff(take.t) >= 0) and np.isfinite(take.t).all())
    assert not np.isnan(take.coefficients).all(axis=1).any(), "a row without any label is a reject"


@pytest.mark.parametrize("written", sorted(WRITERS))
def test_damage_ends_in_a_refusal_or_in_rows_that_add_up(written: str) -> None:
    write, name, _, _ = WRITERS[written]
    good = write(some_values(ROWS))
    refused = whole = partly = 0
    sentences: list[str] = []
    for number in range(FILES_OF_EACH_FORMAT):
        rng = np.random.default_rng([number, len(good)])
        content = MUTATIONS[number % len(MUTATIONS)](good, rng)
        if number % 3 == 0:
            content = MUTATIONS[rng.integers(len(MUTATIONS))](content or b" ", rng)
        file = SourceFile.of(content, name)
        try:
            form = format_of(file)
            if form is None:
                refused += 1
                continue
            takes = list(form.read(file, Reading()))
        except SfaceError as error:
            sentences.append(str(error))
            refused += 1
            continue
        for take in takes:
            check(take)
        read = sum(take.rows_read for take in takes)
        if form.FORMAT != "mediapipe-json" or len(takes) == 1:
            expected = rows_in(content, form.FORMAT)
            assert expected is None or read == expected, (written, form.FORMAT, number)
        rejected = sum(len(take.rejects) for take in takes)
        whole, partly = whole + (rejected == 0), partly + (rejected > 0)
    assert not any("\n" in sentence or len(sentence) > 700 for sentence in sentences)
    assert refused > 20, "damage was told"
    assert whole + partly > 20, "and much was saved"


def test_a_folder_of_damage_gives_its_good_takes_and_tells_each_other_file(tmp_path: Path) -> None:
    folder, outside = tmp_path / "takes", tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.csv").write_bytes(livelink_csv(some_values(4, 9)))
    (folder / "good.csv").write_bytes(livelink_csv(some_values(4, 1)))
    (folder / "deep" / "good.csv").write_bytes(livelink_csv(some_values(4, 2)))
    (folder / "page.json").write_bytes(HTML)
    (folder / "empty.csv").touch()
    (folder / "cut.parquet").write_bytes(rows_parquet(some_values(4))[:-20])
    (folder / "notes.txt").write_text("read me")
    (folder / "link.csv").symlink_to(outside / "secret.csv")
    (folder / "linked").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.csv").symlink_to(folder / "nowhere.csv")
    os.mkfifo(folder / "pipe.csv")
    came = list(read_takes(find(str(folder)), Reading()))
    assert [take.name for take in came if isinstance(take, Take)] == ["good", "deep-good"]
    told = {refused.name: refused.sentence for refused in came if isinstance(refused, Refused)}
    assert set(told) == {"page.json", "empty.csv", "cut.parquet", "link.csv", "gone.csv", "pipe.csv"}
    assert "HTML" in told["page.json"]
    assert "is a link" in told["link.csv"]


def archive(entries: dict[str, bytes], link: str | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(entry, "/etc/passwd")
    return out.getvalue()


def test_archives_are_read_in_place_and_cannot_reach_outside_or_grow_without_end(tmp_path: Path) -> None:
    take = livelink_csv(some_values(4, 1))
    path = tmp_path / "takes.zip"
    path.write_bytes(
        archive(
            {
                "a/take.csv": take,
                "../../escaped.csv": take,
                "/absolute.csv": take,
                "C:/windows.csv": take,
                "bomb.csv": take + b"\n" * 30_000_000,
                "__MACOSX/a/._take.csv": b"x",
            },
            link="link.csv",
        )
    )
    before = set(tmp_path.rglob("*"))
    came = list(read_takes(find(str(path)), Reading()))
    assert [take.name for take in came if isinstance(take, Take)] == ["take"]
    told = " | ".join(refused.sentence for refused in came if isinstance(refused, Refused))
    assert told.count("leads out of the archive") == 3
    assert "would grow to" in told
    assert "is a link" in told
    assert set(tmp_path.rglob("*")) == before
    sentences: list[str] = []
    for number in range(60):
        rng = np.random.default_rng(number)
        (tmp_path / "damaged.zip").write_bytes(flipped(archive({"a.csv": take}), rng))
        try:
            list(read_takes(find(str(tmp_path / "damaged.zip")), Reading()))
        except SfaceError as error:
            sentences.append(str(error))
    assert not any("\n" in sentence for sentence in sentences)


def test_special_files_are_no_recordings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WrongUse, match="no plain file"):
        find(str(tmp_path / "pipe"))
    with pytest.raises(WrongUse, match="no plain file"):
        find("/dev/zero")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x00\x00\x18ftypqt  " + b"\x00" * 40, "it is a video: name the recording beside it"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "it is a picture: name the CSV or JSONL"),
        (b"\xfd7zXZ\x00" + b"\x00" * 40, "it is compressed: unpack it first"),
        (b"glTF\x02\x00\x00\x00", "sface rig import"),
        (b'{"a": 1}', "it looks like JSON, but of no kind"),
        (HTML, "it looks like HTML"),
    ],
)
def test_files_of_other_kinds_are_told_with_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "take.csv").write_bytes(content)
    with pytest.raises(WrongUse, match=re.escape(said)):
        list(read_takes(find(str(tmp_path / "take.csv")), Reading()))
