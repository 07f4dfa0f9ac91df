"""`main.py workflows list`: what workflows there are."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.workflows.place import opened
from cli.workflows.telling import ago, print_json, say
from server.workflows.answers import workflow_item
from workflows.store.records import Page, WorkflowItem

_WIDE = 400
"""Columns of a table that goes into a file or another program: it is never cut."""

_KEPT_WHOLE = 4
"""Columns whose words are not broken over lines."""


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("words", nargs="*", metavar="WORD", help="only those with all these words in name, text or labels")
    add("--search", default="", metavar="WORDS", help="the same, as one argument")
    add("--label", metavar="LABEL", help="only those with this label")
    add("--archived", action="store_true", help="those that were put away instead of the others")
    add("--published", action="store_true", help="only those with a release")
    add("-n", "--limit", type=int, default=100, metavar="N", help="how many at most (%(default)s)")
    add("--all", action="store_true", help="however many there are")
    add("--json", action="store_true", help="print what the API answers")


def list_workflows(options: argparse.Namespace) -> int:
    """Print a table of the workflows, those saved last first."""
    with opened(options) as store:
        found = store.workflows(
            search=" ".join([*options.words, options.search]),
            label=options.label,
            archived=options.archived,
            published=options.published or None,
            limit=sys.maxsize if options.all else options.limit,
        )
    if options.json:
        print_json({"workflows": [workflow_item(item) for item in found.items], "total": found.total})
        return 0
    _show(found, archived=options.archived)
    return 0


def _show(found: Page[WorkflowItem], *, archived: bool) -> None:
    if not found.items:
        say("There is no archived workflow." if archived else "There is no such workflow.")
        return
    table = Table("Name", "Release", "Versions", "Saved", "Labels", "Description", box=None, pad_edge=False)
    for column in table.columns[:_KEPT_WHOLE]:
        column.no_wrap = True
    for item in found.items:
        table.add_row(*_row(item))
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=_WIDE)).print(table)
    if found.more:
        say(f"{len(found.items)} of {found.total}; --all shows all")


def _row(item: WorkflowItem) -> tuple[str, ...]:
    release = item.latest.number if item.latest else ""
    branches = f", {item.branches_count} branches" if item.branches_count > 1 else ""
    return (
        f"[bold]{escape(item.name)}[/bold]",
        release,
        f"#{item.head.number}{branches}",
        ago(item.updated),
        escape(", ".join(item.labels)),
        escape(" ".join(item.description.split())),
    )
