"""`main.py workflows show`: what a version is."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from rich.markup import escape

from cli.setup import folders_of
from cli.workflows.inputs_help import range_of
from cli.workflows.node_classes import definitions_of
from cli.workflows.place import opened
from cli.workflows.sides import version_of
from cli.workflows.telling import ago, moment, print_json, say, short, warn
from server.workflows.answers import version_record
from workflows.document import formatted, function_of
from workflows.formats.definitions import Definitions
from workflows.functions import Function, FunctionError, declared, prompt_of
from workflows.store import Store, Version
from workflows.transfer.text import readable


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("workflow", metavar="NAME[@REF]")
    which = command.add_mutually_exclusive_group()
    add = which.add_argument
    add("--text", action="store_true", help="all nodes with their values and links, as text")
    add("--document", action="store_true", help="the workflow as it was saved, as JSON")
    add("--prompt", action="store_true", help="the prompt it stands for, as JSON in API format")
    add("--json", action="store_true", help="print what the API answers")


def show(options: argparse.Namespace) -> int:
    """Print the version in the form that is asked for."""
    with opened(options) as store:
        version = version_of(store, options.workflow)
        if options.json:
            print_json(version_record(store, version))
            return 0
        document = store.document(version.id)
        if options.document:
            sys.stdout.write(formatted(document))
            return 0
        definitions = definitions_of(options, folders_of(options), store)
        if options.prompt:
            print_json(prompt_of(document, definitions))
        elif options.text:
            sys.stdout.write(readable(document, definitions))
        else:
            _about(store, version)
            _declared(document, definitions)
            _nodes(document, definitions)
    return 0


def _about(store: Store, version: Version) -> None:
    item = store.workflow(version.workflow).item
    say(f"[bold]{escape(item.name)}[/bold]  [yellow]#{version.number}[/yellow]  {version.id}")
    if item.description:
        say(escape(item.description))
    say(f"[dim]Saved[/dim]    {ago(version.created)} by {escape(version.author)}, {moment(version.created)}")
    if version.message:
        say(f"[dim]Message[/dim]  {escape(version.message.strip()).replace(chr(10), chr(10) + ' ' * 9)}")
    for title, names in (
        ("Releases", version.releases),
        ("Branches", version.branches),
        ("Tags", version.tags),
        ("Labels", item.labels),
        ("From", tuple(f"#{store.find(parent).number}" for parent in version.parents)),
    ):
        if names:
            say(f"[dim]{title:8}[/dim] {escape(', '.join(names))}")
    say(f"[dim]Document[/dim] {short(version.document)}")


def _declared(document: dict[str, Any], definitions: Definitions) -> None:
    if function_of(document) is None:
        say("\nIt declares no inputs and outputs, so it is no function yet.")
        return
    try:
        function = declared(document, definitions)
    except FunctionError as error:
        warn(f"Its declaration does not fit here: {error}")
        function = Function.of(document)
        assert function is not None
    say()
    if function.title or function.description:
        say(f"[bold]{escape(function.title or 'Function')}[/bold]  {escape(function.description)}")
    for entry in function.inputs:
        say(f"  [cyan]{entry.name:16}[/cyan] {escape(range_of(entry))}")
        if entry.description:
            say(f"{'':18} [dim]{escape(entry.description)}[/dim]")
    for entry in function.outputs:
        say(f"  [green]→ {entry.name:14}[/green] {entry.type}  [dim]{escape(entry.description)}[/dim]")


def _nodes(document: dict[str, Any], definitions: Definitions) -> None:
    say()
    for line in readable(document, definitions).splitlines():
        if "(#" in line and not line.startswith("    ") and " ← " not in line:
            say(escape(line))
