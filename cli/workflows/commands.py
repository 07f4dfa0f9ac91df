"""`main.py workflows COMMAND`: the table of commands; only the module of the one asked for is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from rich.console import Console

from cli.options import add_compute, add_database, add_folders
from cli.workflows.place import add_place
from cli.workflows.telling import complain, known_errors

Adder = Callable[[argparse.ArgumentParser], None]
STORE: tuple[Adder, ...] = (add_place,)
FILES: tuple[Adder, ...] = (add_database, add_folders)
COMPUTING: tuple[Adder, ...] = (*FILES, add_compute)


class Command(NamedTuple):
    """One row: `module` has `arguments(parser)`, which adds the options it has beside `common` ones."""

    module: str
    function: str
    help: str
    common: tuple[Adder, ...] = STORE


COMMANDS = {
    "list": Command("listing", "list_workflows", "what workflows there are"),
    "log": Command("log", "log", "the history of a workflow"),
    "show": Command("show", "show", "what a version is: message, inputs and outputs, nodes"),
    "diff": Command("diff", "diff", "what differs between two versions or files"),
    "commit": Command("commit", "commit", "save a file as the next version"),
    "merge": Command("merge", "merge", "merge a branch or version into a branch"),
    "branch": Command("refs", "branch", "list, make, move or delete branches"),
    "tag": Command("refs", "tag", "list, set or delete tags, which are names for versions"),
    "release": Command("release", "release", "give a version a number that never moves"),
    "label": Command("about", "label", "words to find a workflow by"),
    "rename": Command("about", "rename", "give a workflow another name; the old one still leads to it"),
    "archive": Command("about", "archive", "put a workflow away, or get it back; nothing is deleted"),
    "run": Command("run", "run", "call a workflow as a function: its inputs are options", ()),
    "sweep": Command("sweep", "sweep", "run a workflow over many inputs: a grid picture, a table", COMPUTING),
    "client": Command("client", "client", "a typed Python module that calls a workflow", FILES),
    "replay": Command("replay", "replay", "run again what made a picture, and compare", COMPUTING),
    "lock": Command("lock", "lock_command", "write down the models and packs a workflow needs", FILES),
    "export": Command("export", "export", "write a version as a file for ComfyUI", FILES),
    "import": Command(
        "importing", "import_files", "take in files and folders of ComfyUI's JSON and pictures"
    ),
    "format": Command("formatting", "format_files", "write workflow files line by line, for git", ()),
    "merge-driver": Command("git", "merge_driver", "merge workflow files for git"),
    "textconv": Command("git", "textconv", "a workflow file as text that git can compare"),
    "verify": Command("verify", "verify", "read everything back and check every hash"),
}


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser, with the options of the command that `argv` begins with, or of all if it is empty."""
    top = argparse.ArgumentParser(
        prog="main.py workflows",
        description="Workflows with their whole history. A version is written NAME@REF, where REF is a"
        " release (1.2.0, 1.2, latest), a branch, a tag, a number (#41) or the beginning of an id; without"
        " @REF it is the newest on main. `main.py workflows COMMAND --help` lists a command's options.",
    )
    commands = top.add_subparsers(dest="action", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        made = commands.add_parser(name, help=command.help, description=_sentence(command.help))
        if not argv or argv[0] == name:
            module = import_module(f"cli.workflows.{command.module}")
            for add in command.common:
                add(made)
            arguments: Callable[..., None] = getattr(
                module, f"{name.replace('-', '_')}_arguments", module.arguments
            )
            arguments(made)
    return top


def parse_workflows(argv: Sequence[str]) -> argparse.Namespace:
    """Read the words after `workflows`. Exits with a usage message on a mistake."""
    if argv[:1] == ["run"]:  # its options are the inputs of the workflow it names
        from cli.workflows.run import parse_run

        options = parse_run(argv[1:])
    else:
        options = parser(argv).parse_args(argv)
    options.command = "workflows"
    return options


def workflows(options: argparse.Namespace) -> int:
    """Carry out a command. Returns its exit status: 0, 1 if it failed or found what it was to look for."""
    command = COMMANDS[options.action]
    function: Callable[..., int] = getattr(import_module(f"cli.workflows.{command.module}"), command.function)
    try:
        return function(options)
    except known_errors() as error:
        return complain(Console(stderr=True), error)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
