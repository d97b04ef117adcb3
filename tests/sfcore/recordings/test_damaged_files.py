"""Thousands of damaged files: each ends in a refusal of one sentence, or in rows and rejects that add up."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import resource
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recording_files import (
    LABELLED,
    WRITERS,
    Values,
    beside_pictures,
    livelink_csv,
    mediapipe_jsonl,
    rows_parquet,
    some_values,
)

from sfcore.errors import SfaceError, WrongUse
from sfcore.recipe import Labels
from sfcore.recordings.finding import Found, find
from sfcore.recordings.labels import label_batches
from sfcore.recordings.reading import Reading
from sfcore.recordings.source import Refused, read_takes
from sfcore.recordings.take import Take

FILES_OF_EACH_FORMAT = 180
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


def with_absurd_times(content: bytes, rng: np.random.Generator) -> bytes:
    if content.startswith(b"PAR1"):
        return with_absurd_cells(content, rng)
    words = [
        b"1e18",
        b"-1e300",
        b"1e308",
        b"1e-300",
        b"0",
        b"-5",
        b"NaN",
        b"9" * 30,
        b"9" * 5000,
        b"1700000000",
        b"1700000000000",
    ]
    words += [b"5000:00:00:00.000", b"99:99:99:99", b"00:00:01:59.999", b'"00:00:00.5"', b'"later"']
    keyed = rb'"(?:t|time|timestampMs|exportFps|frame)": ?([-\d.e]+)'
    cells = rb"\n(\d\d:\d\d:\d\d:\d\d\.\d+)|\n\d+,([-\d.e]+),|\np\d\.png,([-\d.e]+),"
    times = [*re.finditer(keyed, content), *re.finditer(cells, content)]
    chosen = [times[i] for i in rng.permutation(len(times))[: rng.integers(1, 8)]]
    for found in sorted(chosen, key=re.Match.start, reverse=True):
        start, end = found.span(found.lastindex or 0)
        content = content[:start] + words[rng.integers(len(words))] + content[end:]
    return content


def with_absurd_cells(content: bytes, rng: np.random.Generator) -> bytes:
    """A sound Parquet file of unsound numbers; what is no Parquet file any more stays as it is."""
    try:
        columns = pq.read_table(io.BytesIO(content)).to_pydict()
    except (pa.ArrowException, OSError, ValueError):
        return content
    numbers = [1e18, -1e300, np.nan, np.inf, None, 1.2, -0.3, 7.0, -1.0, 0.0, 2.0**60]
    for name in [["t", "frame", "JawOpen", "HeadYaw", "take"][i] for i in rng.integers(0, 5, 3)]:
        if name in columns and name != "take":
            columns[name] = [numbers[rng.integers(len(numbers))] if rng.random() < 0.3 else cell for cell in columns[name]]
        elif name in columns:
            columns[name] = [["own", "other", None, "a/b"][rng.integers(4)] for _ in columns[name]]
    out = io.BytesIO()
    wide = {name: pa.array(cells, pa.string() if name == "take" else pa.float64()) for name, cells in columns.items()}
    pq.write_table(pa.table(wide), out)
    return out.getvalue()


def with_preamble(content: bytes, rng: np.random.Generator) -> bytes:
    if content.startswith(b"PAR1"):
        return with_absurd_cells(content, rng)
    lines = [
        b"sep=;",
        b"sep=,",
        b"# made by hand",
        b"#",
        b'"sep=,"',
        b"\xef\xbb\xbf",
        b"garbage",
        b'{"version": 1}',
        b'{"cut',
        b"[]",
    ]
    return lines[rng.integers(len(lines))] + b"\n" + content


def nested(content: bytes, rng: np.random.Generator) -> bytes:
    if content.startswith(b"PAR1"):
        return with_absurd_cells(content, rng)
    deep = int(rng.integers(10, 3000))
    inside = list(re.finditer(rb"[\[{]", content))
    if not inside:
        return content
    place = inside[rng.integers(len(inside))].end()
    opened = [b"[" * deep, b'{"a":' * deep, b"[" * deep + b"]" * deep + b","][rng.integers(3)]
    return content[:place] + opened + content[place:]


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
    *(with_absurd_times, with_preamble, nested, with_doubles, swapped, shuffled_cells, repeated, something_else),
)


def lines_in(content: bytes) -> list[str]:
    """Lines that are not blank, found without a reader."""
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").lstrip("\ufeff")
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


def lines_of(content: bytes) -> int:
    """How many there are."""
    return len(lines_in(content))


def table_lines_of(content: bytes) -> int:
    """Those behind a table's header, which comments and a word on its separator may precede."""
    lines = lines_in(content)
    while lines and (lines[0].startswith("#") or re.fullmatch(r'"?sep=.?"?', lines[0], re.IGNORECASE)):
        lines = lines[1:]
    return len(lines) - ("jaw" in lines[0].lower())


