"""How commands speak: errors in red, JSON for programs, times and versions in few words."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

from rich.console import Console
from rich.markup import escape

from workflows.store.records import Version

_STEPS = ((60, "s"), (3600, "min"), (86400, "h"), (14 * 86400, "d"))


class Refused(Exception):
    """A command that cannot be carried out; the text says why and what to do."""


def known_errors() -> tuple[type[Exception], ...]:
    """What commands raise to be told to a person, without a traceback."""
    from cli.workflow_file import WorkflowError
    from workflows.document import DocumentError
    from workflows.formats import FormatError
    from workflows.functions import ExpansionError, FunctionError
    from workflows.store.errors import StoreError

    return (Refused, StoreError, WorkflowError, DocumentError, FormatError, FunctionError, ExpansionError)


def complain(errors: Console, error: object) -> int:
    """Print why it cannot be done. Returns the exit status."""
    errors.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
    return 1


def warn(text: str) -> None:
    """Print what is amiss, though all went on."""
    Console(stderr=True).print(f"[yellow]{escape(text)}[/yellow]", highlight=False, soft_wrap=True)


def say(markup: str = "") -> None:
    """Print a line of rich's markup as it is, however long."""
    Console(soft_wrap=True, highlight=False).print(markup)


def print_json(value: object) -> None:
    """Print a value for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def ago(created: float) -> str:
    """How long ago that was, or the day if it is long ago."""
    seconds = max(time.time() - created, 0)
    for (limit, unit), size in zip(_STEPS, (1, 60, 3600, 86400), strict=True):
        if seconds < limit:
            return f"{int(seconds // size)} {unit} ago"
    return day(created)


def day(created: float) -> str:
    """The day, as in 2026-03-01."""
    return datetime.fromtimestamp(created).astimezone().strftime("%Y-%m-%d")


def moment(created: float) -> str:
    """Day and time, to the second."""
    return datetime.fromtimestamp(created).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def short(version: str) -> str:
    """The beginning of an id, which nearly always says which one is meant."""
    return version[:10]


def named(version: Version) -> str:
    """A version as `portrait #3 (1f2e3d4c5b)`."""
    return f"{version.workflow} #{version.number} ({short(version.id)})"
