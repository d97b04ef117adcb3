"""What a run leaves in Prefect for people: progress, the metric table, the decision, the contact sheet."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from tasks.progress import Pace

# Each update is a request to Prefect's server; people do not read faster than this.
_SECONDS_BETWEEN_UPDATES = 2.0


class ArtifactProgress:
    """Reports a step's progress as a Prefect progress artifact; works inside a flow or task run only."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
        self._step, self._total, self._unit = "", 1, ""
        self._pace = Pace(0)
        self._updated = 0.0

    def begin(self, step: str, total: int, unit: str) -> None:
        """Creates the step's artifact at nothing done."""
        self._step, self._total, self._unit, self._pace = step, max(1, total), unit, Pace(total)
        created: Any = create_progress_artifact(progress=0.0, key=f"sface-{step}-progress", description=f"{step}: {total} {unit}")
        self._artifact, self._updated = created, time.monotonic()

    def advance(self, done: int, note: str = "") -> None:
        """Moves the artifact, at most every two seconds, with rate and time left as the terminal shows them."""
        pace = self._pace.in_words(done, self._unit)
        if self._artifact is not None and time.monotonic() - self._updated >= _SECONDS_BETWEEN_UPDATES:
            self._updated = time.monotonic()
            said = ", ".join(part for part in (f"{self._step}: {done} of {self._total} {self._unit}", pace, note) if part)
            update_progress_artifact(self._artifact, progress=100.0 * done / self._total, description=said)

    def end(self, summary: str) -> None:
        """Leaves the artifact at everything done, with the summary as its description."""
        if self._artifact is not None:
            update_progress_artifact(self._artifact, progress=100.0, description=summary)
            self._artifact = None


def leave_metric_table(rows: Sequence[dict[str, Any]], run_id: str) -> None:
    """The run's figures, one row per model and metric."""
    create_table_artifact(table=list(rows), key="sface-metrics", description=f"Figures of run {run_id}")


def leave_decision_artifact(markdown: str, run_id: str) -> None:
    """The gate's decision, rule by rule."""
    create_markdown_artifact(markdown=markdown, key="sface-decision", description=f"Decision of run {run_id}")


def leave_pictures(sheet_png: bytes, report_address: str, run_id: str) -> None:
    """The contact sheet itself, and where the report lies.

    The picture travels inside its address (a ``data:`` URL): Prefect keeps addresses only, and a browser opens no workspace.
    """
    picture = "data:image/png;base64," + base64.b64encode(sheet_png).decode()
    create_image_artifact(image_url=picture, key="sface-contact-sheet", description=f"Samples of run {run_id}")
    link = report_address if "://" in report_address else f"file://{report_address}"
    create_link_artifact(link=link, key="sface-report", description=f"Report of run {run_id}")
