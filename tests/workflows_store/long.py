"""Long histories, written at once: saving ten thousand times would take minutes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from workflows.store import Store
from workflows.store.content import version_id
from workflows.store.records import VersionId
from workflows.store.tables import branches, parents, versions


def lengthen(store: Store, name: str, count: int) -> None:
    """Save the newest version on `main` again until there are `count`, as `commit` would. For tests alone."""
    head = store.version(name)
    uid = store.workflow(name).item.uid

    def work(connection: Any) -> None:
        row: dict[str, Any] = dict(
            connection.execute(select(versions).where(versions.c.id == head.id)).one()._mapping
        )
        del row["seq"]
        made: list[dict[str, Any]] = []
        for number in range(head.number + 1, count + 1):
            row = {**row, "number": number, "created": row["created"] + 1.5}
            row["id"] = version_id(
                uid=uid,
                document=row["document"],
                layout=row["layout"],
                parents=(VersionId(made[-1]["id"] if made else head.id),),
                author=row["author"],
                message=row["message"],
                created=row["created"],
            )
            made.append(row)
        connection.execute(versions.insert(), made)
        added = (versions.c.workflow == uid) & (versions.c.number >= head.number)
        query = select(versions.c.seq).where(added).order_by(versions.c.number)
        seqs = list(connection.execute(query).scalars())
        links = [
            {"version": seq, "position": 0, "parent": before, "workflow": uid}
            for before, seq in pairwise(seqs)
        ]
        connection.execute(parents.insert(), links)
        last = select(func.max(versions.c.seq)).where(versions.c.workflow == uid).scalar_subquery()
        connection.execute(branches.update().where(branches.c.workflow == uid).values(version=last))

    store.write(work)
