"""`main.py workflows log`: the history of a workflow, newest first."""

from __future__ import annotations

import argparse

from rich.markup import escape

from cli.workflows.history_graph import HistoryGraph
from cli.workflows.place import opened
from cli.workflows.sides import split_ref
from cli.workflows.telling import ago, moment, print_json, say, short
from server.workflows.answers import version_item
from workflows.store.records import Version


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workflow", metavar="NAME[@REF]", help="all versions; with @REF those that led to it, and it")
    add("-n", "--limit", type=int, default=30, metavar="N", help="how many at most (%(default)s)")
    add("--before", type=int, metavar="NUMBER", help="only versions with a smaller number")
    add("--oneline", action="store_true", help="a line each")
    add("--json", action="store_true", help="print what the API answers")


def log(options: argparse.Namespace) -> int:
    """Print the versions with who saved them when, why, and the names they have."""
    name, ref = split_ref(options.workflow)
    with opened(options) as store:
        found = store.log(name, ref=ref or None, before=options.before, limit=max(options.limit, 1))
    if options.json:
        print_json({"versions": [version_item(version) for version in found.items], "more": found.more})
        return 0
    graph = HistoryGraph()
    for version in found.items:
        _show(version, graph, oneline=options.oneline)
    if found.more:
        last = found.items[-1].number
        say(f"[dim]{found.total} versions in all; more with --before {last}[/dim]")
    return 0


def _show(version: Version, graph: HistoryGraph, *, oneline: bool) -> None:
    node, *connections = graph.add(version.id, version.parents)
    title, *rest = version.message.splitlines() or [""]
    first = f"[yellow]#{version.number} {short(version.id)}[/yellow]{_names(version)}"
    if oneline:
        say(f"{node} {first} {escape(title)}")
    else:
        below = graph.below.ljust(len(node))
        about = f"{escape(version.author)}, {ago(version.created)} ({moment(version.created)})"
        say(f"{node} {first}")
        say(f"{connections[0] if connections else below} [dim]{about}[/dim]")
        for line in [title, *rest] if version.message else ():
            say(f"{below}     {escape(line)}")
        say(graph.below)
    for line in connections[0 if oneline else 1 :]:
        say(line)


def _names(version: Version) -> str:
    """Its releases, branches and tags, as git shows names."""
    names = [
        *(f"[bold magenta]{number}[/bold magenta]" for number in version.releases),
        *(f"[bold green]{escape(branch)}[/bold green]" for branch in version.branches),
        *(f"[bold cyan]tag {escape(tag)}[/bold cyan]" for tag in version.tags),
    ]
    return f" ({', '.join(names)})" if names else ""
