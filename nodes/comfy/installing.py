"""Making ComfyUI's module names importable. The one place that changes `sys.modules` and `sys.path`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from diffusion.placement import Placement
from diffusion.precision import Precision
from engine.context import Context
from engine.folders import Folders
from engine.registry import Registry
from nodes.comfy.builtin import v1_class
from nodes.comfy.names import extras, helpers, small, utils
from nodes.comfy.names.clip_vision import clip_vision
from nodes.comfy.names.folder_paths import FolderPaths
from nodes.comfy.names.model_management import ModelManagement
from nodes.comfy.names.server import PromptServer, attributes
from nodes.comfy.names.settings import cli_args

MAX_RESOLUTION = 16384
_ADDED = "__added_for_packs__"
_OURS = ("comfy", "comfy_extras", "comfy_api", "comfy_execution")


@dataclass(frozen=True)
class Installed:
    """The parts of what packs import that we go on using."""

    folder_paths: FolderPaths
    node_classes: dict[str, Any]
    titles: dict[str, Any]
    web_folders: dict[str, str]
    module_folders: dict[str, str]


def install(
    folders: Folders,
    pack_folders: Iterable[Path],
    registry: Registry,
    server: PromptServer,
    resources: Mapping[type, object],
    options: argparse.Namespace,
) -> Installed:
    """Put the modules into `sys.modules`, and what packs look for on our own `nodes` and `server` there.

    Built once in a process, before packs are imported.
    """
    paths = FolderPaths(folders, pack_folders)
    live = paths.live(folders)
    outside = Context(folders=live, resources=resources)
    placement = resources[Placement]
    precision = resources[Precision]
    assert isinstance(placement, Placement) and isinstance(precision, Precision)
    modules = {
        "comfy": small.package("comfy", "ComfyUI's library, as far as packs find it here."),
        "comfy_extras": small.package("comfy_extras", "ComfyUI's further nodes."),
        "comfy.utils": utils,
        "comfy.model_management": ModelManagement(placement, precision),
        "comfy.samplers": small.samplers(),
        "comfy.cli_args": cli_args(options),
        "comfy.clip_vision": clip_vision(placement, precision),
        "node_helpers": helpers,
        "folder_paths": paths,
        "execution": small.execution(registry, live),
    }
    _merge(modules, _further())
    classes = {spec.name: v1_class(spec, outside) for spec in registry if spec.function is not None}
    _put({**modules, **extras.modules(classes)})
    titles = {spec.name: spec.title for spec in registry}
    installed = Installed(paths, classes, titles, {}, {})
    _extend("nodes", {**classes, **_node_names(installed), **_further_nodes()})
    _extend("server", attributes(server))
    sys.meta_path.append(_Missing())
    return installed


def _further() -> Mapping[str, ModuleType]:
    """The modules of schema nodes and of models."""
    from nodes.comfy.v3.names import modules

    return modules()


def _further_nodes() -> Mapping[str, Any]:
    from nodes.comfy.models.sampling import common_ksampler

    return {"common_ksampler": common_ksampler}


def _merge(modules: dict[str, ModuleType], further: Mapping[str, ModuleType]) -> None:
    """Add modules; one of a name that is there already takes its place, and what it lacks."""
    for name, module in further.items():
        before = vars(modules[name]) if name in modules else {}
        lacking = {k: v for k, v in before.items() if not k.startswith("__") and not hasattr(module, k)}
        vars(module).update(lacking)
        modules[name] = module


def _put(modules: Mapping[str, ModuleType]) -> None:
    sys.modules.update(modules)
    for name, module in modules.items():
        parent, _, last = name.rpartition(".")
        if parent in modules:
            setattr(modules[parent], last, module)


def _extend(name: str, members: Mapping[str, Any]) -> None:
    """Add names to one of our own packages; none of its own is replaced."""
    contents = vars(importlib.import_module(name))
    added: set[str] = contents.setdefault(_ADDED, set())
    fitting = {key: value for key, value in members.items() if key in added or key not in contents}
    contents.update(fitting)
    added.update(fitting)


def _node_names(installed: Installed) -> dict[str, Any]:
    return {
        "NODE_CLASS_MAPPINGS": installed.node_classes,
        "NODE_DISPLAY_NAME_MAPPINGS": installed.titles,
        "EXTENSION_WEB_DIRS": installed.web_folders,
        "LOADED_MODULE_DIRS": installed.module_folders,
        "MAX_RESOLUTION": MAX_RESOLUTION,
        "folder_paths": installed.folder_paths,
    }


class _Missing(MetaPathFinder):
    """Says of ComfyUI's modules that are not here why they are not."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        top, dot, _ = fullname.partition(".")
        if dot and top in _OURS:
            text = f"No module named {fullname!r}: Darkroom has no such part of ComfyUI"
            raise ModuleNotFoundError(text, name=fullname)
