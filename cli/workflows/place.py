"""Where the workflows are, from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.options import add_database
from cli.setup import folders_of
from engine.folders import Folders
from workflows.store import Store
from workflows.store.errors import StoreError


def add_place(command: argparse.ArgumentParser) -> None:
    """The options that say which store is meant, for commands that need no other folders."""
    add_database(command)
    group = command.add_argument_group("folders")
    group.add_argument("--base-directory", type=Path, metavar="DIR", help="root of models, input and user")
    group.add_argument("--user-directory", type=Path, metavar="DIR", help="where the workflows are kept")
    command.set_defaults(
        output_directory=None,
        input_directory=None,
        temp_directory=None,
        extra_model_paths_config=[],
        disable_all_custom_nodes=False,
        whitelist_custom_nodes=[],
    )


def store_of(options: argparse.Namespace, folders: Folders) -> str | Path:
    """Where the workflows are kept: `--workflows-database`, else a file among the user's."""
    given = str(options.workflows_database)
    if not given:
        return folders.user / ".darkroom" / "workflows.sqlite"
    return given if "://" in given else Path(given)


@contextmanager
def opened(options: argparse.Namespace) -> Generator[Store]:
    """The store, with the shipped workflows in it. Raises StoreError."""
    store = Store.open(store_of(options, folders_of(options)))
    try:
        from workflows.library.install import install

        with suppress(StoreError):  # what is there can be read, even if nothing can be added
            install(store)
        yield store
    finally:
        store.close()
