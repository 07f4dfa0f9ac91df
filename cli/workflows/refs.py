"""`main.py workflows branch` and `tag`: names for versions."""

from __future__ import annotations

import argparse
from contextlib import suppress

from rich.markup import escape

from cli.workflows.place import opened
from cli.workflows.sides import split_ref
from cli.workflows.telling import Refused, ago, print_json, say, short
from server.workflows.answers import workflow_record
from workflows.store import MAIN, NotFound, Store, VersionId


def branch_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add = command.add_argument
    add("workflow", metavar="NAME[@REF]", help="the workflow; @REF: where a branch begins or is moved to")
    add("branch", nargs="?", metavar="BRANCH", help="the branch to make or move; without it, all are listed")
    add("--move", action="store_true", help="let a branch that exists point to @REF")
    add("-d", "--delete", action="store_true", help="forget the branch; its versions stay")
    add("--json", action="store_true", help="print what the API answers")


def tag_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add = command.add_argument
    add("workflow", metavar="NAME[@REF]", help="the workflow; @REF: the version to tag, else that of main")
    add("tag", nargs="?", metavar="TAG", help="the tag to set; without it, all are listed")
    add("--move", action="store_true", help="set it even if another version has it")
    add("-d", "--delete", action="store_true", help="forget the tag")
    add("--json", action="store_true", help="print what the API answers")


arguments = branch_arguments


def branch(options: argparse.Namespace) -> int:
    """List, make, move or delete branches."""
    name, ref = split_ref(options.workflow)
    with opened(options) as store:
        if options.branch is None:
            return _list(store, name, options, tags=False)
        if options.delete:
            store.delete_branch(name, options.branch)
            say(f"Branch {escape(options.branch)} is gone; its versions are still in the log")
            return 0
        wanted, there = store.version(name, ref), _head(store, name, options.branch)
        if there is not None and not options.move:
            text = f"there is a branch {options.branch!r} already; --move lets it point to another version"
            raise Refused(text)
        made = store.set_branch(name, options.branch, wanted.id, expected=there)
    say(f"{escape(options.branch)} is at #{made.number} ({short(made.id)})")
    return 0


def tag(options: argparse.Namespace) -> int:
    """List, set or delete tags."""
    name, ref = split_ref(options.workflow)
    with opened(options) as store:
        if options.tag is None:
            return _list(store, name, options, tags=True)
        if options.delete:
            store.delete_tag(name, options.tag)
            say(f"Tag {escape(options.tag)} is gone")
            return 0
        wanted = store.version(name, ref)
        there = {one.name: one.version for one in store.workflow(name).tags}.get(options.tag)
        if there not in (None, wanted.id) and not options.move:
            raise Refused(f"another version has the tag {options.tag!r}; --move sets it all the same")
        made = store.set_tag(name, options.tag, wanted.id)
    say(f"{escape(options.tag)} is #{made.number} ({short(made.id)})")
    return 0


def _head(store: Store, name: str, branch: str) -> VersionId | None:
    heads = {one.name: one.version.id for one in store.workflow(name).branches}
    return heads.get(branch)


def _list(store: Store, name: str, options: argparse.Namespace, *, tags: bool) -> int:
    found = store.workflow(name)
    if options.json:
        record = workflow_record(found)
        print_json(record["tags"] if tags else record["branches"])
        return 0
    if tags:
        for one in found.tags:
            with suppress(NotFound):
                number = store.find(one.version).number
                say(f"[cyan]{escape(one.name)}[/cyan] #{number} ({short(one.version)})")
        if not found.tags:
            say("There are no tags.")
        return 0
    for one in found.branches:
        head = one.version
        style = "bold green" if one.name == MAIN else "green"
        title = escape(head.message.partition("\n")[0])
        where = f"#{head.number} ({short(head.id)}) {ago(head.created)}"
        say(f"[{style}]{escape(one.name)}[/{style}] {where}  {title}")
    return 0
