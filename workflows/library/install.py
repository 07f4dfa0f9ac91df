"""Put the shipped workflows into a store."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, select

from workflows.library import Shipped, newest, shipped
from workflows.store import Store
from workflows.store.errors import BranchConflict, NameTaken, NotFound, ReleaseExists
from workflows.store.names import fold
from workflows.store.tables import names, releases, versions

AUTHOR = "Darkroom"
"""Who saved the versions that ship."""


def install(store: Store) -> None:
    """Create the shipped workflows that `store` lacks, and release what is new of those it has.

    A workflow of the same name that somebody else made stays as it is, and so does a shipped one whose `main`
    branch somebody has saved on. With nothing to do it costs one query. Raises StoreError.
    """
    known = store.read(_released)
    missing = [one for one in shipped() if (fold(one.name), one.release, one.digest) not in known]
    order = list(newest())
    # Lists begin with what was saved last: that is to be the first workflow.
    for one in sorted(missing, key=lambda one: order.index(one.name), reverse=True):
        # Another server may be installing into the same store.
        with suppress(NameTaken, BranchConflict, ReleaseExists):
            if _add(store, one):
                store.release(one.name, "main", one.release, author=AUTHOR)


def _add(store: Store, one: Shipped) -> bool:
    """Make a release the newest version of its workflow; False if the workflow is not ours to change."""
    picture, message = one.thumbnail.read_bytes(), f"Shipped as {one.release}"
    try:
        head = store.version(one.name)
    except NotFound:
        store.create(
            one.name,
            one.document,
            author=AUTHOR,
            message=message,
            description=one.description,
            labels=one.labels,
            thumbnail=picture,
        )
        return True
    ours = {other.digest for other in shipped() if other.name == one.name}
    if head.author != AUTHOR or store.version(one.name, "#1").document not in ours:
        return False
    store.commit(one.name, one.document, parent=head.id, author=AUTHOR, message=message, thumbnail=picture)
    return True


def _released(connection: Connection) -> set[tuple[str, str, str]]:
    """(name, release, document digest) of all that is released under the names of shipped workflows."""
    wanted = {fold(one.name) for one in shipped()}
    numbers = (releases.c.major, releases.c.minor, releases.c.patch)
    rows = connection.execute(
        select(names.c.folded, *numbers, versions.c.document)
        .join(releases, releases.c.workflow == names.c.workflow)
        .join(versions, versions.c.seq == releases.c.version)
        .where(names.c.folded.in_(wanted))
    )
    return {(name, f"{major}.{minor}.{patch}", document) for name, major, minor, patch, document in rows}
