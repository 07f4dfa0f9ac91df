"""Webhooks and their deliveries in the workflow store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, func, select

from server.jobs.records import Json
from server.webhooks.events import Occurrence
from workflows.store import NotFound, Store
from workflows.store.tables import deliveries, names, webhooks, workflows

KEPT = 30 * 86_400.0
"""Seconds that deliveries which are over are shown."""


@dataclass(frozen=True)
class Webhook:
    """Who is to be told of what. Times are seconds since the epoch; `workflow` is a name, None for all."""

    id: str
    url: str
    secret: str
    events: tuple[str, ...]
    workflow: str | None
    active: bool
    created: float


@dataclass(frozen=True)
class Delivery:
    """A message for a webhook, and how often it was tried. `next_at` is None once it is over."""

    id: str
    webhook: str
    event: str
    run: str | None
    body: str
    created: float
    attempts: int
    next_at: float | None
    delivered: float | None
    last_error: str | None


class Webhooks:
    """The webhooks of a store. Every method blocks and raises StoreErrors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, hook: Webhook) -> Webhook:
        """Keep a webhook. Raises NotFound for a workflow that is not there."""
        values = {"id": hook.id, "created": hook.created, "secret": hook.secret}

        def work(connection: Connection) -> Webhook:
            connection.execute(webhooks.insert().values(**values, **_changeable(connection, hook)))
            return _one(connection, hook.id)

        return self._store.write(work)

    def change(self, hook: str, changed: Callable[[Webhook], Webhook]) -> Webhook:
        """Replace a webhook by what `changed` makes of it. Raises NotFound."""

        def work(connection: Connection) -> Webhook:
            new = changed(_one(connection, hook))
            values = {"secret": new.secret, **_changeable(connection, new)}
            connection.execute(webhooks.update().where(webhooks.c.id == hook).values(values))
            return _one(connection, hook)

        return self._store.write(work)

    def delete(self, hook: str) -> None:
        """Forget a webhook and its deliveries. Raises NotFound."""

        def work(connection: Connection) -> None:
            _one(connection, hook)
            connection.execute(deliveries.delete().where(deliveries.c.webhook == hook))
            connection.execute(webhooks.delete().where(webhooks.c.id == hook))

        self._store.write(work)

    def get(self, hook: str) -> Webhook:
        """A webhook. Raises NotFound."""
        return self._store.read(lambda connection: _one(connection, hook))

    def all(self) -> list[Webhook]:
        """All webhooks, oldest first."""
        asked = _query().order_by(webhooks.c.created, webhooks.c.id)
        return self._store.read(lambda connection: [_webhook(row) for row in connection.execute(asked)])

    def deliveries(self, hook: str, offset: int, limit: int) -> tuple[list[Delivery], int]:
        """Deliveries of a webhook, newest first, and how many there are. Raises NotFound."""
        chosen = deliveries.c.webhook == hook
        asked = select(deliveries).where(chosen).order_by(deliveries.c.created.desc(), deliveries.c.id)

        def work(connection: Connection) -> tuple[list[Delivery], int]:
            _one(connection, hook)
            rows = connection.execute(asked.offset(offset).limit(limit))
            count = select(func.count()).select_from(deliveries).where(chosen)
            return [_delivery(row) for row in rows], connection.execute(count).scalar_one()

        return self._store.read(work)

    def delivery(self, delivery: str) -> Delivery:
        """A delivery. Raises NotFound."""
        asked = select(deliveries).where(deliveries.c.id == delivery)
        row = self._store.read(lambda connection: connection.execute(asked).one_or_none())
        if row is None:
            raise NotFound("delivery", delivery)
        return _delivery(row)

    def next_due(self) -> float | None:
        """When the next delivery is to be tried; None if there is nothing to deliver."""
        asked = select(func.min(deliveries.c.next_at)).join(webhooks).where(webhooks.c.active == 1)
        return self._store.read(lambda connection: connection.execute(asked).scalar_one_or_none())

    def claim(
        self, by: str, now: float, until: float, most: int, each: int, busy: Collection[str]
    ) -> list[tuple[Delivery, Webhook]]:
        """Take deliveries that are due, at most `each` of a webhook, to be tried now. The attempt counts from
        here on; nobody else takes them until then, and somebody does if nothing comes of it. Webhooks that
        are `busy` have to wait.
        """
        place = func.row_number().over(partition_by=deliveries.c.webhook, order_by=deliveries.c.next_at)
        due = (deliveries.c.next_at <= now) & (webhooks.c.active == 1) & deliveries.c.webhook.not_in(busy)
        ranked = select(deliveries.c.id, deliveries.c.next_at, place.label("place")).join(webhooks).where(due)
        first = ranked.subquery()
        chosen = select(first.c.id).where(first.c.place <= each).order_by(first.c.next_at).limit(most)

        def work(connection: Connection) -> list[tuple[Delivery, Webhook]]:
            found: list[tuple[Delivery, Webhook]] = []
            for name in connection.execute(chosen).scalars().all():
                free = (deliveries.c.id == name) & (deliveries.c.next_at <= now)
                taken = {"next_at": until, "attempts": deliveries.c.attempts + 1, "taken": by}
                if connection.execute(deliveries.update().where(free).values(taken)).rowcount:
                    row = connection.execute(select(deliveries).where(deliveries.c.id == name)).one()
                    found.append((_delivery(row), _one(connection, row.webhook)))
            return found

        return self._store.write(work)

    def take_up(self, by: str, now: float) -> None:
        """What one who is no more had taken, and nothing came of, is due now."""
        left = (deliveries.c.taken == by) & deliveries.c.next_at.is_not(None)
        again = deliveries.update().where(left).values(next_at=now, taken=None)
        self._store.write(lambda connection: connection.execute(again))

    def settle(
        self, delivery: Delivery, *, now: float, error: str | None, next_at: float | None, gone: bool
    ) -> None:
        """Write down what came of an attempt. A receiver that is `gone` gets no more messages."""
        values: Json = {"next_at": next_at, "last_error": error, "taken": None}
        if error is None:
            values["delivered"] = now

        def work(connection: Connection) -> None:
            connection.execute(deliveries.update().where(deliveries.c.id == delivery.id).values(values))
            if gone:
                hook = webhooks.update().where(webhooks.c.id == delivery.webhook)
                connection.execute(hook.values(active=0))

        self._store.write(work)

    def tell(self, hook: str, occurrence: Occurrence, now: float) -> str:
        """A message for one webhook, whatever it asked for; returns the delivery's id. Raises NotFound."""

        def work(connection: Connection) -> str:
            row = _row(_one(connection, hook).id, occurrence, now)
            connection.execute(deliveries.insert().values(row))
            return str(row["id"])

        return self._store.write(work)