def rows_in(content: bytes, form: str, as_lines: bool) -> int | None:
    """How many rows a file holds, counted by other means; None where only its reader can tell."""
    if form in ("livelink-csv", "audio2face-csv"):
        return table_lines_of(content)
    if form in ("semanticface-jsonl", "labels-jsonl"):
        return lines_of(content)
    if form == "labelled-images":
        return lines_of(content) if as_lines else table_lines_of(content)
    if form == "labels-parquet":
        return int(pq.ParquetFile(io.BytesIO(content)).metadata.num_rows)
    if form == "mediapipe-pbtxt":
        return None
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    document = json.loads(text.lstrip("\ufeff"), parse_int=float)
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


WRITTEN: dict[str, tuple[Callable[[Values], bytes], str]] = {
    **{form: (write, name) for form, (write, name, *_) in WRITERS.items()},
    **LABELLED,
    "mediapipe as JSONL": (mediapipe_jsonl, "dump.jsonl"),
}


def most_memory() -> int:
    """MiB that this process has needed at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def labels_of(takes: list[Take]) -> int:
    """Rows of the table of labels that come of takes, split and all."""
    return sum(part.num_rows for take in takes for part in label_batches(take, Labels(dataset="fuzz")))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("written", sorted(WRITTEN))
def test_damage_ends_in_a_refusal_or_in_rows_that_add_up(written: str) -> None:
    write, name = WRITTEN[written]
    good = write(some_values(ROWS))
    labels_of(list(read_takes(Found([beside_pictures(good, name, ROWS)], is_single=True), Reading())))
    refused = whole = partly = 0
    before, sentences = most_memory(), []
    for number in range(FILES_OF_EACH_FORMAT):
        rng = np.random.default_rng([number, len(good)])
        content = MUTATIONS[number % len(MUTATIONS)](good, rng)
        if number % 3 == 0:
            content = MUTATIONS[rng.integers(len(MUTATIONS))](content or b" ", rng)
        file = beside_pictures(content, name, ROWS)
        takes: list[Take] = []
        try:
            for take in read_takes(Found([file], is_single=True), Reading()):
                assert isinstance(take, Take)
                takes.append(take)
        except SfaceError as error:
            sentences.append(str(error))
            refused += 1
            assert not takes, "so short a file is refused as a whole or not at all"
            continue
        for take in takes:
            check(take)
        assert labels_of(takes) == sum(len(take.frame) for take in takes)
        form = takes[0].format
        if form != "mediapipe-json" or len(takes) == 1:
            expected = rows_in(content, form, name.endswith("l"))
            read = sum(take.rows_read for take in takes)
            assert expected is None or read == expected, (written, form, number)
        rejected = sum(len(take.rejects) for take in takes)
        whole, partly = whole + (rejected == 0), partly + (rejected > 0)
    assert not any("\n" in sentence or len(sentence) > 700 for sentence in sentences)
    assert most_memory() - before < 400, "MiB"
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
    assert set(told) - {"linked", "loop"} == {"page.json", "empty.csv", "cut.parquet", "link.csv", "gone.csv", "pipe.csv"}
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
