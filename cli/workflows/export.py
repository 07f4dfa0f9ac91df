"""`main.py workflows export`: a version as a file for ComfyUI or for another installation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cli.setup import folders_of
from cli.workflow_nodes import WorkflowNodes
from cli.workflows.node_classes import definitions_of, registry_of
from cli.workflows.place import opened, store_of
from cli.workflows.sides import version_of
from cli.workflows.telling import Refused, named, warn
from workflows.document import formatted
from workflows.store import Store, Version
from workflows.transfer.exporting import as_prompt, as_workflow, released_in
from workflows.transfer.pictures import with_workflow

_FORMATS = ("workflow", "api", "png")


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workflow", metavar="NAME[@REF]")
    add("-o", "--output", type=Path, metavar="FILE|DIR", help="where to; a folder: NAME.json in it")
    add(
        "--format",
        choices=_FORMATS,
        help="workflow: what the canvas saves; api: the prompt, with released workflows in it replaced by "
        "their nodes; png: a picture that carries both. Default: by the ending of FILE, else workflow",
    )
    add(
        "--lock", action="store_true", help="add what models and packs it needs, found again by their content"
    )


def export(options: argparse.Namespace) -> int:
    """Print or write the file."""
    with opened(options) as store:
        version = version_of(store, options.workflow)
        document = store.document(version.id)
        wanted = _format(options, document)
        if options.lock:
            document = _locked(options, document, wanted)
        made = _made(options, store, version, document, wanted)
    if options.output is None:
        if isinstance(made, bytes):
            raise Refused("a picture is not printed: say where to write it with -o FILE.png")
        sys.stdout.write(made)
        return 0
    path = _path(options.output, version, wanted)
    try:
        path.write_bytes(made if isinstance(made, bytes) else made.encode())
    except OSError as error:
        raise Refused(f"{path}: cannot be written: {error.strerror}") from error
    sys.stderr.write(f"Wrote {named(version)} to {path}\n")
    return 0


def _format(options: argparse.Namespace, document: dict[str, Any]) -> str:
    if options.format:
        return options.format
    if options.output is not None and options.output.suffix.lower() == ".png":
        return "png"
    return "workflow" if "nodes" in document else "api"


def _made(
    options: argparse.Namespace, store: Store, version: Version, document: dict[str, Any], wanted: str
) -> str | bytes:
    if wanted == "workflow":
        for name in released_in(document):
            warn(f"ComfyUI does not know {name}: import that workflow there, or export this one as api")
        return as_workflow(document)
    prompt = _prompt(options, store, document)
    if wanted == "api":
        return formatted(prompt)
    carried = {"prompt": prompt} if "nodes" not in document else {"workflow": document, "prompt": prompt}
    return with_workflow(store.thumbnail(version.id), carried)


def _prompt(options: argparse.Namespace, store: Store, document: dict[str, Any]) -> dict[str, Any]:
    folders = folders_of(options)
    prompt = as_prompt(document, definitions_of(options, folders, store))
    nodes = WorkflowNodes(store_of(options, folders), registry_of(options, folders), folders)
    try:
        return nodes.expanded(prompt)
    finally:
        nodes.close()


def _locked(options: argparse.Namespace, document: dict[str, Any], wanted: str) -> dict[str, Any]:
    from cli.workflows.lock import locked
    from workflows.locks import with_lock

    if wanted == "api":
        raise Refused("a prompt has no place for a lock: use --format workflow, or `main.py workflows lock`")
    folders = folders_of(options)
    made = locked(options, folders, store_of(options, folders))
    for model in made.incomplete:
        warn(f"{model.kind} {model.name!r} is not there: the lock says only its name")
    return with_lock(document, made)


def _path(given: Path, version: Version, wanted: str) -> Path:
    ending = ".png" if wanted == "png" else ".json"
    return given / f"{version.workflow}{ending}" if given.is_dir() else given
