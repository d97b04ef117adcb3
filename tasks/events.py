"""What other deployments hear: a Prefect event for each decision of the gate, and for each move of the champion by hand."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from prefect.events import emit_event
from prefect.events.clients import EventsClient, PrefectEventsClient, get_events_client
from prefect.events.schemas.events import Event, Resource
from prefect.settings import PREFECT_API_URL

from sfcore.errors import WorkFailed
from tasks.promote import Promoted, RolledBack

EVENTS = {"promote": "sface.model.promoted", "refuse": "sface.model.refused", "undecided": "sface.model.undecided"}
"""Verdict -> name of the event that says so."""
PATIENCE = 10.0
"""Seconds that a command waits for a server to take its event; a busy server on the same machine takes one in under a second."""


def tell_of_decision(promoted: Promoted) -> None:
    """Emits the verdict's event, from inside a flow; its resource is the candidate, the champion before it is related.

    An automation triggers on the name, such as ``sface.model.promoted``, and finds model, decision and run in the payload.
    """
    emit_event(**_of_decision(promoted))


def send_decision(promoted: Promoted) -> None:
    """Sends what `tell_of_decision` emits, from a command: returns once the server has taken it; raises as `_send` does."""
    _send(_of_decision(promoted))


def send_rollback(done: RolledBack) -> None:
    """Sends that an earlier champion is champion again, as ``sface.model.promoted``: who serves the champion waits for one name.

    Raises as `_send` does.
    """
    payload = {"run": "", "policy": "", "reason": done.why, "kind": "rollback"}
    _send(_event("promote", done.champion, done.champion_before, done.champion, done.decision_id, payload))


def _of_decision(promoted: Promoted) -> dict[str, Any]:
    # Forced, it is promoted whatever the gate said: the reason in the payload says what that was.
    verdict = "promote" if promoted.kind == "forced" else promoted.decision.verdict
    payload = {"run": promoted.run_id, "policy": promoted.policy, "reason": promoted.decision.reason, "kind": promoted.kind}
    if promoted.why is not None:
        payload["why"] = promoted.why
    before = promoted.champion_before
    return _event(verdict, promoted.candidate, before, promoted.champion, promoted.decision_id, payload)


def _event(
    verdict: str, model: str, before: str | None, champion: str | None, decision: str, payload: dict[str, Any]
) -> dict[str, Any]:
    return {
        "event": EVENTS[verdict],
        "resource": _resource(model),
        "related": [_resource(before) | {"prefect.resource.role": "champion-before"}] if before else [],
        "payload": {"model": model, "champion_before": before, "champion": champion, "decision": decision} | payload,
    }


def _send(event: dict[str, Any]) -> None:
    """Raises `WorkFailed` when the server does not take the event within `PATIENCE`: what it tells of stands all the same."""

    async def sent() -> None:
        async with _client(os.environ["PREFECT_API_URL"]) as client:
            await client.emit(Event(**(event | {"resource": Resource(event["resource"])})))

    try:
        asyncio.run(asyncio.wait_for(sent(), PATIENCE))
    except Exception as error:
        # Sockets, their protocol, the server's answers: whatever it is, the event was not taken.
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise WorkFailed(
            f"decision {event['payload']['decision']} stands, but Prefect at PREFECT_API_URL={os.environ['PREFECT_API_URL']} "
            f"has not heard of it ({reason}): no deployment that waits for {event['event']} will start by itself."
        ) from error


def _client(url: str) -> EventsClient:
    # Each event is confirmed: the connection may close right after. Settings are read when Prefect is loaded; where they name no
    # server by then, its own client would start one.
    if PREFECT_API_URL.value() == url:
        return get_events_client(reconnection_attempts=0, checkpoint_every=1)
    return PrefectEventsClient(url, reconnection_attempts=0, checkpoint_every=1)


def _resource(model_id: str) -> dict[str, str]:
    return {"prefect.resource.id": f"sface.model.{model_id}", "prefect.resource.name": model_id}
