"""`main.py workflows merge`: the changes of two versions in one."""

from __future__ import annotations

import argparse
import sys

from rich.markup import escape

from cli.setup import folders_of
from cli.workflows.author import add_author, author_of
from cli.workflows.merging import add_decisions, conflict_lines, decisions_of, empty_like, merged, summary
from cli.workflows.node_classes import definitions_of
from cli.workflows.place import opened
from cli.workflows.telling import Refused, named, print_json, say
from server.workflows.answers import version_item
from workflows.diff import diff
from workflows.merge import Conflict
from workflows.store import MAIN, Store, Version


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workflow", metavar="NAME")
    add("ours", metavar="OURS", help="the branch to merge into")
    add("theirs", metavar="THEIRS", help="the branch, tag, release, number or id to merge")
    add_decisions(command)
    add("-m", "--message", metavar="TEXT", help="why; default: what was merged into what")
    add(
        "--branch", metavar="BRANCH", help="the branch the result goes to, if OURS is a version and no branch"
    )
    add("--dry-run", action="store_true", help="say what the merge would change, and save nothing")
    add("--json", action="store_true", help="print conflicts and version as JSON")
    add_author(command)


def merge(options: argparse.Namespace) -> int:
    """Merge and commit. Returns 1 if conflicts are left; nothing is saved then."""
    with opened(options) as store:
        name = options.workflow
        ours, theirs = store.version(name, options.ours), store.version(name, options.theirs)
        branch = _branch(store, ours, options)
        base = store.base(ours.id, theirs.id)
        if base == theirs.id:
            return _done(options, ours, f"{escape(options.ours)} already has all of {named(theirs)}")
        if base == ours.id and not options.dry_run:
            made = store.set_branch(name, branch, theirs.id, expected=ours.id)
            return _done(
                options,
                made,
                f"{escape(branch)} moved on to {escape(named(made))}: it had no changes of its own",
            )
        mine, other = store.document(ours.id), store.document(theirs.id)
        beginning = empty_like(mine) if base is None else store.document(base)
        definitions = definitions_of(options, folders_of(options), store)
        found = merged(beginning, mine, other, definitions, decisions_of(options), options.take)
        if not found.clean:
            return _unsettled(options, found.conflicts)
        changes = diff(mine, found.document, definitions)
        if options.dry_run:
            sys.stdout.write(changes.text())
            return 0
        message = options.message
        if message is None:
            message = f"Merge {_called(options.theirs, theirs)} into {branch}"
        saved = store.commit(
            name,
            found.document,
            branch=branch,
            parent=ours.id,
            merged=theirs.id,
            author=author_of(options),
            message=message,
            thumbnail=store.thumbnail(ours.id),
        )
    text = (
        f"Merged {escape(named(theirs))} into {escape(branch)} as #{saved.version.number}: {summary(changes)}"
    )
    return _done(options, saved.version, text)


def _branch(store: Store, ours: Version, options: argparse.Namespace) -> str:
    """Where the result goes. Raises Refused."""
    branches = {one.name for one in store.workflow(options.workflow).branches}
    wanted: str = options.branch or options.ours
    if wanted in branches or options.branch:
        if wanted in branches and wanted not in ours.branches:
            text = f"{wanted!r} has moved on since {named(ours)}: merge into the branch itself"
            raise Refused(text)
        return wanted
    known = " or ".join(sorted(branches - {MAIN})[:5] or [MAIN])
    raise Refused(f"{options.ours!r} is no branch: name one to merge into, such as {known}, or give --branch")


def _called(asked: str, version: Version) -> str:
    return f"#{version.number}" if asked.startswith(version.id[:6]) or asked.startswith("#") else asked


def _done(options: argparse.Namespace, version: Version, text: str) -> int:
    if options.json:
        print_json({"clean": True, "conflicts": [], "version": version_item(version)})
    else:
        say(text)
    return 0


def _unsettled(options: argparse.Namespace, left: tuple[Conflict, ...]) -> int:
    if options.json:
        print_json({"clean": False, "conflicts": [one.to_json() for one in left], "version": None})
        return 1
    for line in conflict_lines(left):
        say(escape(line))
    count = f"{len(left)} conflict{'' if len(left) == 1 else 's'}"
    say(f"[red]{count}: nothing was saved.[/red] Settle each with --resolve ID=ours, ID=theirs or ID=VALUE,")
    say("or all of them with --take ours or --take theirs.")
    return 1
