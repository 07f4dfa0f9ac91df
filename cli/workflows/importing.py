"""`main.py workflows import`: files and folders of ComfyUI's workflows and pictures."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cli.workflows.author import add_author, author_of
from cli.workflows.place import opened
from cli.workflows.telling import complain, print_json, say
from workflows.transfer.importing import Plan, Read, plan, read_files
from workflows.transfer.saving import Saved, save

_LISTED = 20
_STAGES = ("Reading", "Pictures")


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders with all that is in them")
    add("--dry-run", action="store_true", help="say what would be saved, and save nothing")
    add("--json", action="store_true", help="print what was done as JSON")
    add("-v", "--verbose", action="store_true", help="list every file that was left out")
    add_author(command)


def import_files(options: argparse.Namespace) -> int:
    """Take them in, all at once. Returns 1 if a file could not be read; the others are saved all the same."""
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True) as bars, opened(options) as store:
        reading, drawing = (bars.add_task(name, total=None, visible=False) for name in _STAGES)

        def tell(task: TaskID, done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, visible=True)

        read = read_files(options.paths, partial(tell, reading))
        planned = plan(read.found)
        saved = save(store, planned, author_of(options), partial(tell, drawing), dry_run=options.dry_run)
    if options.json:
        print_json(_told(read, planned, saved))
    else:
        _show(options, read, planned, saved)
    for path, why in read.damaged:
        complain(errors, f"{path}: {why}")
    return 1 if read.damaged else 0


def _show(options: argparse.Namespace, read: Read, planned: Plan, saved: Saved) -> None:
    listed = len(saved.kept) if options.verbose else _LISTED
    for one in saved.kept[:listed]:
        more = "" if one.versions == 1 else f", {one.versions} versions"
        say(f"[bold]{escape(one.name)}[/bold]{more if one.began else f': {one.versions} more'}")
    if len(saved.kept) > listed:
        say(f"… and {len(saved.kept) - listed} more workflows")
    alike = [(one.path, str(twin.path)) for one, twin in planned.twins]
    alike += [(one.path, f"{version.workflow} #{version.number}") for one, version in saved.known]
    if options.verbose:
        for path, same in alike:
            say(f"[dim]{escape(str(path))}: the same as {escape(same)}[/dim]")
        for path in read.others:
            say(f"[dim]{escape(str(path))}: holds no workflow[/dim]")
    began = sum(one.began for one in saved.kept)
    count = sum(one.versions for one in saved.kept)
    would = "Would import" if options.dry_run else "Imported"
    say(f"{would} {_many(began, 'new workflow')}, {_many(count, 'version')} in all")
    hint = "" if options.verbose or not (alike or read.others) else "; --verbose lists them"
    if alike or read.others:
        without = f", {len(read.others)} without a workflow" if read.others else ""
        say(f"Left out {_many(len(alike), 'file')} with what is there already{without}{hint}")


def _told(read: Read, planned: Plan, saved: Saved) -> dict[str, Any]:
    return {
        "workflows": [{"name": k.name, "new": k.began, "versions": k.versions} for k in saved.kept],
        "same": [
            *({"file": str(one.path), "as": str(twin.path)} for one, twin in planned.twins),
            *(
                {"file": str(one.path), "as": f"{version.workflow}#{version.number}"}
                for one, version in saved.known
            ),
        ],
        "without_workflow": [str(path) for path in read.others],
        "damaged": [{"file": str(path), "why": why} for path, why in read.damaged],
    }


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
