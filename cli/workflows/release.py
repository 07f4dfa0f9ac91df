"""`main.py workflows release`: a number for a version that people can rely on."""

from __future__ import annotations

import argparse

from rich.markup import escape

from cli.workflows.author import add_author, author_of
from cli.workflows.place import opened
from cli.workflows.sides import split_ref
from cli.workflows.telling import Refused, day, print_json, say
from server.workflows.answers import release_check, release_item, workflow_record
from workflows.store import NeedsHigher, Store


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workflow", metavar="NAME[@REF]", help="what to release; without @REF the newest on main")
    add(
        "number",
        nargs="?",
        metavar="NUMBER",
        help="such as 1.2.0; or major, minor, patch: the next such number; default: the smallest that says"
        " what changed for those who call it",
    )
    add("--notes", default="", metavar="TEXT", help="what is new")
    add("--check", action="store_true", help="release nothing; say what number it would need, and why")
    add("--list", action="store_true", help="list the releases there are")
    add("--json", action="store_true", help="print what the API answers")
    add_author(command)


def release(options: argparse.Namespace) -> int:
    """Make, check or list releases."""
    name, ref = split_ref(options.workflow)
    with opened(options) as store:
        if options.list:
            return _list(store, name, options)
        if options.check:
            return _check(store, name, ref, options)
        try:
            made = store.release(name, ref, options.number, notes=options.notes, author=author_of(options))
        except NeedsHigher as error:
            reasons = "".join(f"\n  {reason}" for reason in error.reasons)
            hint = f"main.py workflows release {options.workflow} {error.smallest}"
            text = f"this needs a {error.level} release:{reasons}\nReleasing it as {error.smallest}: {hint}"
            raise Refused(text) from error
        version = store.find(made.version)
    if options.json:
        print_json(release_item(made))
    else:
        say(f"Released [bold]{escape(version.workflow)}@{made.number}[/bold], which is #{version.number}")
    return 0


def _check(store: Store, name: str, ref: str, options: argparse.Namespace) -> int:
    found = store.check_release(name, ref)
    if options.json:
        print_json(release_check(found))
        return 0
    since = f" after {found.previous}" if found.previous else ""
    say(f"[bold]{found.smallest}[/bold] or higher{since}: a {found.level} release")
    for reason in found.reasons:
        say(f"  {escape(reason)}")
    return 0


def _list(store: Store, name: str, options: argparse.Namespace) -> int:
    found = store.workflow(name)
    if options.json:
        print_json(workflow_record(found)["releases"])
        return 0
    for one in found.releases:
        notes = escape(one.notes.partition("\n")[0])
        say(f"[magenta]{one.number}[/magenta] {day(one.created)} {escape(one.author)}  {notes}")
    if not found.releases:
        say("There are no releases.")
    return 0
