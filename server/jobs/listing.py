"""Reading jobs: one, many, a page of a filtered list, the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from server.jobs.database import jobs
from server.jobs.records import FINISHED, Ended, Filter, Job, Place, Position, State
from server.jobs.rows import job_of, jobs_query, place_of
from server.jobs.sql import Sql, chunks


class JobReader(Sql):
    """The job table, as far as it can be looked at without changing it."""

    async def get(self, prompt_id: str) -> Job | None:
        """The job of that id, in whatever state."""
        return next(iter(await self.read(jobs_query().where(jobs.c.prompt_id == prompt_id), job_of)), None)

    async def many(self, ids: Sequence[int]) -> dict[int, Job]:
        """Jobs by row id; what is gone is left out."""
        found: dict[int, Job] = {}
        for chunk in chunks(ids):
            chosen = await self.read(jobs_query().where(jobs.c.id.in_(chunk)), job_of)
            found.update((job.id, job) for job in chosen)
        return found

    async def events(self, prompt_id: str) -> bytes | None:
        """The compressed events of a finished job."""
        found = await self.read(select(jobs.c.events).where(jobs.c.prompt_id == prompt_id))
        return found[0].events if found else None

    async def later(self, client_id: str, since: float) -> list[str]:
        """The ids of a session's jobs that have ended after a time, in the order they ended."""
        ended = (jobs.c.client_id == client_id) & (jobs.c.finished > since)
        found = await self.read(select(jobs.c.prompt_id).where(ended).order_by(jobs.c.finish_order))
        return [str(row.prompt_id) for row in found]

    async def ended(self, after: Position, limit: int) -> list[Ended]:
        """Jobs in the order they ended, after a position. One that somebody damaged is left out."""
        order, row = jobs.c.finish_order, jobs.c.id
        later = (order > after.order) | ((order == after.order) & (row > after.row))
        chosen = jobs_query().where(later).order_by(order, row).limit(limit)
        return [found for found in await self.read(chosen, _ended) if found is not None]

    async def newest_end(self) -> Position:
        """The position of the job that ended last; that of none if there is none."""
        newest = select(jobs.c.finish_order, jobs.c.id).where(jobs.c.finish_order.is_not(None))
        found = await self.read(newest.order_by(jobs.c.finish_order.desc(), jobs.c.id.desc()).limit(1))
        return Position(found[0].finish_order, found[0].id) if found else Position()

    async def known(self, prompt_ids: Sequence[str]) -> set[str]:
        """Those of these ids that are jobs here, in whatever state."""
        found: set[str] = set()
        for chunk in chunks(prompt_ids):
            rows = await self.read(select(jobs.c.prompt_id).where(jobs.c.prompt_id.in_(chunk)))
            found.update(row.prompt_id for row in rows)
        return found

    async def places(self) -> list[Place]:
        """The places of pending jobs, in the order they should run."""
        columns = (jobs.c.number, jobs.c.rank, jobs.c.id, jobs.c.prompt_id, jobs.c.attempts)
        waiting = select(*columns).where(jobs.c.state == State.PENDING)
        return await self.read(waiting.order_by(jobs.c.number, jobs.c.rank, jobs.c.id), place_of)

    async def interrupted(self) -> list[Job]:
        """Jobs that were running when the last server stopped, in the order they should run."""
        running = jobs_query().where(jobs.c.state == State.RUNNING)
        return await self.read(running.order_by(jobs.c.number, jobs.c.rank, jobs.c.id), job_of)

    async def next_number(self) -> int:
        """The first priority number that no job here has used."""
        rows = await self.read(select(func.max(func.abs(jobs.c.number))).where(jobs.c.explicit_number == 0))
        highest = rows[0][0]
        return 0 if highest is None else int(highest) + 1

    async def history(self, max_items: int | None, offset: int | None, limit: int) -> list[Job]:
        """Finished jobs from oldest to newest: the last `max_items`, or a window from `offset` on."""
        chosen = jobs_query().where(jobs.c.state.in_(FINISHED))
        if offset is not None and offset >= 0:
            count = limit if max_items is None else max(max_items, 0)
            return await self.read(chosen.order_by(jobs.c.finish_order).offset(offset).limit(count), job_of)
        count = limit if max_items is None or max_items < 0 else max_items
        return (await self.read(chosen.order_by(jobs.c.finish_order.desc()).limit(count), job_of))[::-1]

    async def page(self, wanted: Filter, offset: int, limit: int) -> tuple[list[Job], int]:
        """A page of the jobs wanted, and how many there are in all."""
        chosen = _condition(wanted)
        duration = func.coalesce(jobs.c.finished, jobs.c.started) - jobs.c.started
        keys: list[Any] = [jobs.c.id] if wanted.by_creation else [duration, jobs.c.id]
        order = [key.desc() if wanted.newest_first else key for key in keys]
        # First the ids alone: sorting whole rows, graphs and all, takes many times longer.
        ids = select(jobs.c.id).where(chosen).order_by(*order).offset(offset).limit(limit)
        rows = [row.id for row in await self.read(ids)]
        found = await self.many(rows)
        total = await self.read(select(func.count()).select_from(jobs).where(chosen))
        return [found[row] for row in rows if row in found], int(total[0][0])


def _ended(row: Row[Any]) -> Ended | None:
    try:
        return Ended(Position(row.finish_order, row.id), job_of(row))
    except ValueError:
        return None


def _condition(wanted: Filter) -> ColumnElement[bool]:
    chosen = jobs.c.state.in_(list(wanted.states))
    return chosen if wanted.workflow_id is None else and_(chosen, jobs.c.workflow_id == wanted.workflow_id)
