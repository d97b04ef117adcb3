"""A real Prefect: server, deployments, worker, and a retrain that somebody triggers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from flows.shipped import recipe_named
from sfcore.recipe import recipe_from
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace
from tasks.events import EVENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
PREFECT, SFACE = (str(Path(sys.executable).with_name(name)) for name in ("prefect", "sface"))


class Server:
    """A Prefect server on a free port with a home of its own."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.api = f"http://127.0.0.1:{port}/api"
        self.log = home / "log.txt"
        self.env = {
            **os.environ,
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_CLI_PROMPT": "false",
            "PWD": str(ROOT),
            # A worker runs what lies in the checkout, as it does for a user who starts it there.
            "SFACE_WORKSPACE": str(home / "workspace"),
        }
        self._running: list[subprocess.Popen[bytes]] = []
        self.start("server", "start", "--host", "127.0.0.1", "--port", str(port))

    def start(self, *words: str) -> None:
        """Starts a Prefect command that stays."""
        with self.log.open("ab") as log:
            self._running.append(subprocess.Popen([PREFECT, *words], cwd=ROOT, env=self.env, stdout=log, stderr=log))

    def run(self, *words: str) -> str:
        """Runs a Prefect command to its end and returns what it printed."""
        done = subprocess.run(
            [PREFECT, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Asks the server's API: GET without a body, POST with one."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data, {"Content-Type": "application/json"})
        for _ in range(20):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                # Prefect's server says so while its database is busy, and its own client tries again.
                if error.code != 503:
                    raise
                time.sleep(1)
        raise AssertionError(f"{path}: Prefect's database stays busy")

    def event(self, resource: str, decision: str) -> dict[str, Any]:
        """The event about a resource that names a decision; the server keeps what it hears a little later."""
        wanted = {"filter": {"any_resource": {"id": [resource]}}, "limit": 50}
        for _ in range(60):
            found = [row for row in self.ask("/events/filter", wanted)["events"] if row["payload"].get("decision") == decision]
            if found:
                return dict(found[0])
            time.sleep(0.5)
        raise AssertionError(f"no event about {resource} and decision {decision}")

    def wait_until_up(self) -> None:
        """Waits for the server's health check."""
        for _ in range(240):
            try:
                if self.ask("/health") is True:
                    return
            except OSError:
                time.sleep(0.5)
        raise AssertionError(f"Prefect's server did not start: {self.log.read_text()[-2000:]}")

    def trigger(self, deployment: str, parameters: dict[str, Any]) -> None:
        """Starts a run of a deployment and waits until it has completed."""
        found = self.ask(f"/deployments/name/{deployment}")
        run = self.ask(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        state = {"type": "SCHEDULED"}
        for _ in range(600):
            state = self.ask(f"/flow_runs/{run['id']}")["state"]
            if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
                break
            time.sleep(1)
        assert state["type"] == "COMPLETED", f"{state}\n{self.log.read_text()[-4000:]}"

    def stop(self) -> None:
        """Stops what was started, the worker first."""
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("prefect"))
    try:
        made.wait_until_up()
        made.run("work-pool", "create", "sface", "--type", "process")
        made.run("--no-prompt", "deploy", "--all")
        yield made
    finally:
        made.stop()


def test_deployments_have_their_schedule_and_their_form(server: Server) -> None:
    deployments = {row["name"]: row for row in server.ask("/deployments/filter", {})}
    assert set(deployments) == {"retrain", "ingest-dataset", "evaluate-and-promote"}
    assert [s["schedule"]["cron"] for s in deployments["retrain"]["schedules"]] == ["0 3 * * 1"]
    assert not deployments["ingest-dataset"]["schedules"]
    assert not deployments["evaluate-and-promote"]["schedules"]
    recipe = deployments["retrain"]["parameters"]["recipe"]
    assert recipe_from(recipe, "prefect.yaml") == recipe_named("laptop")
    assert deployments["ingest-dataset"]["parameter_openapi_schema"]["required"] == ["source", "dataset"]
    forms = deployments["retrain"]["parameter_openapi_schema"]["definitions"]
    assert forms["Faces"]["properties"]["size"]["minimum"] == 32
    assert forms["Training"]["properties"]["zero_stage"]["enum"] == [0, 1, 2, 3]
    form = deployments["evaluate-and-promote"]["parameter_openapi_schema"]
    assert {"model", "dataset"} <= set(form["required"])
    assert [form["properties"][name]["title"] for name in ("model", "dataset", "policy")] == ["Model", "Dataset", "Policy"]
    assert all(form["properties"][name]["description"] for name in ("model", "dataset", "policy", "recipe"))


def test_a_wrong_parameter_is_refused_with_its_name(server: Server) -> None:
    deployment = server.ask("/deployments/name/retrain/retrain")
    with pytest.raises(urllib.error.HTTPError) as error:
        server.ask(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": {"recipe": {"faces": {"size": 1}}}})
    assert error.value.code in (409, 422)
    assert "size" in error.value.read().decode()


def test_triggered_runs_complete_and_leave_their_artifacts(
    server: Server, tiny_recipe: dict[str, Any], tmp_path: Path, write_take: Callable[..., Path]
) -> None:
    server.start("worker", "start", "--pool", "sface", "--name", "tester")
    server.trigger("retrain/retrain", {"recipe": tiny_recipe})

    steps = {row["name"].rsplit("-", 1)[0] for row in server.ask("/task_runs/filter", {"limit": 50})}
    assert steps == {"ingest", "supervise", "distill", "evaluate", "promote", "report"}
    artifacts = {row["key"]: row for row in server.ask("/artifacts/latest/filter", {"limit": 50})}
    for step in ("ingest", "supervise", "distill", "evaluate", "promote"):
        assert artifacts[f"sface-{step}-progress"]["type"] == "progress"
        assert artifacts[f"sface-{step}-progress"]["data"] == 100
    assert {row["metric"] for row in json.loads(artifacts["sface-metrics"]["data"])} >= {
        "mae",
        "mae_active",
        "skill",
        "share_parsed",
    }
    assert artifacts["sface-contact-sheet"]["data"].startswith("data:image/png;base64,")

    workspace = Workspace.open(server.env["SFACE_WORKSPACE"])
    decision = workspace.read("decisions").to_pylist()
    assert len(decision) == 1
    assert decision[0]["reason"] in artifacts["sface-decision"]["data"]
    champion = read_alias(workspace, CHAMPION).model_id
    assert champion == (decision[0]["candidate"] if decision[0]["verdict"] == "promote" else None)

    # The two that people start by hand, on what the first one left.
    take = write_take(tmp_path / "anna.csv", rows=30)
    server.trigger("ingest/ingest-dataset", {"dataset": "anna", "source": str(take)})
    assert workspace.dataset("labels").count_rows(filter=pc.field("dataset") == "anna") == 30
    asked = {"model": decision[0]["candidate"], "dataset": "tiny", "policy": "strict", "recipe": tiny_recipe}
    server.trigger("promote/evaluate-and-promote", asked)
    second = workspace.read("decisions").sort_by("decided_at").to_pylist()[1]
    assert second["policy"] == "strict"

    # Both decisions are events that other deployments can wait for.
    for made in (decision[0], second):
        event = server.event(f"sface.model.{made['candidate']}", made["decision_id"])
        assert event["event"] == EVENTS[made["verdict"]]
        assert event["payload"]["run"] == made["run_id"]

    # So is one that somebody types where the server is named.
    typed = ("promote", decision[0]["candidate"], "--run", decision[0]["run_id"], "--policy", "strict", "--json")
    said = subprocess.run([SFACE, *typed], env=server.env, capture_output=True, text=True, timeout=180, check=False)
    assert said.returncode == 0, said.stderr
    third = json.loads(said.stdout)
    event = server.event(f"sface.model.{third['candidate']}", third["decision_id"])
    assert event["event"] == EVENTS[third["decision"]["verdict"]]
    assert event["payload"]["kind"] == "gate"
