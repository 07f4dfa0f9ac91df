"""`main.py workflows merge-driver` and `textconv`: what git calls for workflow files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cli.setup import folders_of
from cli.workflows.merging import add_decisions, conflict_lines, decisions_of, empty_like, merged
from cli.workflows.node_classes import definitions_of
from cli.workflows.telling import Refused
from workflows.document import DocumentError
from workflows.formats import FormatError
from workflows.transfer.files import document_in, in_form_of, read_json
from workflows.transfer.reading import document_of
from workflows.transfer.text import readable


def merge_driver_arguments(command: argparse.ArgumentParser) -> None:
    """Its options: `git config merge.darkroom.driver "… merge-driver %O %A %B %P"`."""
    add = command.add_argument
    add("base", type=Path, metavar="BASE", help="what both sides began with (%%O)")
    add("ours", type=Path, metavar="OURS", help="our side; the merge is written there (%%A)")
    add("theirs", type=Path, metavar="THEIRS", help="the other side (%%B)")
    add("path", nargs="?", default="", metavar="PATH", help="the name of the file, for messages (%%P)")
    add_decisions(command)


def textconv_arguments(command: argparse.ArgumentParser) -> None:
    """Its options: `git config diff.darkroom.textconv "… textconv"`."""
    command.add_argument("file", type=Path, metavar="FILE", help="a workflow file, or a picture of one")


arguments = textconv_arguments


def merge_driver(options: argparse.Namespace) -> int:
    """Merge into OURS. Returns 0, or 1 if there are conflicts: OURS then has all that is in none."""
    name = options.path or str(options.ours)
    try:
        ours, theirs = read_json(options.ours), read_json(options.theirs)
        mine, other = document_in(ours), document_in(theirs)
        base = document_in(read_json(options.base)) if _has_text(options.base) else empty_like(mine)
        definitions = definitions_of(options, folders_of(options))
        found = merged(base, mine, other, definitions, decisions_of(options), options.take)
        options.ours.write_text(in_form_of(found.document, ours), encoding="utf-8")
    except (DocumentError, FormatError) as error:
        raise Refused(f"{name} cannot be merged: {error}") from error
    except OSError as error:
        raise Refused(f"{name}: {error.strerror or error}") from error
    if found.clean:
        return 0
    told = "\n  ".join(conflict_lines(found.conflicts))
    count = len(found.conflicts)
    sys.stderr.write(
        f"{name}: {count} conflict{'' if count == 1 else 's'}, ours was kept for now:\n  {told}\n"
    )
    return 1


def textconv(options: argparse.Namespace) -> int:
    """Print the workflow as text; a file that holds none as it is, for git shows whatever was committed."""
    if not _has_text(options.file):
        return 0
    try:
        text = readable(document_of(options.file), definitions_of(options, folders_of(options)))
    except (DocumentError, FormatError):
        text = options.file.read_text(encoding="utf-8", errors="replace")
    sys.stdout.write(text)
    return 0


def _has_text(path: Path) -> bool:
    """Whether it is no empty file, which git gives for one that is not there."""
    try:
        return path.stat().st_size > 0
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
