"""A job while a worker has it, and the ends that no run can tell of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.keys import Key
from engine.types import NodeId
from server.jobs.records import Ending, Job, Json, State
from server.stream.eventlog import EventLog
from server.stream.wire import RunView
from server.supervision.assignments import Assignment
from server.supervision.deaths import WorkerDied
from server.supervision.supervisor import Supervisor


@dataclass
class Running:
    """One attempt at a job: where it runs, what clients know of it, and whether it is to stop."""

    job: Job
    worker: Supervisor
    assignment: Assignment
    log: EventLog
    keys: Mapping[NodeId, Key]
    """The keys of its nodes, as far as the server knows them."""
    view: RunView = field(init=False)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    quarantined: bool = False

    def __post_init__(self) -> None:
        self.view = RunView(self.job, self.log)

    def quarantine(self, death: WorkerDied) -> None:
        """The job is not tried again: too many workers died of it."""
        text = f"{death}, {self.job.attempts} times in a row while running this job"
        self.view.fail_whole("WorkerDied", text, "Try a smaller size or batch, or see the server's log.")
        self.quarantined = True

    def ending(self, finished: float) -> Ending:
        """What to store of the run."""
        ending = self.view.ending(finished)
        return replace(ending, state=State.QUARANTINED) if self.quarantined else ending


def condemned(prompt_id: str, text: str, finished: float) -> Ending:
    """The end of a job of which no run can tell, because of a fault of the server or its database."""
    data: Json = {
        "prompt_id": prompt_id,
        "node_id": "",
        "node_type": "",
        "executed": [],
        "exception_message": f"{text}\n",
        "exception_type": "ServerFault",
        "traceback": [],
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": int(finished * 1000),
    }
    return Ending(State.ERROR, finished, {}, {}, [["execution_error", data]])
