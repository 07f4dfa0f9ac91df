"""The packs this process is to load. Without any, nothing that packs need is imported."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.folders import Folders
from engine.registry import Registry
from server.packs.files import find_packs, pack_roots

if TYPE_CHECKING:
    from nodes.comfy.hosting import Packs


def paths_of(options: argparse.Namespace, folders: Folders) -> tuple[Path, ...]:
    """The packs the options allow, in the order they are loaded in."""
    return find_packs(
        pack_roots(folders),
        disabled=options.disable_all_custom_nodes,
        whitelist=options.whitelist_custom_nodes,
    )


def packs_of(
    options: argparse.Namespace, folders: Folders, builtin: Registry, resources: Mapping[type, object]
) -> Packs | None:
    """The packs, loaded; None if there are none."""
    paths = paths_of(options, folders)
    if not paths:
        return None
    from nodes.comfy.hosting import load_packs

    return load_packs(paths, pack_roots(folders), folders, builtin, resources, options)


def flags_of(options: argparse.Namespace) -> list[str]:
    """The words that have a worker load the same packs."""
    words = ["--disable-all-custom-nodes"] if options.disable_all_custom_nodes else []
    return words + [w for name in options.whitelist_custom_nodes for w in ("--whitelist-custom-nodes", name)]
