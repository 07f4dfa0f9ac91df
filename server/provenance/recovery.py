"""What is to be written of runs that an earlier server saw begin or end, before it was stopped or killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.registry import Registry
from server.jobs.records import FINISHED, OPEN, Ending, Filter, Job, State
from server.provenance.sights import Sight
from workflows.provenance.outputs import outputs_of
from workflows.provenance.record import LOST, RUNNING, RunRecord

if TYPE_CHECKING:
    from server.jobs.store import JobStore
    from workflows.provenance.runs import Runs

_LATEST = 100
_MOMENTS = 60.0
"""Seconds before the newest record in which a run may have begun that was not written any more."""


async def over(records: Sequence[RunRecord], jobs: JobStore, start: float) -> list[RunRecord]:
    """The runs among these that ended before this server's `start`, as their jobs say. Others wait in the
    queue and begin again.
    """
    ended: list[RunRecord] = []
    for record in records:
        job = await jobs.get(record.run) if record.status == RUNNING else None
        if record.status != RUNNING:
            ended.append(record)
        elif job is None or job.state is State.CANCELLED:
            ended.append(record.ended(LOST, None, ()))
        elif job.state not in OPEN and (job.finished or 0.0) < start:
            ended.append(record.ended(str(job.state), job.finished, outputs_of(job.outputs)))
    return ended


async def latest(jobs: JobStore, start: float) -> list[Job]:
    """The jobs that ended last before this server's `start`."""
    found, _ = await jobs.page(Filter(FINISHED), 0, _LATEST)
    return [job for job in found if (job.finished or 0.0) < start]


def unseen(jobs: Sequence[Job], runs: Runs, registry: Registry) -> list[Sight]:
    """Of these jobs those that ended in the last moments without a record. In what surroundings they ran is
    not known any more.
    """
    newest = runs.latest(limit=1)
    if not newest:
        return []
    known = runs.known([job.prompt_id for job in jobs])
    return [
        Sight(job, registry, {}, _ending(job))
        for job in jobs
        if job.prompt_id not in known and job.created > newest[0].created - _MOMENTS
    ]


def _ending(job: Job) -> Ending:
    finished = job.created if job.finished is None else job.finished
    return Ending(job.state, finished, job.outputs, job.meta, job.messages, job.nodes)
