"""`main.py workflows lock`: the models and packs a workflow needs, by what is in them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.packs import paths_of
from cli.run import tell_finding
from cli.setup import folders_of
from cli.workflow_file import WorkflowError, WorkflowFile, read_workflow
from cli.workflow_nodes import WorkflowNodes
from cli.workflows.recording import store_of
from engine.folders import Folders
from engine.graph import as_object
from server.settings import Settings
from workflows.functions import ExpansionError
from workflows.locks import Lock, lock
from workflows.provenance.hashes import FileHashes, Known
from workflows.store import Store
from workflows.store.errors import StoreError


def arguments(command: argparse.ArgumentParser) -> None:
    """Its options, besides those for folders, which are to be there already."""
    add = command.add_argument
    add("workflow", metavar="NAME[@VERSION]|FILE", help="a workflow of the store, or a file")
    add("-o", "--output", type=Path, metavar="FILE", help="write the lock there instead of printing it")


def lock_command(options: argparse.Namespace) -> int:
    """Print or write the lock. Returns the exit status: 0, or 1 if a model is not there or nothing can be
    locked.
    """
    errors = Console(stderr=True)
    folders = folders_of(options)
    where = store_of(options, folders)
    try:
        made = locked(options, folders, where)
    except (WorkflowError, StoreError, ExpansionError) as error:
        errors.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
        return 1
    text = json.dumps(made.to_json(), indent=2, ensure_ascii=False) + "\n"
    if options.output is None:
        sys.stdout.write(text)
    else:
        options.output.write_text(text, encoding="utf-8")
    for model in made.incomplete:
        told = f"{model.kind} {model.name!r} is not there: the lock says only its name"
        errors.print(f"[yellow]{escape(told)}[/yellow]", highlight=False, soft_wrap=True)
    return 1 if made.incomplete else 0


def locked(options: argparse.Namespace, folders: Folders, where: str | Path) -> Lock:
    """The lock of what the options name. Raises WorkflowError, StoreError, ExpansionError."""
    from cli.listing import known_nodes

    registry, folders, _ = known_nodes(options, folders)
    with _opened(where) as store:
        found = _found(str(options.workflow), store)
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
    if (path := Path(asked)).is_file():
        return read_workflow(path)
    name, _, ref = asked.partition("@")
    if store is None:
        raise WorkflowError(f"{asked}: there is no such file, and no workflows are kept here")
    document: Any = store.document(store.version(name, ref).id)
    prompt = as_object(document.get("prompt"))
    return WorkflowFile(Path(asked), None if prompt is None else dict(prompt), document)


@contextmanager
def _opened(where: str | Path) -> Generator[Store | None]:
    """The store; None for a file that is not there, which is not made for this."""
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
