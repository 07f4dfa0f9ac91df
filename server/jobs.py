"""Jobs as rows: what was asked, how far it got, and what came out. Accepted means committed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, func, select
from sqlalchemy.exc import DBAPIError

from server.database import jobs, open_database
from server.records import FINISHED, Ending, Job, Json, NewJob, State, StoreError

Result = TypeVar("Result")


class JobStore:
    """All access to the job table. One thread does the work, so the event loop never waits for the disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jobs")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the database. Blocks; raises DatabaseUnusable."""
        return cls(open_database(path))

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        await asyncio.to_thread(self._thread.shutdown)
        self._engine.dispose()

    async def add(self, job: NewJob) -> Job:
        """Store a pending job; once this returns, it survives a crash. A finished job of the same id is
        replaced.
        """

        def work(connection: Connection) -> int:
            connection.execute(jobs.delete().where(jobs.c.prompt_id == job.prompt_id))
            return connection.execute(jobs.insert().values(_values(job)).returning(jobs.c.id)).scalar_one()

        return Job(**job.__dict__, id=await self._commit(work), state=State.PENDING, attempts=0)

    async def recover(self) -> list[Job]:
        """Open jobs in the order they should run, those that were running when the last server stopped
        included.
        """
        rows = await self._read(
            select(jobs)
            .where(jobs.c.state.in_([State.PENDING, State.RUNNING]))
            .order_by(jobs.c.number, jobs.c.id)
        )
        return await _jobs(rows)

    async def next_number(self) -> int:
        """The first priority number that no job here has used."""
        rows = await self._read(select(func.max(func.abs(jobs.c.number))).where(jobs.c.explicit_number == 0))
        highest = rows[0][0]
        return 0 if highest is None else int(highest) + 1

    async def start(self, job: Job, started: float) -> Job:
        """Mark a job as running, one attempt more."""
        return await self._update(job, state=State.RUNNING, attempts=job.attempts + 1, started=started)

    async def requeue(self, job: Job, *, attempts: int | None = None) -> Job:
        """Put a job that did not finish back among the pending ones."""
        return await self._update(
            job, state=State.PENDING, attempts=job.attempts if attempts is None else attempts
        )

    async def finish(self, job: Job, ending: Ending, keep: int) -> None:
        """Write how a job ended, and forget the oldest finished jobs beyond `keep`."""

        def work(connection: Connection) -> None:
            order = _next_order(connection)
            connection.execute(
                jobs.update()
                .where(jobs.c.id == job.id)
                .values(
                    state=ending.state,
                    finished=ending.finished,
                    finish_order=order,
                    outputs=json.dumps(ending.outputs),
                    meta=json.dumps(ending.meta),
                    messages=json.dumps(ending.messages),
                )
            )
            connection.execute(jobs.delete().where(jobs.c.finish_order <= order - keep))

        await self._commit(work)

    async def cancel(self, prompt_ids: Sequence[str], finished: float) -> None:
        """Mark pending jobs as cancelled."""

        def work(connection: Connection) -> None:
            order = _next_order(connection)
            values = {"state": State.CANCELLED, "finished": finished, "finish_order": order}
            for start in range(0, len(prompt_ids), 500):
                chosen = jobs.c.prompt_id.in_(prompt_ids[start : start + 500])
                pending = jobs.c.state == State.PENDING
                connection.execute(jobs.update().where(chosen & pending).values(values))

        await self._commit(work)

    async def get(self, prompt_id: str) -> Job | None:
        """The job of that id, in whatever state."""
        rows = await self._read(select(jobs).where(jobs.c.prompt_id == prompt_id))
        return next(iter(await _jobs(rows)), None)

    async def many(self, ids: Sequence[int]) -> dict[int, Job]:
        """Jobs by row id; what is gone is left out."""
        found: dict[int, Job] = {}
        for start in range(0, len(ids), 500):
            rows = await self._read(select(jobs).where(jobs.c.id.in_(ids[start : start + 500])))
            found.update((job.id, job) for job in await _jobs(rows))
        return found

    async def history(self, max_items: int | None, offset: int | None, limit: int) -> list[Job]:
        """Finished jobs from oldest to newest: the last `max_items`, or a window from `offset` on."""
        chosen = select(jobs).where(jobs.c.state.in_(FINISHED))
        if offset is not None and offset >= 0:
            count = limit if max_items is None else max(max_items, 0)
            rows = await self._read(chosen.order_by(jobs.c.finish_order).offset(offset).limit(count))
            return await _jobs(rows)
        count = limit if max_items is None or max_items < 0 else max_items
        rows = await self._read(chosen.order_by(jobs.c.finish_order.desc()).limit(count))
        return await _jobs(rows[::-1])

    async def page(
        self, states: Iterable[State], newest_first: bool, offset: int, limit: int
    ) -> tuple[list[Job], int]:
        """A page of jobs by creation, and how many there are in all."""
        chosen = jobs.c.state.in_(list(states))
        order = jobs.c.id.desc() if newest_first else jobs.c.id
        rows = await self._read(select(jobs).where(chosen).order_by(order).offset(offset).limit(limit))
        total = await self._read(select(func.count()).select_from(jobs).where(chosen))
        return await _jobs(rows), int(total[0][0])

    async def forget(self, prompt_ids: Sequence[str] | None) -> None:
        """Remove finished jobs from the history: those named, or all."""

        def work(connection: Connection) -> None:
            closed = jobs.c.state.not_in([State.PENDING, State.RUNNING])
            if prompt_ids is None:
                connection.execute(jobs.delete().where(closed))
                return
            for start in range(0, len(prompt_ids), 500):
                chosen = jobs.c.prompt_id.in_(prompt_ids[start : start + 500])
                connection.execute(jobs.delete().where(closed & chosen))

        await self._commit(work)

    async def _update(self, job: Job, **values: Any) -> Job:
        await self._commit(lambda connection: connection.execute(
            jobs.update().where(jobs.c.id == job.id).values(**values)
        ))  # fmt: skip
        return Job(**{**job.__dict__, **values})

    async def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        def work() -> Sequence[Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(query).all()

        return await self._in_thread(work)

    async def _commit(self, work: Callable[[Connection], Result]) -> Result:
        def commit() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return await self._in_thread(commit)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except DBAPIError as error:  # its own text holds the statement and every value in it
            raise StoreError(str(error.orig)) from error


def _next_order(connection: Connection) -> int:
    return int(connection.execute(select(func.max(jobs.c.finish_order))).scalar() or 0) + 1


def _values(job: NewJob) -> Json:
    return {
        "prompt_id": job.prompt_id,
        "state": State.PENDING,
        "number": job.number,
        "explicit_number": int(job.explicit_number),
        "client_id": job.client_id,
        "graph": json.dumps(job.graph),
        "extra_data": json.dumps(job.extra_data),
        "targets": json.dumps(job.targets),
        "attempts": 0,
        "created": job.created,
    }


async def _jobs(rows: Sequence[Row[Any]]) -> list[Job]:
    """Rows decoded, away from the event loop and from the thread that commits: there may be thousands."""
    return await asyncio.to_thread(lambda: [_job(row) for row in rows])


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        prompt_id=row.prompt_id,
        state=State(row.state),
        number=row.number,
        explicit_number=bool(row.explicit_number),
        client_id=row.client_id,
        graph=json.loads(row.graph),
        extra_data=json.loads(row.extra_data),
        targets=tuple(json.loads(row.targets)),
        attempts=row.attempts,
        created=row.created,
        started=row.started,
        finished=row.finished,
        outputs=json.loads(row.outputs or "{}"),
        meta=json.loads(row.meta or "{}"),
        messages=json.loads(row.messages or "[]"),
    )
