"""Jobs as rows of the table and back."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, Select, select

from server.jobs.database import jobs
from server.jobs.records import Ending, Job, Json, NewJob, Place, State


def jobs_query() -> Select[Any]:
    """Everything of jobs but their events, which can be large and are rarely asked for."""
    return select(*(column for column in jobs.c if column.name != "events"))


def new_row(job: NewJob) -> Json:
    """The columns of a job that is about to wait."""
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
        "retry_of": job.retry_of,
        "workflow_id": job.workflow_id,
    }


def ended_row(ending: Ending, order: int) -> Json:
    """The columns that say how a job ended, as the `order`-th to end."""
    return {
        "state": ending.state,
        "finished": ending.finished,
        "finish_order": order,
        "outputs": json.dumps(ending.outputs),
        "meta": json.dumps(ending.meta),
        "messages": json.dumps(ending.messages),
        "nodes": json.dumps(ending.nodes),
        "events": ending.events,
    }


def job_of(row: Row[Any]) -> Job:
    """The job in a row of `jobs_query`. Raises ValueError if somebody has damaged the row."""
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
        rank=row.rank,
        created=row.created,
        retry_of=row.retry_of,
        started=row.started,
        finished=row.finished,
        outputs=json.loads(row.outputs or "{}"),
        meta=json.loads(row.meta or "{}"),
        messages=json.loads(row.messages or "[]"),
        nodes=json.loads(row.nodes or "{}"),
    )


def place_of(row: Row[Any]) -> Place:
    """The place in the queue of a row with its columns."""
    return Place(row.number, row.rank, row.id, row.prompt_id, row.attempts)
