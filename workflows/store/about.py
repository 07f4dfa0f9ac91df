"""What is told about a workflow: its name, description and labels. Names it had go on leading to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from workflows.store.errors import NameTaken
from workflows.store.names import fold
from workflows.store.refs import workflow_uid
from workflows.store.tables import names, workflows


@dataclass(frozen=True)
class About:
    """What is told about a workflow."""

    name: str
    description: str
    labels: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """As the table keeps it, with what is needed to find it."""
        keys = [fold(label) for label in self.labels]
        return {
            "name": self.name,
            "folded": fold(self.name),
            "description": self.description,
            "labels": json.dumps(self.labels, ensure_ascii=False),
            "label_keys": "\n".join(["", *keys, ""]),
            "search": "\n".join([fold(self.name), fold(self.description), *keys]),
        }


@dataclass(frozen=True)
class Wanted:
    """What shall be told from now on; None leaves it."""

    name: str | None
    description: str | None
    labels: tuple[str, ...] | None
    archived: bool | None


def change(connection: Connection, name: str, wanted: Wanted) -> str:
    """Tell something else about a workflow; its uid. Raises NotFound, NameTaken."""
    uid = workflow_uid(connection, name, lock=True)
    row = connection.execute(select(workflows).where(workflows.c.uid == uid)).one()
    if wanted.name is not None and not refuse_taken(connection, wanted.name, uid=uid):
        connection.execute(names.insert().values(folded=fold(wanted.name), workflow=uid))
    about = About(
        row.name if wanted.name is None else wanted.name,
        row.description if wanted.description is None else wanted.description,
        tuple(json.loads(row.labels)) if wanted.labels is None else wanted.labels,
    )
    columns: dict[str, Any] = {**about.columns}
    if wanted.archived is not None:
        columns["archived"] = int(wanted.archived)
    connection.execute(workflows.update().where(workflows.c.uid == uid).values(columns))
    return uid


def refuse_taken(connection: Connection, name: str, *, uid: str | None = None) -> bool:
    """Whether the workflow `uid` has or had this name. Raises NameTaken if another one did."""
    query = (
        select(names.c.workflow, workflows.c.name)
        .join(workflows, workflows.c.uid == names.c.workflow)
        .where(names.c.folded == fold(name))
    )
    taken = connection.execute(query).one_or_none()
    if taken is None:
        return False
    if taken.workflow == uid:
        return True
    if fold(taken.name) == fold(name):
        raise NameTaken(f"there is a workflow {taken.name!r} already: choose another name")
    raise NameTaken(f"{name!r} was the name of {taken.name!r} and still leads to it: choose another one")
