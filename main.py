"""Darkroom's command line. `serve` is the default; every command lives in `cli/` or the package it starts."""

import gc
import sys
from collections.abc import Callable
from importlib import import_module

from cli.arguments import parse
from cli.safety import PolicyError
from server.files.model_paths import ModelPathsError

# The server must start without torch, so each command imports its own module only.
COMMANDS = {
    "serve": ("cli.serve", "serve"),
    "run": ("cli.run", "run"),
    "workflows": ("cli.workflows.commands", "workflows"),
    "nodes": ("cli.listing", "nodes"),
    "models": ("cli.listing", "models"),
    "worker": ("cli.worker", "work"),
}


LONG_RUNNING = ("serve", "worker")
"""Commands that import more before they begin, and then look for garbage in their own way."""


def main() -> int:
    """Carry out one command; returns the exit status."""
    options = parse(sys.argv[1:])
    module, function = COMMANDS[options.command]
    command: Callable[..., int] = getattr(import_module(module), function)
    if options.command not in LONG_RUNNING:
        gc.enable()
    try:
        return command(options)
    except (ModelPathsError, PolicyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    gc.disable()  # importing makes hardly any garbage, and looking for it takes a tenth of a start
    sys.exit(main())
