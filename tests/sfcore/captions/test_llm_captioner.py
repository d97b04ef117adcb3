"""A language model that misbehaves over a real socket: every face ends with a true caption, and the counts add up."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfcore.captions.captioner import Captioned
from sfcore.captions.fake_teacher import FakeTeacher, parsed_faults
from sfcore.captions.lies import LIES
from sfcore.captions.llm.access import TeacherAccess
from sfcore.captions.llm.cache import Remembered, TeacherCache
from sfcore.captions.llm.call import CallFailed, call, client_of
from sfcore.captions.llm.captioner import LlmCaptioner, try_teacher
from sfcore.captions.llm.prompt import first_messages, request_for
from sfcore.captions.llm.reading import MOST_BYTES
from sfcore.captions.teacher_faults import BROKEN, BUSY, DENIED, FAULTS, SENSELESS, UNUSUAL
from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Teacher
from sfcore.recordings.prior import draw_take
from sfcore.store.workspace import Workspace

FACES = list(np.concatenate([draw_take(3, take, 200) for take in range(2)]))
QUICK = {"model": "fake", "first_wait_s": 0.01, "longest_wait_s": 0.05, "timeout_s": 1.5, "price_in": 1.0, "price_out": 2.0}


def captions(teacher: FakeTeacher, workspace: Workspace, count: int, **settings: object) -> list[Captioned]:
    captioner = LlmCaptioner(Teacher(**{**QUICK, **settings}), TeacherAccess(teacher.url), TeacherCache(workspace))
    return captioner.caption(FACES[:count], [f"sample-{n}" for n in range(count)])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(str(tmp_path / "workspace"))


@pytest.mark.parametrize("fault", [*FAULTS, *LIES])
def test_each_fault_is_got_over_by_asking_again(fault: str, workspace: Workspace) -> None:
    with FakeTeacher(script=[fault], slow_s=6) as teacher:
        (caption,) = captions(teacher, workspace, 1)
    assert caption.checked.faults == ()
    assert caption.attempts == teacher.served.total()
    assert caption.source == ("grammar (llm failed)" if fault == "400" else "llm")
    assert caption.attempts == (1 if fault in (*UNUSUAL, "400") else 2)


@pytest.mark.parametrize(
    ("fault", "most_read"), [("endless-500", MOST_BYTES), ("huge", MOST_BYTES), ("bomb", 0), ("bomb-500", 0)]
)
def test_no_more_of_a_body_is_read_and_held_than_an_answer_may_have(fault: str, most_read: int) -> None:
    seen: list[Any] = []

    async def note(response: Any) -> None:
        seen.append(response)

    async def ask_once() -> None:
        client = client_of(TeacherAccess(teacher.url))
        hooks = client._client.event_hooks
        client._client.event_hooks = {**hooks, "response": [note, *hooks["response"]]}
        async with client:
            await call(client, request_for(first_messages(FACES[0], "sample"), Teacher(**QUICK)), 5, "key")

    with FakeTeacher(script=[fault] * 2) as teacher:
        for measured in (False, True):
            # The first call loads the client and packs the bomb.
            if measured:
                tracemalloc.start()
            with pytest.raises(CallFailed) as failure:
                asyncio.run(ask_once())
            assert failure.value.reason == "broken"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    one_read = 1 << 16
    assert all(response.num_bytes_downloaded <= most_read + one_read * bool(most_read) for response in seen)
    # The teacher's own copies of the 8 MiB that it sends are counted too.
    assert peak < (48 << 20)
    assert seen[0].is_closed


@pytest.mark.parametrize("fault", ["429-now", "429-past"])
def test_no_endpoint_can_shorten_the_wait(fault: str, workspace: Workspace) -> None:
    with FakeTeacher(script=["honest", *[fault] * 4]) as teacher:
        # The first call loads the client, which takes time too.
        captions(teacher, workspace, 1)
        begun = time.monotonic()
        (caption,) = captions(teacher, workspace, 1, revision="2", first_wait_s=0.1, longest_wait_s=10)
    assert caption.source == "llm"
    assert time.monotonic() - begun > 0.5 * 0.1 * (1 + 2 + 4 + 8)


def test_thirty_percent_of_calls_failing_in_mixed_ways(workspace: Workspace) -> None:
    # An honest answer that a busy machine holds up for longer than the limit would be a call that the teacher never counted.
    with FakeTeacher(parsed_faults("mixed=0.25,lies=0.05"), slow_s=12) as teacher:
        made = captions(teacher, workspace, 300, timeout_s=4)
    sources = Counter(caption.source for caption in made)
    assert sum(sources.values()) == 300
    assert all(caption.checked.score == 1.0 for caption in made)
    assert sources["llm"] > 270
    # Each call is in one row, and each token that the endpoint counted is paid for.
    assert sum(caption.attempts for caption in made) == teacher.served.total()
    assert all(caption.cost > 0 for caption in made if caption.tokens)
    # The teacher goes on for a while with calls that were given up as too slow.
    assert teacher.at_once <= 8 + 4


def test_a_second_run_asks_nothing_and_makes_the_same_rows(workspace: Workspace) -> None:
    with FakeTeacher(parsed_faults("lies=0.3"), slow_s=6) as teacher:
        first = captions(teacher, workspace, 60)
        asked = teacher.served.total()
        assert captions(teacher, workspace, 60) == first
        assert teacher.served.total() == asked
        # Another model, another revision: other captions, asked for anew.
        captions(teacher, workspace, 5, revision="2")
        assert teacher.served.total() > asked


@pytest.mark.parametrize(
    ("faults", "part"),
    [
        ("lies=1", "failed to write 10 of 10 captions"),
        ("refusal=1", "mostly refused"),
        ("hearsay=1", "mostly untrue"),
        ("malformed=1", "mostly unreadable"),
        ("429=1", "mostly failed"),
        ("400=1", "response_format is not supported"),
        ("503=1", "failed 24 calls in a row"),
        ("401=1", "refuses the key (401: incorrect API key)"),
    ],
)
def test_a_hopeless_teacher_stops_the_run_early(faults: str, part: str, workspace: Workspace) -> None:
    with FakeTeacher(parsed_faults(faults), slow_s=6) as teacher, pytest.raises(WorkFailed) as stop:
        captions(teacher, workspace, 400)
    assert part in str(stop.value)
    assert "\n" not in str(stop.value)
    assert teacher.served.total() < 150


def test_captions_are_written_inside_a_running_loop(workspace: Workspace) -> None:
    async def in_a_notebook(teacher: FakeTeacher) -> list[Captioned]:
        return captions(teacher, workspace, 3)

    with FakeTeacher() as teacher:
        assert [caption.source for caption in asyncio.run(in_a_notebook(teacher))] == ["llm"] * 3


def test_torn_and_foreign_files_in_the_cache_are_asked_for_again(workspace: Workspace) -> None:
    with FakeTeacher() as teacher:
        first = captions(teacher, workspace, 6)
        files = sorted((Path(workspace.address.root) / "cache" / "teacher").rglob("*.json"))
        torn = [files[0].read_bytes()[:40], b"", b"\xff\xfe", b'{"digest": "0", "answer": "{}"}', b"[" * 100_000, b"null"]
        for path, content in zip(files, torn, strict=False):
            path.write_bytes(content)
        asked = teacher.served.total()
        assert captions(teacher, workspace, 6) == first
        assert teacher.served.total() >= asked + len(files)


def test_two_writers_of_one_question_leave_one_whole_answer(workspace_location: str) -> None:
    workspace = Workspace.create(workspace_location)
    with FakeTeacher() as teacher:
        (caption,) = captions(teacher, workspace, 1)
    caches = [TeacherCache(Workspace.open(workspace_location)) for _ in range(2)]
    answers = [Remembered(caption.description, {f"sample-{n}": (1, 2, 3)}) for n in range(2)]
    threads = [
        threading.Thread(target=lambda c=cache, a=answer: [c.put("ab" * 16, a) for _ in range(10)])
        for cache, answer in zip(caches, answers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = caches[0].get("ab" * 16)
    assert kept is not None
    assert kept.description == caption.description


def trial(url: str, **settings: object) -> str:
    with pytest.raises(WorkFailed) as stop:
        try_teacher(Teacher(**{**QUICK, **settings}), TeacherAccess(url, key="wrong-key"))
    assert "\n" not in str(stop.value)
    assert "wrong-key" not in str(stop.value)
    return str(stop.value)


def test_wrong_key_model_and_address_are_told_before_any_work() -> None:
    with FakeTeacher(key="sesame", model="fake") as teacher:
        assert "refuses the key" in trial(teacher.url)
    with FakeTeacher(model="fake") as teacher:
        assert "'other' does not exist" in trial(teacher.url, model="other")
        assert "does not know the model or the address (404" in trial(teacher.url[:-3])
    assert "start the language model there" in trial(teacher.url)
    with FakeTeacher(parsed_faults("page=1")) as teacher:
        assert "ends in /v1" in trial(teacher.url)
    with FakeTeacher(key="sesame", model="fake") as teacher:
        try_teacher(Teacher(**QUICK), TeacherAccess(teacher.url, key="sesame"))


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://a/v1", "http://", "http://h:99999/v1", "http://a b/v1"])
def test_addresses_that_cannot_be_are_refused(url: str) -> None:
    with pytest.raises(WrongUse, match="SFACE_TEACHER_URL"):
        TeacherAccess(url)


def test_the_environment_says_where_or_is_asked_to() -> None:
    with pytest.raises(WrongUse, match="set SFACE_TEACHER_URL"):
        TeacherAccess.from_environment({})
    access = TeacherAccess.from_environment({"SFACE_TEACHER_URL": "http://me:pass@host/v1", "SFACE_TEACHER_KEY": "secret"})
    assert "secret" not in repr(access)
    assert access.place == "http://host/v1"


def test_the_fake_teacher_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "sfcore.captions.fake_teacher", "--port", "0", "--faults", "mixed=0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().split()[-1]
        try_teacher(Teacher(**{**QUICK, "timeout_s": 5}), TeacherAccess(url))
        served.terminate()
    wrong = subprocess.run([*command[:-1], "mixd=0.1"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "did you mean 'mixed'" in wrong.stderr


def test_faults_are_shares_that_add_up() -> None:
    assert parsed_faults("429=0.1, 503=0.2") == {"429": 0.1, "503": 0.2}
    assert sum(parsed_faults("mixed=0.3").values()) == pytest.approx(0.3)
    assert json.dumps(sorted({**BUSY, **BROKEN, **SENSELESS, **UNUSUAL, **DENIED})) == json.dumps(sorted(FAULTS))
    for text in ("429=2", "429", "429=0.7,503=0.7", "nothing=0.1"):
        with pytest.raises(WrongUse):
            parsed_faults(text)
