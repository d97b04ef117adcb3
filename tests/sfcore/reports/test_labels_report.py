"""What people read about their labels: the terminal and the page."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from sfcore.arkit import INDEX, NAMES
from sfcore.recordings.label_coverage import LabelCoverage, coverage_of
from sfcore.reports.labels_report import write_labels_report
from sfcore.reports.labels_terminal import duration, labels_summary, sparkline
from sfcore.store.schemas import SCHEMAS

HOSTILE = "<script>alert(1)</script>[bold]& 'quoted' é"


def table(take: str, count: int, seed: int, **changed: object) -> pa.Table:
    values = np.random.default_rng(seed).random((count, 61), np.float32)
    columns = {
        "dataset": ["anna"] * count,
        "take": [take] * count,
        "frame": np.arange(count),
        "t": np.arange(count) / 30.0,
        **{name: values[:, i] for i, name in enumerate(NAMES)},
        "split": ["train"] * (count - 4) + ["guard"] * 2 + ["test"] * 2,
        "format": ["livelink-csv"] * count,
        "source_name": [f"{take}.csv"] * count,
        "source_hash": ["h"] * count,
        "clipped": np.full(count, 3, np.int32),
    } | changed
    filled = {field.name: columns.get(field.name, pa.nulls(count, field.type)) for field in SCHEMAS["labels"]}
    return pa.table(filled).cast(SCHEMAS["labels"])


@pytest.fixture(scope="module")
def coverage() -> LabelCoverage:
    """Two takes with everything that can be amiss, one of them with a hostile name."""
    dead = {"CheekPuff": np.zeros(90, np.float32), "TongueOut": pa.nulls(90, pa.float32())}
    rows = [table("walk", 90, 1, **dead), table(HOSTILE, 90, 2, **dead, t=pa.nulls(90, pa.float64()))]
    return coverage_of("anna", rows, {"not a number": 1})


def shown(coverage: LabelCoverage, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False, highlight=False).print(labels_summary(coverage))
    return out.getvalue()


def test_eighty_columns_are_enough(coverage: LabelCoverage) -> None:
    lines = shown(coverage, 80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    rows: dict[str, str] = {}
    for line in lines:
        first = line.split(" ")[0]
        if first in NAMES:
            rows.setdefault(first, line)
    assert list(rows) == list(NAMES)
    assert "…" not in "".join(line for line in lines if " … " not in line)
    assert re.search(r"JawOpen +8\d\.\d% +0\.\d\d … (0\.99|1\.00) .*█.*covered", rows["JawOpen"])
    assert rows["CheekPuff"].split()[-1] == "dead"
    assert rows["TongueOut"].split()[-1] == "unknown"


def test_what_is_amiss_is_said(coverage: LabelCoverage) -> None:
    text = " ".join(shown(coverage, 200).split())
    assert "same content: walk, <script>alert(1)</script>[bold]& 'quoted' é" in text
    assert "1 row rejected: 1 not a number" in text
    assert "540 values outside 0..1 clipped" in text
    assert "1 channel never change" in text
    assert "2 takes, 180 frames" in text


def test_a_dataset_without_fault_says_so() -> None:
    assert "no row rejected, no conflict, nothing looks mirrored" in shown(coverage_of("anna", [table("walk", 90, 1)]), 100)


@pytest.mark.parametrize(
    ("seconds", "words"), [(5.44, "5.4 s"), (134.2, "2 min 14 s"), (3719.8, "1 h 02 min"), (59.99, "60.0 s")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_sparkline_shows_every_count_and_no_other() -> None:
    assert sparkline([0, 1, 10_000, 0]) == " ▁█ "
    assert sparkline([0, 0]) == "  "
    assert sparkline([]) == ""


class _Page(HTMLParser):
    """Collects a page's tags and text, and refuses tags that close in the wrong order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br", "link", "hr", "rect"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_draws_each_channel_and_take(coverage: LabelCoverage) -> None:
    page = _Page(write_labels_report(coverage))
    drawings = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert {f"histogram of {name}" for name in NAMES} <= set(drawings)
    assert len(drawings) == 61 + 2
    for tag, attrs in page.tags:
        if tag == "rect":
            assert all(float(str(attrs[side])) >= 0 for side in ("x", "y", "width", "height"))
    text = " ".join(" ".join(page.words).split())
    assert HOSTILE in text
    assert "time unknown" in text
    assert "Rejected rows not a number 1" in text.replace("reason rows ", "")


def test_the_page_fetches_nothing_and_runs_nothing(coverage: LabelCoverage) -> None:
    html = write_labels_report(coverage)
    assert "<script" not in html
    assert not re.search(r"https?://|url\(|@import|src=", html)


def test_pairs_stand_side_by_side(coverage: LabelCoverage) -> None:
    html = write_labels_report(coverage)
    order = re.findall(r"histogram of (\w+)", html)
    for left in (name for name in NAMES if name.endswith("Left") or name.startswith("LeftEye")):
        right = left.replace("Left", "Right")
        assert order.index(right) == order.index(left) + 1, left


def test_the_bars_of_a_channel_stand_where_its_values_lie() -> None:
    values = np.zeros(90, np.float32)
    values[:45] = 0.99
    coverage = coverage_of("anna", [table("walk", 90, 1, JawOpen=values)])
    drawing = write_labels_report(coverage).split("histogram of JawOpen")[1].split("</svg>")[0]
    bars = re.findall(r'class="(\w+)" x="([\d.]+)"', drawing)
    assert [(kind, float(x) > 100) for kind, x in bars] == [("rest", False), ("active", True)]
    assert coverage.channels[INDEX["JawOpen"]].histogram[0] == 45
