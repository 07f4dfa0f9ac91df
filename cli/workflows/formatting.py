"""`main.py workflows format`: workflow files in the one form that lines of text can be compared in."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from cli.workflows.telling import Refused, complain
from workflows.transfer.files import as_line_form


def arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="workflow files, or folders with .json files")
    add("--check", action="store_true", help="change nothing; exit status 1 if a file is not in this form")


def format_files(options: argparse.Namespace) -> int:
    """Write the files in place. Returns 1 if one cannot be read, or with --check is not as it should be."""
    errors, bad, changed = Console(stderr=True), 0, 0
    for path in _files(options.files):
        try:
            differs = _format(path, check=options.check)
        except (Refused, ValueError) as error:
            complain(errors, error)
            bad += 1
            continue
        if differs:
            changed += 1
            sys.stdout.write(f"{'would format' if options.check else 'formatted'} {path}\n")
    return 1 if bad or (options.check and changed) else 0


def _files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]


def _format(path: Path, *, check: bool) -> bool:
    """Whether it was, or is, to be changed. Raises Refused, FormatError, DocumentError."""
    try:
        before = path.read_bytes()
        after = as_line_form(path).encode()
        if before != after and not check:
            path.write_bytes(after)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
    return before != after
