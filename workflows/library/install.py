"""Put the shipped workflows into a store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection, select

from workflows.library import Shipped, shipped
from workflows.store import Store
from workflows.store.errors import BranchConflict, NameTaken, NotFound, ReleaseExists
from workflows.store.names import fold
from workflows.store.records import MAIN
from workflows.store.tables import names, releases, versions

AUTHOR = "Darkroom"
"""Who saved the versions that ship."""


def install(store: Store, library: Sequence[Shipped] | None = None) -> None:
    """Create the shipped workflows that `store` lacks, and release what is new of those it has.

    A workflow of the same name that somebody else made stays as it is, and so does a shipped one whose `main`
    branch somebody has saved on. With nothing to do it costs one query. `library` is what ships, ascending
    releases of a workflow one after the other. Raises StoreError.
    """
    library = shipped() if library is None else library
    known = store.read(lambda connection: _released(connection, {fold(one.name) for one in library}))
    missing = [one for one in library if (fold(one.name), one.release, one.digest) not in known]
    order = list(dict.fromkeys(one.name for one in library))
    # Lists begin with what was saved last: that is to be the first workflow.
    for one in sorted(missing, key=lambda one: order.index(one.name), reverse=True):
        ours = {other.digest for other in library if other.name == one.name}
        # Another server may be installing into the same store.
        with suppress(NameTaken, BranchConflict, ReleaseExists):
            if _add(store, one, ours):
                store.release(one.name, MAIN, one.release, author=AUTHOR)


def _add(store: Store, one: Shipped, ours: set[str]) -> bool:
    """Make a release the newest version of its workflow; False if the workflow is not ours to change."""
    picture, message = one.thumbnail.read_bytes(), f"Shipped as {one.release}"
    try:
        head = store.version(one.name, MAIN)
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
    if head.author != AUTHOR or store.version(one.name, "#1").document not in ours:
        return False
    store.commit(one.name, one.document, parent=head.id, author=AUTHOR, message=message, thumbnail=picture)
    return True


def _released(connection: Connection, folded: set[str]) -> set[tuple[str, str, str]]:
    """(name, release, document digest) of all that is released under some names."""
    numbers = (releases.c.major, releases.c.minor, releases.c.patch)
    rows = connection.execute(
        select(names.c.folded, *numbers, versions.c.document)
        .join(releases, releases.c.workflow == names.c.workflow)
        .join(versions, versions.c.seq == releases.c.version)
        .where(names.c.folded.in_(folded))
    )
    return {(name, f"{major}.{minor}.{patch}", document) for name, major, minor, patch, document in rows}
