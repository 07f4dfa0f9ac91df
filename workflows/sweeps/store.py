"""Sweeps in the workflow store."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, func, select

from workflows.store import NotFound, Page, Store
from workflows.store.tables import names, sweep_items, sweeps, workflows
from workflows.sweeps.plan import Axis
from workflows.sweeps.records import CANCELLED, SUCCESS, Counts, Item, Json, Result, Sweep

_CHUNK = 500


@dataclass(frozen=True)
class Outcome:
    """How the run of an item ended."""

    run: str
    status: str
    result: Result


class Sweeps:
    """The sweeps a store remembers. Every method blocks and raises StoreErrors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, sweep: Sweep, items: Sequence[tuple[Json, str]]) -> Sweep:
        """Keep a sweep and all its items, inputs and run each; on disk once this returns. One of the same id
        that is there already stays as it is and is returned.
        """
        rows = [
            {"sweep": sweep.id, "idx": index, "inputs": _text(inputs), "run": run}
            for index, (inputs, run) in enumerate(items)
        ]

        def work(connection: Connection) -> Sweep:
            if connection.execute(select(sweeps.c.id).where(sweeps.c.id == sweep.id)).scalar() is None:
                uid = select(names.c.workflow).where(names.c.folded == sweep.workflow.casefold())
                values = {name: getattr(sweep, name) for name in ("id", "version", "queue", "total")}
                values |= {"created": sweep.created, "author": sweep.author, "spec": _text(sweep.spec())}
                workflow = connection.execute(uid).scalar_one()
                connection.execute(sweeps.insert().values(workflow=workflow, **values))
                connection.execute(sweep_items.insert(), rows)
            return _one(connection, sweep.id)

        return self._store.write(work)

    def get(self, sweep: str) -> Sweep:
        """A sweep. Raises NotFound."""
        return self._store.read(lambda connection: _one(connection, sweep))

    def page(self, *, workflow: str | None = None, offset: int = 0, limit: int = 50) -> Page[Sweep]:
        """Sweeps, newest first; of one workflow, under whichever of its names, if it is given."""

        def work(connection: Connection) -> Page[Sweep]:
            chosen: ColumnElement[bool] = sweeps.c.id.is_not(None)
            if workflow is not None:
                uid = select(names.c.workflow).where(names.c.folded == workflow.casefold())
                chosen = sweeps.c.workflow == uid.scalar_subquery()
            total = connection.execute(select(func.count()).select_from(sweeps).where(chosen)).scalar_one()
            asked = _query().where(chosen).order_by(sweeps.c.created.desc(), sweeps.c.id)
            rows = connection.execute(asked.offset(offset).limit(limit)).all()
            counts = _counts(connection, [row.id for row in rows])
            found = tuple(_sweep(row, counts) for row in rows)
            return Page(found, total, offset + len(found) < total)

        return self._store.read(work)

    def items(self, sweep: str, *, offset: int = 0, limit: int | None = None) -> list[Item]:
        """Some of the runs of a sweep, in order."""
        asked = select(sweep_items).where(sweep_items.c.sweep == sweep, sweep_items.c.idx >= offset)
        asked = asked.order_by(sweep_items.c.idx).limit(limit)
        return self._store.read(lambda connection: [_item(row) for row in connection.execute(asked)])

    def open_items(self, sweep: str, after: int, limit: int) -> list[Item]:
        """Runs of a sweep that are not known to be over, in order, after an index."""
        chosen = (sweep_items.c.sweep == sweep) & (sweep_items.c.idx > after) & sweep_items.c.status.is_(None)
        asked = select(sweep_items).where(chosen).order_by(sweep_items.c.idx).limit(limit)
        return self._store.read(lambda connection: [_item(row) for row in connection.execute(asked)])

    def unfinished(self, queue: str) -> list[Sweep]:
        """Sweeps of a job table with runs that are not known to be over, oldest first."""
        asked = _query().where(sweeps.c.queue == queue, sweeps.c.finished.is_(None))

        def work(connection: Connection) -> list[Sweep]:
            rows = connection.execute(asked.order_by(sweeps.c.created, sweeps.c.id)).all()
            counts = _counts(connection, [row.id for row in rows])
            return [_sweep(row, counts) for row in rows]

        return self._store.read(work)

    def finished_since(self, since: float) -> list[Sweep]:
        """Sweeps that are over since a time, in the order they ended."""
        asked = _query().where(sweeps.c.finished > since).order_by(sweeps.c.finished, sweeps.c.id)

        def work(connection: Connection) -> list[Sweep]:
            rows = connection.execute(asked).all()
            counts = _counts(connection, [row.id for row in rows])
            return [_sweep(row, counts) for row in rows]

        return self._store.read(work)

    def cancel(self, sweep: str, now: float) -> Sweep:
        """Note that no more runs of a sweep are to begin; one that is over stays so. Raises NotFound."""

        def work(connection: Connection) -> Sweep:
            chosen = (sweeps.c.id == sweep) & sweeps.c.finished.is_(None) & sweeps.c.cancelled.is_(None)
            connection.execute(sweeps.update().where(chosen).values(cancelled=now))
            return _one(connection, sweep)

        return self._store.write(work)


