"""`main.py workflows verify`: whether everything can be read back as it was saved."""

from __future__ import annotations

import argparse

from rich.console import Console

from cli.workflows.place import opened
from cli.workflows.telling import complain, print_json, say


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print what is wrong as JSON")


def verify(options: argparse.Namespace) -> int:
    """Read everything. Returns 1 if something is damaged."""
    with opened(options) as store:
        wrong = store.verify()
        total = store.workflows(limit=0).total + store.workflows(archived=True, limit=0).total
    if options.json:
        print_json({"workflows": total, "problems": wrong})
        return 1 if wrong else 0
    for line in wrong:
        complain(Console(stderr=True), line)
    if not wrong:
        say(f"All versions of {total} workflows are as they were saved.")
    return 1 if wrong else 0
