"""`main.py workflows diff`: what differs, in nodes, links and values."""

from __future__ import annotations

import argparse
import os
import sys

from cli.setup import folders_of
from cli.workflows.node_classes import definitions_of
from cli.workflows.place import opened
from cli.workflows.sides import Side, side_of
from cli.workflows.telling import Refused, named, print_json
from workflows.diff import diff as difference
from workflows.store import Store


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("before", metavar="A", help="NAME@REF, or a workflow file or picture")
    add(
        "after", nargs="?", metavar="B", help="the same; without it, A is compared with what it was made from"
    )
    add("--json", action="store_true", help="print the changes as the API does")
    add("--exit-code", action="store_true", help="exit status 1 if they differ in more than layout")
    add("--colour", "--color", choices=("auto", "always", "never"), default="auto", help="(%(default)s)")


def diff(options: argparse.Namespace) -> int:
    """Print the changes that lead from A to B."""
    with opened(options) as store:
        before, after = _sides(store, options)
        found = difference(
            before.document, after.document, definitions_of(options, folders_of(options), store)
        )
    if options.json:
        changes = found.to_json()
        print_json({"meaningful": found.meaningful, "changes": changes, "graphs": found.graphs})
    elif not found.changes:
        sys.stdout.write(f"{before.title} and {after.title} are the same\n")
    else:
        sys.stdout.write(found.text(colour=_coloured(options.colour)))
    return 1 if options.exit_code and found.meaningful else 0


def _sides(store: Store, options: argparse.Namespace) -> tuple[Side, Side]:
    one = side_of(store, options.before)
    if options.after is not None:
        return one, side_of(store, options.after)
    if one.version is None:
        raise Refused(f"{options.before} is a file: name a second file or version to compare it with")
    if not one.version.parents:
        raise Refused(f"{named(one.version)} is where its history begins: there is nothing before it")
    parent = store.find(one.version.parents[0])
    return Side(f"{parent.workflow} #{parent.number}", store.document(parent.id), parent), one


def _coloured(wanted: str) -> bool:
    if wanted == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return wanted == "always"