def settle(connection: Connection, outcomes: Iterable[Outcome], now: float) -> list[Sweep]:
    """Write down how runs ended; those of no sweep, or known already, are passed over. Returns the sweeps
    that are over with it.
    """
    by_run = {outcome.run: outcome for outcome in outcomes}
    runs, rows = list(by_run), list[Json]()
    for start in range(0, len(runs), _CHUNK):
        part = sweep_items.c.run.in_(runs[start : start + _CHUNK]) & sweep_items.c.status.is_(None)
        asked = select(sweep_items.c.sweep, sweep_items.c.idx, sweep_items.c.run).where(part)
        for row in connection.execute(asked):
            outcome = by_run[row.run]
            result = _text(outcome.result.to_json())
            rows.append({"of": row.sweep, "at": row.idx, "ended": outcome.status, "came": result})
    if rows:
        this = (sweep_items.c.sweep == bindparam("of")) & (sweep_items.c.idx == bindparam("at"))
        ended: Json = {"status": bindparam("ended"), "result": bindparam("came")}
        connection.execute(sweep_items.update().where(this).values(ended), rows)
    return finish(connection, {row["of"] for row in rows}, now)


def finish(connection: Connection, touched: Collection[str], now: float) -> list[Sweep]:
    """Those of these sweeps that have no open runs are over from now on; returns them."""
    ended: list[Sweep] = []
    for sweep in sorted(touched):
        items = (sweep_items.c.sweep == sweep) & sweep_items.c.status.is_(None)
        if connection.execute(select(sweep_items.c.idx).where(items).limit(1)).first() is None:
            over = sweeps.update().where(sweeps.c.id == sweep, sweeps.c.finished.is_(None))
            if connection.execute(over.values(finished=now)).rowcount:
                ended.append(_one(connection, sweep))
    return ended


def _query() -> Select[Any]:
    return select(*sweeps.c, workflows.c.name).join(workflows, workflows.c.uid == sweeps.c.workflow)


def _one(connection: Connection, sweep: str) -> Sweep:
    row = connection.execute(_query().where(sweeps.c.id == sweep)).one_or_none()
    if row is None:
        raise NotFound("sweep", sweep)
    return _sweep(row, _counts(connection, [sweep]))


def _counts(connection: Connection, ids: Sequence[str]) -> Mapping[str, Counts]:
    status = sweep_items.c.status
    ended = func.count(status)
    done = func.sum(case((status == SUCCESS, 1), else_=0))
    cancelled = func.sum(case((status == CANCELLED, 1), else_=0))
    asked = select(sweep_items.c.sweep, ended, done, cancelled).where(sweep_items.c.sweep.in_(ids))
    rows = connection.execute(asked.group_by(sweep_items.c.sweep)).all()
    return {row[0]: Counts(row[2], row[1] - row[2] - row[3], row[3]) for row in rows}


def _sweep(row: Row[Any], counts: Mapping[str, Counts]) -> Sweep:
    spec: Json = json.loads(row.spec)
    spec["axes"] = tuple(Axis(one["input"], tuple(one["values"])) for one in spec["axes"])
    spec["varied"] = tuple(spec["varied"])
    columns = ("id", "version", "queue", "total", "created", "author", "cancelled", "finished")
    facts: Json = {name: getattr(row, name) for name in columns}
    return Sweep(workflow=row.name, counts=counts.get(row.id, Counts()), **facts, **spec)


def _item(row: Row[Any]) -> Item:
    result = Result() if row.result is None else Result(**json.loads(row.result))
    return Item(row.idx, json.loads(row.inputs), row.run, row.status, result)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
