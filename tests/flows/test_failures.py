"""What is told of errors that nobody foresaw, and of those that engines raise under names of their own."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest
from rich.console import Console

from flows.failures import sentence_of, tell
from flows.terminal import TerminalProgress, leave_bars
from sfcore.errors import WrongUse


def test_the_unforeseen_is_one_line_and_its_traceback_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("SFACE_DEBUG", raising=False)
    try:
        {}["[bold]:smile:"]
    except KeyError as error:
        code = tell(error)
    said = capsys.readouterr().err
    (log,) = tmp_path.glob("sface-*.log")
    assert code == 1
    assert len(said.splitlines()) == 1
    assert "KeyError: '[bold]:smile:'" in said
    assert str(log) in said
    assert "Traceback" in log.read_text()
    assert "KeyError" in log.read_text()


def test_debugging_prints_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SFACE_DEBUG", "1")
    try:
        raise OSError(errno.ENOSPC, "No space left on device", "/w/x")
    except OSError as error:
        tell(error)
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("sface: /w/x: no space left on device; free some space")


def test_a_refusal_of_ours_keeps_its_sentence_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(WrongUse("no recipe '[x]'.")) == 2
    assert capsys.readouterr().err == "sface: no recipe '[x]'.\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Kernel error -> The operation lacked the necessary privileges to complete for path a/tables/labels/_delta_log/x\n"
            "Error performing GET http://store.test/b/a in 762us - Server returned non-2xx status code: 403 Forbidden: "
            "<?xml version='1.0'?><Error><Code>ExpiredToken</Code></Error>",
            "http://store.test/b/a: the store refuses these credentials, or they have expired; renew them and run the same "
            "command again to go on.",
        ),
        (
            "Failed to parse parquet: Generic LocalFileSystem error: Unable to open file /w/a.parquet#1: Read-only file system "
            "(os error 30)",
            "/w/a.parquet: read-only file system; name a place that can be written.",
        ),
        (
            "Could not create local directory: /w/tables/x\nError: Os { code: 28, kind: StorageFull }",
            "/w/tables/x: no space left on device; free some space",
        ),
        ("\x1b[31mKernel error\x1b[0m: Json error\nstack backtrace:", "(Kernel error: Json error); put this right"),
    ],
)
def test_errors_of_the_table_store_are_told_by_their_cause(text: str, said: str) -> None:
    from deltalake.exceptions import DeltaError, TableNotFoundError

    for kind in (DeltaError, TableNotFoundError):
        assert said in (sentence_of(kind(text)) or "")


def test_what_breaks_after_ctrl_c_is_still_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    gone = ConnectionError("the server has gone")
    gone.__context__ = KeyboardInterrupt()
    assert tell(gone) == 130
    assert "interrupted" in capsys.readouterr().err


def test_an_error_from_a_worker_is_told_as_if_it_were_raised_here(capsys: pytest.CaptureFixture[str]) -> None:
    from ray.exceptions import RayTaskError

    cause = WrongUse("there is no such face.")
    wrapped = RayTaskError("work", "Traceback\n  of the worker", cause).as_instanceof_cause()
    assert tell(wrapped) == 2
    assert capsys.readouterr().err == "sface: there is no such face.\n"


def test_a_bar_that_a_failed_step_left_gives_the_cursor_back() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    progress = TerminalProgress(terminal)
    progress.begin("distill", 10, "steps")
    progress.advance(1)
    leave_bars()
    written = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l"), "shown after it was hidden"


def test_a_step_says_a_path_on_one_line_and_as_it_is() -> None:
    kept = Console(file=io.StringIO(), width=40)
    progress = TerminalProgress(kept)
    progress.begin("report", 1, "pages")
    progress.end("written to /a/rather/long/path/of/somebody/[bold]/reports/run/report.html")
    assert "/a/rather/long/path/of/somebody/[bold]/reports/run/report.html" in kept.file.getvalue()  # type: ignore[attr-defined]
