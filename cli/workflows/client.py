"""`main.py workflows client NAME[@VERSION]`: a typed Python module that calls a workflow on a server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.markup import escape

from cli.workflows.calling import Caller
from cli.workflows.telling import Refused, say
from workflows.clients import python_client


def arguments(command: argparse.ArgumentParser) -> None:
    """The options."""
    add = command.add_argument
    add("workflow", metavar="NAME[@VERSION]", help="without @VERSION the newest release, else main")
    add("-o", "--output", type=Path, metavar="FILE.py", help="where to write it; default: standard output")


def client(options: argparse.Namespace) -> int:
    """Write the module."""
    caller = Caller(options, options.workflow)
    try:
        called = caller.called
        version = called.version
        # The module goes on calling this very version, released or not.
        reference = called.release or version.id
        text = python_client(called.function, name=version.workflow, reference=reference)
    finally:
        caller.close()
    if options.output is None:
        sys.stdout.write(text)
        return 0
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{options.output}: cannot be written: {error.strerror}") from error
    say(f"[bold]{escape(str(options.output))}[/bold] calls {escape(caller.name)}")
    return 0
