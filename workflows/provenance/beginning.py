"""The record of a run as it begins, and the stamp that its pictures carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.folders import Folders
from workflows.provenance.inventory import Find, classes_of, files_of, seeds_of
from workflows.provenance.record import RUNNING, RunRecord

STAMP = "darkroom"
"""The key of the stamp in `extra_pnginfo`, and so the name of the text in a picture."""


@dataclass(frozen=True)
class Origin:
    """The version a graph was made from, and whether it was changed since, as far as that is known; for a
    function, the values of its inputs.
    """

    workflow: str | None = None
    version: str | None = None
    release: str | None = None
    modified: bool | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def stamp(self, run: str) -> dict[str, Any]:
        """What the pictures of a run say: its id, and what is known of where its graph came from."""
        known = {"workflow": self.workflow, "version": self.version, "release": self.release}
        if self.version is not None:
            known = {**known, "modified": self.modified}
        return {"run": run, **{name: value for name, value in known.items() if value is not None}}


def begun(
    run: str,
    origin: Origin,
    prompt: Mapping[str, Any],
    find: Find,
    folders: Folders,
    *,
    created: float,
    started: float | None,
    targets: tuple[str, ...] = (),
    environment: Mapping[str, Any],
) -> RunRecord:
    """The record of a run that begins, without hashes. Looks into folders.

    Args:
        find: the spec of a node class, as the process that runs it has it.
        environment: of that process.
    """
    return RunRecord(
        run=run,
        status=RUNNING,
        created=created,
        started=started,
        workflow=origin.workflow,
        version=origin.version,
        release=origin.release,
        modified=origin.modified,
        inputs=origin.inputs,
        seeds=seeds_of(prompt, find),
        targets=targets,
        nodes=classes_of(prompt, find),
        files=tuple(files_of(prompt, find, folders)),
        environment=environment,
    )
