"""What other deployments hear: a Prefect event for each decision of the gate."""

from __future__ import annotations

from prefect.events import emit_event

from tasks.promote import Promoted

EVENTS = {"promote": "sface.model.promoted", "refuse": "sface.model.refused", "undecided": "sface.model.undecided"}
"""Verdict -> name of the event that says so."""


def tell_of_decision(promoted: Promoted) -> None:
    """Emits the verdict's event; its resource is the candidate, the champion before it is related.

    An automation triggers on the name, such as ``sface.model.promoted``, and finds model, decision and run in the payload.
    """
    before = promoted.champion_before
    related = [_resource(before) | {"prefect.resource.role": "champion-before"}] if before else []
    emit_event(
        EVENTS[promoted.decision.verdict],
        resource=_resource(promoted.candidate),
        related=related,
        payload={
            "model": promoted.candidate,
            "champion_before": before,
            "champion": promoted.champion,
            "decision": promoted.decision_id,
            "run": promoted.run_id,
            "policy": promoted.policy,
            "reason": promoted.decision.reason,
        },
    )


def _resource(model_id: str) -> dict[str, str]:
    return {"prefect.resource.id": f"sface.model.{model_id}", "prefect.resource.name": model_id}
