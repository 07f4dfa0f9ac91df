"""Calling a workflow in this process: its version, the values of the call, the run, and what came out."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.progress import RunView
from cli.setup import folders_of, run_options_of
from cli.workflow_nodes import WorkflowNodes
from cli.workflows.node_classes import registry_of
from cli.workflows.place import opened, store_of
from cli.workflows.recording import Recording
from cli.workflows.sides import split_ref
from cli.workflows.telling import Refused, warn
from engine.context import JobExtra
from engine.folders import Folders, MissingFile
from engine.paths import UnsafePath
from server.worker.host import Host
from workflows.formats.definitions import remembered
from workflows.functions import Bound, bind
from workflows.functions.filled import filled
from workflows.functions.released import Called
from workflows.provenance.beginning import Origin

_CALLS = "calls"
"""Where files of callers go, below the input folder; a server puts them there, too."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: by output, the pictures it made, or its value."""

    run: str
    bound: Bound
    pictures: dict[str, list[Path]]
    values: dict[str, Any]
    good: bool


class Caller:
    """A version that can be called. Close it after use.

    Args:
        options: those that say where folders and workflows are.
        asked: NAME, NAME@REF.

    Raises StoreError, and FunctionError if the version is no function.
    """

    def __init__(self, options: argparse.Namespace, asked: str) -> None:
        with opened(options):  # the shipped workflows can be called from the first moment
            pass
        self.folders = folders_of(options)
        registry = registry_of(options, self.folders)
        self._registry = registry
        self._where = store_of(options, self.folders)
        self._nodes = WorkflowNodes(self._where, registry, self.folders)
        self.called: Called = self._nodes.called(*split_ref(asked))

    @property
    def name(self) -> str:
        """Name and release, or number, of what is called."""
        version = self.called.version
        return f"{version.workflow}@{self.called.release or f'#{version.number}'}"

    def bound(self, values: Mapping[str, Any], text: Mapping[str, str]) -> Bound:
        """The prompt with these values; those of `text` are read as what their inputs take, and the paths
        of pictures are put where nodes find them. Raises InvalidInputs, Refused.
        """
        given = {**values, **text}
        for entry in self.called.function.inputs:
            if entry.takes_file and isinstance(value := given.get(entry.name), str):
                given[entry.name] = taken_in(value, self.folders, entry.name)
        prefix = f"{self.called.version.workflow}/"
        return bind(self.called.prompt, self.called.function, given, text=tuple(text), prefix=prefix)

    def run(
        self, bound: Bound, host: Host, options: argparse.Namespace, console: Console, errors: Console
    ) -> Outcome:
        """Run it, with a progress bar a node; `options` say how pictures are previewed and whether the run is
        put on record. Raises ExpansionError.
        """
        from cli.host import run_here

        prompt = self._nodes.expanded(bound.prompt)
        version = self.called.version
        origin = Origin(version.workflow, version.id, self.called.release, False, bound.values)
        recording = Recording(origin)
        view = RunView(prompt, console, errors, host.folders.place)
        with view.bars:

            def show(event: Any) -> None:
                view.show(event)
                recording.see(event)

            extra = JobExtra(
                options=run_options_of(options), extra_pnginfo=recording.pnginfo(self._drawn(bound))
            )
            problems = run_here(host, prompt, extra, show, bound.targets)
        for problem in problems:
            view.tell(problem)
        if not options.no_record:
            why = recording.write(self._where, host, prompt, bound.targets)
            if why:
                warn(f"the run is not on record: {why}")
        made = {name: shown for name, node in bound.outputs.items() if (shown := recording.shown.get(node))}
        pictures = {
            name: _paths(shown["images"], host.folders) for name, shown in made.items() if "images" in shown
        }
        values = {name: _value(shown["values"]) for name, shown in made.items() if "values" in shown}
        return Outcome(recording.run, bound, pictures, values, not (problems or view.failed))

    def close(self) -> None:
        """Let go of the store."""
        self._nodes.close()

    def _drawn(self, bound: Bound) -> dict[str, Any] | None:
        """What pictures carry for the canvas: the workflow with the values of the call in it."""
        if "nodes" not in self.called.document:
            return None
        find = self._registry.get
        plain = remembered(lambda name: spec.object_info(lambda _: []) if (spec := find(name)) else None)
        return {"workflow": filled(self.called.document, self.called.function, bound.values, plain)}


def load_host(options: argparse.Namespace, folders: Folders, console: Console) -> Host:
    """Torch, the nodes and the device."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with console.status("Loading torch and the nodes ..."):
        from cli.host import host_of

        return host_of(options, folders)


def taken_in(given: str, folders: Folders, name: str) -> str:
    """The name in the input folder of a picture that is given by its path, which is copied there, or by that
    name. Raises Refused if there is neither.
    """
    path = Path(given).expanduser()
    if not path.is_file():
        try:
            folders.find("input", given)
        except (MissingFile, UnsafePath) as error:
            raise Refused(f"--{name}: {given!r} is no file, and none in {folders.input}") from error
        return given
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kept = folders.input / _CALLS / f"{digest}{path.suffix.lower()}"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_name(f"{kept.name}.part")
            shutil.copyfile(path, part)
            part.replace(kept)
    except OSError as error:
        raise Refused(f"--{name}: {given} cannot be taken in: {error.strerror}") from error
    return f"{_CALLS}/{kept.name}"


def _paths(shown: list[dict[str, str]], folders: Folders) -> list[Path]:
    return [folders.place(one["type"]) / one["subfolder"] / one["filename"] for one in shown]


def _value(shown: list[Any]) -> Any:
    """One value as it is, several as a list."""
    return shown[0] if len(shown) == 1 else shown
