"""`main.py workflows label`, `rename` and `archive`: what is told about a workflow, not what it is."""

from __future__ import annotations

import argparse

from rich.markup import escape

from cli.workflows.place import opened
from cli.workflows.telling import print_json, say
from server.workflows.answers import workflow_item
from workflows.store.records import WorkflowItem


def label_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add = command.add_argument
    add("workflow", metavar="NAME")
    add("labels", nargs="*", metavar="LABEL", help="labels to add; without any, they are listed")
    add("-d", "--delete", action="append", default=[], metavar="LABEL", help="take it away; repeatable")
    add("--describe", metavar="TEXT", help="set the description, too")
    _add_json(command)


def rename_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.add_argument("workflow", metavar="NAME")
    command.add_argument("new_name", metavar="NEW-NAME")
    _add_json(command)


def archive_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.add_argument("workflow", metavar="NAME")
    command.add_argument("--undo", action="store_true", help="get it back")
    _add_json(command)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the workflow as the API does")


arguments = label_arguments


def label(options: argparse.Namespace) -> int:
    """List or change labels."""
    gone = {name.casefold() for name in options.delete}
    with opened(options) as store:
        item = store.workflow(options.workflow).item
        kept = [name for name in item.labels if name.casefold() not in gone]
        if options.labels or options.delete or options.describe is not None:
            wanted = [*kept, *options.labels]
            item = store.change(options.workflow, labels=wanted, description=options.describe)
    return _done(options, item, "\n".join(map(escape, item.labels)) or "There are no labels.")


def rename(options: argparse.Namespace) -> int:
    """Give it another name."""
    with opened(options) as store:
        before = store.workflow(options.workflow).item.name
        item = store.change(options.workflow, new_name=options.new_name)
    text = f"{escape(before)} is now called [bold]{escape(item.name)}[/bold]; the old name still leads to it"
    return _done(options, item, text)


def archive(options: argparse.Namespace) -> int:
    """Put it away or get it back."""
    with opened(options) as store:
        item = store.change(options.workflow, archived=not options.undo)
    away = "is put away: lists leave it out, and its versions can still be used"
    return _done(options, item, f"{escape(item.name)} {away if item.archived else 'is back'}")


def _done(options: argparse.Namespace, item: WorkflowItem, text: str) -> int:
    if options.json:
        print_json(workflow_item(item))
    else:
        say(text)
    return 0
