"""`main.py workflows commit`: a file as the next version of a workflow."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.markup import escape

from cli.workflows.author import add_author, author_of
from cli.workflows.place import opened
from cli.workflows.telling import Refused, named, print_json, say
from server.workflows.answers import version_item
from workflows.store import MAIN, BranchConflict, Commit, NotFound, Store, VersionId
from workflows.transfer import document_of
from workflows.transfer.pictures import PICTURES, thumbnail_of


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workflow", metavar="NAME", help="the workflow, which is made if there is none of this name")
    add(
        "file", type=Path, metavar="FILE", help="a workflow (the canvas's or API format), or a picture of one"
    )
    add("-m", "--message", default="", metavar="TEXT", help="what changed, and why")
    add("--branch", default=MAIN, metavar="BRANCH", help="a new one begins at main (default: %(default)s)")
    add("--parent", metavar="REF", help="what the file was made from; if the branch has moved on since, the "
        "version is kept on a branch of its own")  # fmt: skip
    add("--json", action="store_true", help="print the version as the API does")
    add_author(command)


def commit(options: argparse.Namespace) -> int:
    """Save the file."""
    document = document_of(options.file)
    picture = thumbnail_of(options.file) if options.file.suffix.lower() in PICTURES else None
    author, message = author_of(options), options.message
    name, branch = options.workflow, options.branch
    with opened(options) as store:
        try:
            parent = _parent(store, options)
        except NotFound as error:
            if error.what != "workflow" or options.parent or branch != MAIN:
                raise
            made = store.create(name, document, author=author, message=message, thumbnail=picture)
            return _done(options, Commit(made, MAIN, True), "Began")
        try:
            saved = store.commit(
                name,
                document,
                branch=branch,
                parent=parent,
                author=author,
                message=message,
                thumbnail=picture,
            )
        except BranchConflict as error:
            hint = f"main.py workflows merge {name} {branch} {error.branch}"
            raise Refused(f"{error}: {hint}") from error
    return _done(options, saved, "Saved")


def _parent(store: Store, options: argparse.Namespace) -> VersionId:
    """What the file was made from: as said, else the newest version of the branch, or of main."""
    if options.parent:
        return store.version(options.workflow, options.parent).id
    heads = {one.name: one.version.id for one in store.workflow(options.workflow).branches}
    return heads.get(options.branch, heads[MAIN])


def _done(options: argparse.Namespace, saved: Commit, verb: str) -> int:
    if options.json:
        print_json({"version": version_item(saved.version), "branch": saved.branch, "changed": saved.changed})
    elif not saved.changed:
        say(f"Nothing changed: {escape(saved.branch)} is at {escape(named(saved.version))} already")
    else:
        say(f"{verb} {escape(named(saved.version))} on {escape(saved.branch)}")
    return 0
