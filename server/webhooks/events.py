"""What webhooks and streams are told, as messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from server.jobs.records import Job, Json
from server.runs.report import reported
from server.sweeps.answers import summary
from workflows.sweeps import Sweep

EventType = Literal["run.finished", "sweep.finished"]
TEST = "webhook.test"


@dataclass(frozen=True)
class Occurrence:
    """Something that those who asked for it are told."""

    type: str
    data: Json
    workflow: str | None = None
    """The name of the workflow it is about."""
    run: str | None = None

    def body(self, now: float) -> str:
        """The message, as JSON."""
        timestamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"type": self.type, "timestamp": timestamp, "data": self.data})


def run_finished(job: Job) -> Occurrence:
    """A run is over, however it ended."""
    data = reported(job)
    return Occurrence("run.finished", data, data["workflow"], job.prompt_id)


def sweep_finished(sweep: Sweep) -> Occurrence:
    """All runs of a sweep are over."""
    return Occurrence("sweep.finished", summary(sweep), sweep.workflow)
