"""Runs of the command line on record, as those of a server are."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.events import Event, NodeFinished, RunFinished
from server.worker.host import Host
from workflows.provenance.beginning import STAMP, Origin, begun
from workflows.provenance.hashes import FileHashes
from workflows.provenance.outputs import completed, outputs_of
from workflows.provenance.record import Output
from workflows.store import Store
from workflows.store.errors import StoreError

_NOWHERE = Origin()


class Recording:
    """One run, from before it begins: `pnginfo` for its `JobExtra`, `see` for each of its events, then
    `write`.

    Args:
        origin: where the graph came from, as far as it is known.
    """

    def __init__(self, origin: Origin = _NOWHERE) -> None:
        self.run = str(uuid.uuid4())
        self.origin = origin
        self.status = "error"
        self.created = time.time()
        self.finished: float | None = None
        self.shown: dict[str, Any] = {}
        self.reused: dict[str, str] = {}

    def pnginfo(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What is to be written into pictures, with the stamp of this run."""
        return {**(given or {}), STAMP: self.origin.stamp(self.run)}

    def see(self, event: Event) -> None:
        """Take in an event of the run."""
        if isinstance(event, NodeFinished):
            if event.ui:
                self.shown[event.node_id] = dict(event.ui)
            if event.cached:
                self.reused[event.node_id] = event.source
        elif isinstance(event, RunFinished):
            self.status, self.finished = event.status, time.time()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What came out so far, without hashes."""
        return outputs_of(self.shown)

    def write(
        self, where: str | Path, host: Host, prompt: Mapping[str, Any], targets: tuple[str, ...] = ()
    ) -> str | None:
        """Put the run on record, with the hashes of its models and outputs; a model that was not hashed
        before is read for it. `targets` are the nodes that were to be run, if not all. Returns why that could
        not be done, None if it was.
        """
        record = begun(
            self.run,
            self.origin,
            prompt,
            host.registry.get,
            host.folders,
            created=self.created,
            started=self.created,
            targets=targets,
            environment=host.environment,
        ).ended(self.status, self.finished, self.outputs, self.reused)
        try:
            store = Store.open(where)
        except StoreError as error:
            return str(error)
        try:
            from workflows.provenance.runs import KnownHashes, Runs

            Runs(store).save([(completed(record, host.folders, FileHashes(KnownHashes(store))), prompt)])
        except StoreError as error:
            return str(error)
        finally:
            store.close()
        return None
