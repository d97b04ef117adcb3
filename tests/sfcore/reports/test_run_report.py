"""The page people open after a run."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image
from report_examples import CANDIDATE, CHAMPION, CNN, HOSTILE, MEDIAN, answers, finished_run, supervision

from sfcore.gate.decide import Decision
from sfcore.reports.run_report import data_address, write_run_report
from sfcore.store.schemas import SCHEMAS

_VOID = {"meta", "img", "br", "input", "link", "hr"}


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
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def html() -> str:
    return write_run_report(finished_run())


def test_the_page_holds_what_a_reader_looks_for(html: str) -> None:
    text = _Page(html).text
    for wanted in (
        "run-0001",
        CANDIDATE,
        CHAMPION,
        MEDIAN,
        CNN,
        "1,640",
        "5 min 12 s",
        "2024-05-01 09:30:00 UTC",
        "supervision at version 7",
    ):
        assert wanted in text, wanted
    for wanted in (
        "skill over median",
        "left/right agreement",
        "lip corners up",
        "lips said to be up",
        "supervision version",
        "learning_rate",
    ):
        assert wanted in text, wanted
    assert "answer not readable: 12 of 61 values found" in text
    assert "<b>not json</b>" in text


def test_every_rule_stands_with_sentence_outcome_and_query(html: str) -> None:
    run, text = finished_run(), _Page(html).text
    assert [rule.outcome for rule in run.decision.rules] == ["passed", "failed", "too_few"]
    for rule in run.decision.rules:
        assert rule.sentence in text
        assert " ".join((rule.query or "?").split()) in text
    assert run.decision.reason in text


def test_the_values_are_those_of_the_metrics_table(html: str) -> None:
    run, text = finished_run(), _Page(html).text
    rows = [row for row in run.metrics.to_pylist() if row["slice"] == "all"]
    assert len({row["metric"] for row in rows}) >= 15
    for row in rows:
        assert f"{round(row['value'], 3) + 0.0:.3f}" in text
        assert f"{round(row['ci_low'], 3) + 0.0:.3f} to {round(row['ci_high'], 3) + 0.0:.3f}" in text


def test_pictures_travel_inside_and_open(html: str) -> None:
    sources = [attrs["src"] or "" for tag, attrs in _Page(html).tags if tag == "img"]
    assert len(sources) == 2 + 6
    for source in sources:
        kind, content = re.fullmatch(r"data:image/(png|webp|jpeg);base64,(.+)", source).groups()  # type: ignore[union-attr]
        with Image.open(io.BytesIO(base64.b64decode(content))) as opened:
            opened.load()
            assert (opened.format or "").lower() == kind


def test_nothing_is_fetched_from_elsewhere(html: str) -> None:
    page = _Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form", "base"}
    assert "default-src 'none'" in html
    assert not re.search(r"https?:|url\(|@import", html)


def test_hostile_text_stays_text() -> None:
    run = finished_run(samples=supervision(count=6, caption=HOSTILE))
    hostile = replace(
        run,
        run_id=HOSTILE,
        policy=HOSTILE,
        decision=Decision(run.decision.verdict, HOSTILE, run.decision.rules),
        recipe={"name": HOSTILE},
        lineage={HOSTILE: HOSTILE, "list": [HOSTILE]},
    )
    page = _Page(write_run_report(hostile))
    assert page.text.count(HOSTILE) >= 6 + 4
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all((attrs.get("src") or "data:").startswith("data:") for _, attrs in page.tags)


def test_a_first_run_with_little_to_show_still_reads_well() -> None:
    bare = finished_run(
        champion=None,
        metrics=SCHEMAS["metrics"].empty_table(),
        steps=SCHEMAS["steps"].empty_table(),
        samples=SCHEMAS["supervision"].empty_table(),
        lineage={},
    )
    text = _Page(write_run_report(bare)).text
    for wanted in (
        "none yet",
        "No figure was recorded",
        "No training step was recorded",
        "No sample was chosen",
        "No channel varies",
    ):
        assert wanted in text


def test_samples_without_an_answer_say_so() -> None:
    run = finished_run()
    text = _Page(write_run_report(replace(run, predictions=answers(MEDIAN, supervision(), 0.0)))).text
    assert text.count("no answer") == 6


def test_a_picture_that_cannot_be_read_does_not_stop_the_report() -> None:
    assert data_address(b"no picture at all") is None
    text = _Page(write_run_report(replace(finished_run(), samples=supervision(count=1, image=b"no picture at all")))).text
    assert "picture not readable" in text
