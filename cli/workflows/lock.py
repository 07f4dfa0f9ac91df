"""`main.py workflows lock`: the models and packs a workflow needs, by what is in them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.packs import paths_of
from cli.run import tell_finding
from cli.setup import folders_of
from cli.workflow_file import WorkflowFile, read_workflow
from cli.workflow_nodes import WorkflowNodes
from cli.workflows.node_classes import registry_of
from cli.workflows.place import opened, store_of
from cli.workflows.telling import Refused, print_json, warn
from engine.folders import Folders
from engine.graph import as_object
from server.settings import Settings
from workflows.locks import Lock, lock
from workflows.provenance.hashes import FileHashes, Known
from workflows.store import Store


def arguments(command: argparse.ArgumentParser) -> None:
    """Its options, besides those for folders, which are to be there already."""
    add = command.add_argument
    add("workflow", metavar="NAME[@VERSION]|FILE", help="a workflow of the store, or a file")
    add("-o", "--output", type=Path, metavar="FILE", help="write the lock there instead of printing it")


def lock_command(options: argparse.Namespace) -> int:
    """Print or write the lock. Returns the exit status: 0, or 1 if it is incomplete, for a model is not
    there.
    """
    folders = folders_of(options)
    made = locked(options, folders, store_of(options, folders))
    if options.output is None:
        print_json(made.to_json())
    else:
        text = json.dumps(made.to_json(), indent=2, ensure_ascii=False)
        try:
            options.output.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise Refused(f"{options.output}: cannot be written: {error.strerror}") from error
    for model in made.incomplete:
        warn(f"{model.kind} {model.name!r} is not there: the lock has only its name")
    return 1 if made.incomplete else 0


def locked(options: argparse.Namespace, folders: Folders, where: str | Path) -> Lock:
    """The lock of what `options.workflow` names. Raises what `telling.known_errors` lists."""
    registry = registry_of(options, folders)
    asked = str(options.workflow)
    with _beside(where) if Path(asked).is_file() else opened(options) as store:
        found = _found(asked, store)
        nodes = WorkflowNodes(where, registry, folders)
        try:
            prompt, findings = found.prompt_with((), registry, folders, nodes.info)
            prompt = nodes.expanded(prompt)
        finally:
            nodes.close()
        for finding in findings:
            tell_finding(Console(stderr=True), finding)
        hashes = FileHashes() if store is None else FileHashes(_kept(store))
        packs = paths_of(options, folders)
        return lock(prompt, registry.get, folders, hashes, packs=packs, darkroom=Settings.version)


def _found(asked: str, store: Store | None) -> WorkflowFile:
    if store is None or (path := Path(asked)).is_file():
        return read_workflow(Path(asked))
    name, _, ref = asked.partition("@")
    document: Any = store.document(store.version(name, ref).id)
    prompt = as_object(document.get("prompt"))
    return WorkflowFile(path, None if prompt is None else dict(prompt), document)


@contextmanager
def _beside(where: str | Path) -> Generator[Store | None]:
    """The store, which knows hashes, if there is one: none is made for a file."""
    if isinstance(where, Path) and not where.exists():
        yield None
        return
    store = Store.open(where)
    try:
        yield store
    finally:
        store.close()


def _kept(store: Store) -> Known:
    from workflows.provenance.runs import KnownHashes

    return KnownHashes(store)