def tell_all(connection: Connection, occurrences: Sequence[Occurrence], now: float) -> None:
    """Messages for everybody who asked to be told, in the transaction that the occurrences are from."""
    if not occurrences:
        return
    hooks = connection.execute(select(webhooks).where(webhooks.c.active == 1)).all()
    if not hooks:
        return
    uids = {name: _uid(connection, name) for name in {one.workflow for one in occurrences} if name}
    rows = [
        _row(hook.id, one, now)
        for one in occurrences
        for hook in hooks
        if one.type in json.loads(hook.events)
        and (hook.workflow is None or hook.workflow == uids.get(one.workflow or ""))
    ]
    if rows:
        connection.execute(deliveries.insert(), rows)
    over = deliveries.c.next_at.is_(None) & (deliveries.c.created < now - KEPT)
    connection.execute(deliveries.delete().where(over))


def _row(hook: str, occurrence: Occurrence, now: float) -> Json:
    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "webhook": hook,
        "run": occurrence.run,
        "event": occurrence.type,
        "body": occurrence.body(now),
        "created": now,
        "attempts": 0,
        "next_at": now,
    }


def _changeable(connection: Connection, hook: Webhook) -> Json:
    uid = None
    if hook.workflow is not None and (uid := _uid(connection, hook.workflow)) is None:
        raise NotFound("workflow", hook.workflow)
    values: Json = {"url": hook.url, "events": json.dumps(hook.events), "active": int(hook.active)}
    return {**values, "workflow": uid}


def _uid(connection: Connection, name: str) -> str | None:
    asked = select(names.c.workflow).where(names.c.folded == name.casefold())
    return cast("str | None", connection.execute(asked).scalar_one_or_none())


def _query() -> Select[Any]:
    joined = webhooks.outerjoin(workflows, workflows.c.uid == webhooks.c.workflow)
    return select(*webhooks.c, workflows.c.name.label("name")).select_from(joined)


def _one(connection: Connection, hook: str) -> Webhook:
    row = connection.execute(_query().where(webhooks.c.id == hook)).one_or_none()
    if row is None:
        raise NotFound("webhook", hook)
    return _webhook(row)


def _webhook(row: Row[Any]) -> Webhook:
    events = tuple(json.loads(row.events))
    return Webhook(row.id, row.url, row.secret, events, row.name, bool(row.active), row.created)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.id, row.webhook, row.event, row.run, row.body, row.created, row.attempts, row.next_at,
        row.delivered, row.last_error,
    )  # fmt: skip
