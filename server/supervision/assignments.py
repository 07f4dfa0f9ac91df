"""The jobs a worker has: whether it can take one more, and where its messages about them go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.events import Event
from server.jobs.records import Json
from server.supervision.deaths import WorkerDied

log = logging.getLogger("darkroom.server")
JOBS_AT_ONCE = 3
"""How many jobs a worker may have, all but the newest of them done with the device."""


@dataclass
class Assignment:
    """A job a worker has, or is about to get. `alone` ones share the worker with no other job."""

    job_id: str
    alone: bool = False
    on_event: Callable[[Event], None] | None = None
    handed_over: bool = False
    """Whether it needs the device no more, so that the next job may start beside it."""
    sent: bool = False
    done: asyncio.Future[Json] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Assignments:
    """What one worker has, oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Assignment] = {}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    @property
    def jobs(self) -> list[str]:
        """The ids of the jobs."""
        return list(self._by_id)

    def get(self, job_id: str) -> Assignment | None:
        """The assignment of a job."""
        return self._by_id.get(job_id)

    def room(self, *, alone: bool) -> bool:
        """Whether one more may be added: none is there, or those that are are done with the device."""
        present = self._by_id.values()
        if not present:
            return True
        shared = all(one.handed_over and not one.alone for one in present)
        return shared and not alone and len(present) < JOBS_AT_ONCE

    def add(self, assignment: Assignment) -> None:
        """A job is to run on the worker."""
        self._by_id[assignment.job_id] = assignment

    def remove(self, assignment: Assignment) -> bool:
        """Whether exactly this one was there; it is not any more."""
        present = self._by_id.get(assignment.job_id) is assignment
        if present:
            del self._by_id[assignment.job_id]
        return present

    def tell(self, event: Event) -> None:
        """An event of one of the jobs."""
        assignment = self._by_id.get(event.job_id)
        if assignment is not None and assignment.on_event is not None:
            try:
                assignment.on_event(event)
            except Exception:  # the events after it are wanted all the same
                log.exception("an event of job %s cannot be told", event.job_id)

    def hand_over(self, job_id: str) -> None:
        """A job needs the device no more."""
        if (assignment := self._by_id.get(job_id)) is not None:
            assignment.handed_over = True

    def done(self, job_id: str, message: Json) -> None:
        """A job is over."""
        assignment = self._by_id.get(job_id)
        if assignment is not None and not assignment.done.done():
            assignment.done.set_result(message)

    def died(self, reason: str, killed_for: str | None) -> None:
        """The worker is gone; `killed_for` is the job for whose sake it was killed, if it was."""
        for assignment in self._by_id.values():
            if not assignment.done.done():
                blameless = killed_for not in (None, assignment.job_id) or not assignment.sent
                assignment.done.set_exception(WorkerDied(reason, blameless=blameless))
