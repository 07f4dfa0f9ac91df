"""What is to be run again: a run on record, or the graph that a picture carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.workflow_file import WorkflowError, read_workflow
from workflows.formats import FormatError
from workflows.formats.embedded import Embedded, read_file
from workflows.provenance.beginning import Origin
from workflows.provenance.pictures import pixel_hash
from workflows.provenance.record import RunRecord
from workflows.store import Store
from workflows.store.errors import NotFound, StoreError


class CannotReplay(Exception):
    """There is nothing to run again; the text says why and what would help."""


@dataclass(frozen=True)
class Source:
    """A graph to run again.

    Args:
        record: of the run, if there is one.
        picture: the file that was asked for, if it was a file.
        workflow: what the canvas had, if it is known.
        notes: what there is to say of it.
        is_changed: whether the picture is not as the run on record made it.
    """

    prompt: dict[str, Any]
    record: RunRecord | None = None
    picture: Path | None = None
    workflow: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    is_changed: bool = False

    @property
    def origin(self) -> Origin:
        """The version it was made from, as far as that is known."""
        record = self.record
        if record is None:
            return Origin()
        return Origin(record.workflow, record.version, record.release, record.modified, record.inputs)


def source_of(asked: str, where: str | Path) -> Source:
    """The run of that id (or that begins so), or what a picture was made of.

    Args:
        where: the store of workflows.

    Raises CannotReplay.
    """
    path = Path(asked)
    if path.is_file():
        return _of_picture(path, where)
    if isinstance(where, Path) and not where.exists():
        raise CannotReplay(f"{asked!r} is no file, and {where} does not exist: no run is on record there")
    try:
        record, prompt = _recorded(asked, where)
    except NotFound as error:
        raise CannotReplay(f"{asked!r} is no file, and {error} on record in {where}") from error
    except StoreError as error:
        raise CannotReplay(str(error)) from error
    return Source(prompt, record)


def _of_picture(path: Path, where: str | Path) -> Source:
    try:
        embedded = read_file(path)
        carried = read_workflow(path).prompt
    except (OSError, FormatError, WorkflowError) as error:
        raise CannotReplay(str(error)) from error
    run = _run(embedded)
    try:
        if run is None:
            raise NotFound("run", "")
        record, prompt = _recorded(run, where)
    except StoreError as error:
        if carried is None:
            text = f"{path} holds a workflow and not the graph that was run, and its run is not on record"
            raise CannotReplay(f"{text}; use `main.py run` to run it as it is now") from error
        why = "it carries no run id" if run is None else f"its run {run} is not on record in {where}"
        note = f"{why}: running the graph that the picture carries; what surrounded it is not known"
        return Source(carried, None, path, embedded.workflow, (note,))
    made = {output.pixels for output in record.outputs if output.pixels is not None}
    is_changed = bool(made) and pixel_hash(path) not in made
    note = f"{path.name} is not as the run {record.run} made it: it was changed since"
    return Source(prompt, record, path, embedded.workflow, (note,) if is_changed else (), is_changed)


def _recorded(run: str, where: str | Path) -> tuple[RunRecord, dict[str, Any]]:
    if isinstance(where, Path) and not where.exists():
        raise NotFound("run", run)
    from workflows.provenance.runs import Runs

    store = Store.open(where)
    try:
        runs = Runs(store)
        record = runs.find(run)
        return record, runs.prompt(record.run)
    finally:
        store.close()


def _run(embedded: Embedded) -> str | None:
    found = (embedded.darkroom or {}).get("run")
    return found if isinstance(found, str) else None
