"""What follows from the ends of runs, in one transaction: items of sweeps are settled, and whoever asked for
it is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from server.jobs.records import Job
from server.runs.report import failure, origin, outputs
from server.webhooks.events import run_finished, sweep_finished
from workflows.sweeps.records import LOST, Result

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workflows.sweeps.store import Outcome


def keep(connection: Connection, over: Sequence[Job], others: Iterable[Outcome]) -> None:
    """Write down what follows from jobs that are over, and from runs of sweeps that never were jobs. Done
    twice, it changes nothing.
    """
    from server.webhooks.rows import tell_all
    from workflows.sweeps.store import settle

    now = time.time()
    of_sweeps = [outcome_of(job) for job in over if "sweep" in origin(job)]
    ended = settle(connection, [*of_sweeps, *others], now)
    occurrences = [*map(run_finished, over), *map(sweep_finished, ended)]
    tell_all(connection, occurrences, now)


def outcome_of(job: Job) -> Outcome:
    """How a job ended, for the sweep it is of."""
    from workflows.sweeps.store import Outcome

    seconds = None
    if job.started is not None and job.finished is not None:
        seconds = round(job.finished - job.started, 3)
    error = failure(job)
    message = None if error is None else error["message"]
    return Outcome(job.prompt_id, str(job.state), Result(outputs(job), seconds, message))


def lost(run: str) -> Outcome:
    """A run whose job was deleted before its end was taken in."""
    from workflows.sweeps.store import Outcome

    return Outcome(run, LOST, Result())
