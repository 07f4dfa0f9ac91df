"""Who saves a version from the command line."""

from __future__ import annotations

import argparse
import getpass


def add_author(command: argparse.ArgumentParser) -> None:
    """The option that says who it is by."""
    command.add_argument("--author", metavar="NAME", help="who it is by; default: you, by your login name")


def author_of(options: argparse.Namespace) -> str:
    """The author given, or the user this runs as."""
    given: str | None = options.author
    if given:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no name for its user
        return "unknown"
