"""Put the shipped workflows into a store."""

from __future__ import annotations

from workflows.store import Store

AUTHOR = "Darkroom"


def install(store: Store) -> None:
    """Create the shipped workflows that `store` lacks, and release what is new of those it has.

    A workflow of the same name that somebody else made stays as it is, and so does a shipped one whose `main`
    branch somebody has changed. With nothing to do it costs one listing of the store.
    """
    raise NotImplementedError
