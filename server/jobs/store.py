"""Jobs as rows: what was asked, how far it got, and what came out. Accepted means committed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.dialects.sqlite import insert

from server.jobs.database import jobs, queue_state, submissions
from server.jobs.listing import JobReader
from server.jobs.records import OPEN, Ending, Job, Json, NewJob, Place, State, Submission
from server.jobs.rows import ended_row, new_row
from server.jobs.sql import chunks

KEEP_SUBMISSIONS = 24 * 3600.0
"""Seconds an `Idempotency-Key` is remembered."""
_ENDED = "ended"
_IDENTITY = "identity"


class JobStore(JobReader):
    """Everything that changes the job table."""

    async def add(self, job: NewJob, submission: Submission | None = None) -> Job:
        """Store a pending job; once this returns, it survives a crash. A finished job of the same id is
        replaced. The submission it answers is remembered in the same commit.
        """

        def work(connection: Connection) -> int:
            connection.execute(jobs.delete().where(jobs.c.prompt_id == job.prompt_id))
            row = connection.execute(jobs.insert().values(new_row(job)).returning(jobs.c.id)).scalar_one()
            connection.execute(jobs.update().where(jobs.c.id == row).values(rank=row))
            if submission is not None:
                _remember(connection, submission)
            return row

        row = await self.commit(work)
        return Job(**job.__dict__, id=row, state=State.PENDING, attempts=0, rank=row)

    async def submission(self, key: str, now: float) -> Submission | None:
        """What was submitted under an `Idempotency-Key` within the last day."""
        recent = submissions.c.created > now - KEEP_SUBMISSIONS
        found = select(submissions).where((submissions.c.key == key) & recent)
        rows = await self.read(found, lambda row: Submission(row.key, row.body_hash, row.answer, row.created))
        return rows[0] if rows else None

    async def remember(self, submission: Submission) -> None:
        """Remember a submission that was answered with a job there already was."""
        await self.commit(lambda connection: _remember(connection, submission))

    async def start(self, job: Job, started: float) -> Job:
        """Mark a job as running, one attempt more."""
        return await self._update(job, state=State.RUNNING, attempts=job.attempts + 1, started=started)

    async def requeue(self, job: Job, *, attempts: int | None = None, events: bytes | None = None) -> Job:
        """Put a job that did not finish back among the pending ones; one that has ended stays as it is. Its
        `events` so far are kept, if given.
        """
        count = job.attempts if attempts is None else attempts
        return await self._update(
            job, only_if=State.RUNNING, events=events, state=State.PENDING, attempts=count
        )

    async def finish(self, job: Job, ending: Ending, keep: int) -> None:
        """Write how a job ended, and forget the oldest finished jobs beyond `keep`."""
        await self._end(job.id, lambda order: ended_row(ending, order), keep)

    async def condemn(self, row: int, ending: Ending, keep: int) -> None:
        """End a job that cannot go on. What of its row cannot be read is emptied, or no list could be."""
        readable = {
            name: case((func.json_valid(jobs.c[name]) == 1, jobs.c[name]), else_=empty)
            for name, empty in (("graph", "{}"), ("extra_data", "{}"), ("targets", "[]"))
        }
        await self._end(row, lambda order: {**ended_row(ending, order), **readable}, keep)

    async def cancel(self, prompt_ids: Sequence[str], finished: float) -> None:
        """Mark pending jobs as cancelled."""

        def work(connection: Connection) -> None:
            order = _next_order(connection)
            values = {"state": State.CANCELLED, "finished": finished, "finish_order": order}
            for chunk in chunks(prompt_ids):
                chosen = jobs.c.prompt_id.in_(chunk) & (jobs.c.state == State.PENDING)
                connection.execute(jobs.update().where(chosen).values(values))

        await self.commit(work)

    async def arrange(self, places: Iterable[Place], explicit: str | None = None) -> None:
        """Write the places of pending jobs; `explicit` is the one whose number a person chose."""

        def work(connection: Connection) -> None:
            for place in places:
                values: Json = {"number": place.number, "rank": place.rank}
                if place.prompt_id == explicit:
                    values["explicit_number"] = 1
                connection.execute(jobs.update().where(jobs.c.id == place.row).values(values))

        await self.commit(work)

    async def forget(self, prompt_ids: Sequence[str] | None) -> int:
        """Remove jobs that have ended: those named, or all. Says how many there were."""

        def work(connection: Connection) -> int:
            closed = jobs.c.state.not_in(OPEN)
            if prompt_ids is None:
                return connection.execute(jobs.delete().where(closed)).rowcount
            parts = (jobs.delete().where(closed & jobs.c.prompt_id.in_(part)) for part in chunks(prompt_ids))
            return sum(connection.execute(part).rowcount for part in parts)

        return await self.commit(work)

    async def recall(self, name: str) -> Any:
        """A value kept for the queue as a whole; None if there is none."""
        rows = await self.read(select(queue_state.c.value).where(queue_state.c.name == name))
        return json.loads(rows[0].value) if rows else None

    async def keep(self, name: str, value: Any) -> None:
        """Keep a value for the queue as a whole."""

        def work(connection: Connection) -> None:
            connection.execute(queue_state.delete().where(queue_state.c.name == name))
            connection.execute(queue_state.insert().values(name=name, value=json.dumps(value)))

        await self.commit(work)

    async def identity(self) -> str:
        """A name for this table that no other has, the same for ever."""

        def work(connection: Connection) -> str:
            state = insert(queue_state).values(name=_IDENTITY, value=json.dumps(uuid.uuid4().hex))
            connection.execute(state.on_conflict_do_nothing())
            kept = select(queue_state.c.value).where(queue_state.c.name == _IDENTITY)
            return str(json.loads(connection.execute(kept).scalar_one()))

        return await self.commit(work)

    async def _end(self, row: int, values: Callable[[int], Json], keep: int) -> None:
        def work(connection: Connection) -> None:
            order = _next_order(connection)
            connection.execute(jobs.update().where(jobs.c.id == row).values(values(order)))
            connection.execute(jobs.delete().where(jobs.c.finish_order <= order - keep))

        await self.commit(work)

    async def _update(
        self, job: Job, *, only_if: State | None = None, events: bytes | None = None, **values: Any
    ) -> Job:
        chosen = jobs.c.id == job.id
        if only_if is not None:
            chosen &= jobs.c.state == only_if
        row = values if events is None else {**values, "events": events}
        await self.commit(lambda connection: connection.execute(jobs.update().where(chosen).values(row)))
        return Job(**{**job.__dict__, **values})


def _remember(connection: Connection, submission: Submission) -> None:
    connection.execute(
        submissions.delete().where(
            (submissions.c.created <= submission.created - KEEP_SUBMISSIONS)
            | (submissions.c.key == submission.key)
        )
    )
    connection.execute(submissions.insert().values(submission.__dict__))


def _next_order(connection: Connection) -> int:
    """The place of the next job to end. It is never given again: those who follow the ends of jobs would miss
    one that took the place of a job deleted from the history.
    """
    highest = connection.execute(select(func.max(jobs.c.finish_order))).scalar() or 0
    kept = connection.execute(select(queue_state.c.value).where(queue_state.c.name == _ENDED)).scalar()
    order = max(int(highest), int(kept or 0)) + 1
    state = insert(queue_state).values(name=_ENDED, value=str(order))
    connection.execute(state.on_conflict_do_update(index_elements=["name"], set_={"value": str(order)}))
    return order
