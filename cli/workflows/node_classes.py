"""The node classes without torch: as a worker told them last, for as long as the code is the same."""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

from rich.console import Console

from cli.packs import paths_of
from cli.serve import CODE
from cli.setup import ROOT
from engine.folders import Folders
from engine.registry import Registry
from server.packs.files import pack_stamp
from server.specs import Specs, code_hash
from workflows.formats.definitions import Definitions, remembered
from workflows.functions.released import Classes, Released
from workflows.store import Store


def registry_of(options: argparse.Namespace, folders: Folders) -> Registry:
    """Every node class by its declaration. If nobody has told them since the code changed, the nodes are
    loaded once, which takes seconds, and remembered.
    """
    code = code_hash(ROOT / name for name in CODE) + pack_stamp(paths_of(options, folders))
    specs = Specs(_file(folders), code)
    if not specs.recall():
        with Console(stderr=True).status("Reading the nodes, which are new or changed ..."):
            from cli.listing import known_nodes

            registry, _, _ = known_nodes(options, folders)
            specs.update([spec.to_json() for spec in registry])
    return specs.registry


def definitions_of(options: argparse.Namespace, folders: Folders, store: Store | None = None) -> Definitions:
    """The node classes as documents are read, the released workflows of `store` among them."""
    registry = registry_of(options, folders)
    names = cache(folders.list)
    plain = remembered(lambda name: spec.object_info(names) if (spec := registry.get(name)) else None)
    return plain if store is None else Released(store).definitions(Classes(plain, registry))


def _file(folders: Folders) -> Path:
    return folders.user / ".darkroom" / "specs.json"
