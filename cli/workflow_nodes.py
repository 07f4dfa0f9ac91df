"""Released workflows as nodes on the command line: read from the store when a graph has any."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from engine.folders import Folders
from engine.grown import DISPLAY
from engine.registry import Registry
from workflows.formats.definitions import remembered
from workflows.functions import expand, has_workflows, is_workflow
from workflows.functions.released import Called, Classes, Released
from workflows.store import Store

Prompt = dict[str, Any]


class WorkflowNodes:
    """The functions of the store at `where`, for graphs of the nodes in `registry`; opened when first needed.

    Its methods raise StoreError.
    """

    def __init__(self, where: str | Path, registry: Registry, folders: Folders) -> None:
        self._where = where
        names = cache(folders.list)
        plain = remembered(lambda name: spec.object_info(names) if (spec := registry.get(name)) else None)
        self._classes = Classes(plain, registry)
        self._store: Store | None = None
        self._released: Released | None = None

    def info(self, class_type: str) -> dict[str, Any] | None:
        """What `/object_info` says of `workflow/NAME@1.2.0`; None for what is no released workflow."""
        return self._functions().info(class_type, self._classes) if is_workflow(class_type) else None

    def called(self, name: str, ref: str = "") -> Called:
        """The version that a call of NAME@REF means. Raises FunctionError if it is no function."""
        return self._functions().called(name, ref, self._classes)

    def expanded(self, prompt: Prompt) -> Prompt:
        """The prompt with workflows replaced by their nodes, each with a bar of its own.

        Raises ExpansionError.
        """
        if not has_workflows(prompt):
            return prompt
        functions = self._functions()
        made = expand(prompt, lambda name: functions.find(name, self._classes))
        return {
            name: {key: part for key, part in node.items() if key != DISPLAY} for name, node in made.items()
        }

    def close(self) -> None:
        """Close the store if it was opened."""
        if self._store is not None:
            self._store.close()
            self._store = self._released = None

    def _functions(self) -> Released:
        if self._released is None:
            self._store = Store.open(self._where)
            self._released = Released(self._store)
        return self._released
