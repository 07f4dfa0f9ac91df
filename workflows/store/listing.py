"""Workflows as lists show them: found, counted, and never one query for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from workflows.store.names import fold, storable
from workflows.store.records import MAIN, Branch, Page, Tag, VersionId, Workflow, WorkflowItem
from workflows.store.refs import workflow_uid
from workflows.store.rows import releases_where, versions_of
from workflows.store.tables import branches, releases, tags, versions, workflows


def page(
    connection: Connection,
    search: str,
    label: str | None,
    archived: bool,
    published: bool | None,
    offset: int,
    limit: int,
) -> Page[WorkflowItem]:
    """Workflows, those saved last first."""
    if not storable(search) or not storable(label or ""):
        return Page((), 0, False)
    chosen: list[ColumnElement[bool]] = [workflows.c.archived == int(archived)]
    chosen += [workflows.c.search.contains(fold(word), autoescape=True) for word in search.split()]
    if label is not None:
        chosen.append(workflows.c.label_keys.contains(f"\n{fold(label)}\n", autoescape=True))
    if published is not None:
        has_release = select(releases.c.version).where(releases.c.workflow == workflows.c.uid).exists()
        chosen.append(has_release if published else ~has_release)
    total = connection.execute(select(func.count()).select_from(workflows).where(*chosen)).scalar_one()
    order = (workflows.c.updated.desc(), workflows.c.folded)
    query = select(workflows).where(*chosen).order_by(*order).offset(offset).limit(limit)
    rows = connection.execute(query).all()
    return Page(tuple(_items(connection, rows)), total, offset + len(rows) < total)


def item(connection: Connection, uid: str) -> WorkflowItem:
    """One workflow that is there."""
    rows = connection.execute(select(workflows).where(workflows.c.uid == uid)).all()
    return _items(connection, rows)[0]


def whole(connection: Connection, name: str) -> Workflow:
    """A workflow and every name in it. Raises NotFound."""
    uid = workflow_uid(connection, name)
    on = connection.execute(
        select(branches.c.name, branches.c.version)
        .where(branches.c.workflow == uid)
        .order_by(branches.c.name != MAIN, branches.c.updated.desc(), branches.c.name)
    ).all()
    found = versions_of(connection, [row.version for row in on])
    tagged = connection.execute(
        select(tags.c.name, versions.c.id)
        .join(versions, versions.c.seq == tags.c.version)
        .where(tags.c.workflow == uid)
        .order_by(tags.c.name)
    ).all()
    return Workflow(
        item(connection, uid),
        tuple(Branch(row.name, found[row.version]) for row in on),
        tuple(Tag(row.name, VersionId(row.id)) for row in tagged),
        tuple(releases_where(connection, releases.c.workflow == uid).get(uid, ())),
    )


def _items(connection: Connection, rows: Sequence[Row[Any]]) -> list[WorkflowItem]:
    uids = [row.uid for row in rows]
    heads = {
        row.workflow: row.version
        for row in connection.execute(
            select(branches.c.workflow, branches.c.version).where(
                branches.c.workflow.in_(uids), branches.c.name == MAIN
            )
        )
    }
    counting = select(branches.c.workflow, func.count()).where(branches.c.workflow.in_(uids))
    counted = {row[0]: row[1] for row in connection.execute(counting.group_by(branches.c.workflow))}
    found = versions_of(connection, list(heads.values()))
    released = releases_where(connection, releases.c.workflow.in_(uids))
    return [
        WorkflowItem(
            uid=row.uid,
            name=row.name,
            description=row.description,
            labels=tuple(json.loads(row.labels)),
            archived=bool(row.archived),
            created=row.created,
            updated=row.updated,
            head=found[heads[row.uid]],
            latest=next(iter(released.get(row.uid, ())), None),
            branches_count=counted[row.uid],
            origin=VersionId(row.origin) if row.origin else None,
        )
        for row in rows
    ]
