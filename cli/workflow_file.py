"""A workflow file in any of the formats, and changes asked of it on the command line."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.folders import Folders, nearest
from engine.registry import Registry
from workflows.formats import Finding, FormatError, convert
from workflows.formats.definitions import remembered
from workflows.formats.embedded import read_file
from workflows.formats.partial import without_unknown

Prompt = dict[str, Any]
Info = Callable[[str], dict[str, Any] | None]
"""A class name to its entry of `/object_info`, None if it is not known."""


class WorkflowError(ValueError):
    """A workflow file, or a change asked of it, makes no sense; the message says what to do."""


@dataclass(frozen=True)
class WorkflowFile:
    """What a file holds: a prompt, which can be run as it is, or the canvas's workflow."""

    path: Path
    prompt: Prompt | None
    workflow: Mapping[str, Any] | None

    def prompt_with(
        self, changes: Sequence[str], registry: Registry, folders: Folders, released: Info = lambda name: None
    ) -> tuple[Prompt, Sequence[Finding]]:
        """The prompt to run, workflows in it still single nodes, and what was found on the way.

        `released` knows the classes of released workflows. Raises WorkflowError.
        """
        prompt, findings = self.prompt, ()
        if prompt is None:
            definitions = remembered(
                lambda name: (
                    spec.object_info(folders.list) if (spec := registry.get(name)) else released(name)
                )
            )
            try:
                found = convert(self.workflow, definitions)
            except FormatError as error:
                raise WorkflowError(f"{self.path}: {error}") from error
            prompt, findings = without_unknown(
                found, lambda name: (spec := registry.get(name)) is not None and spec.output_node
            )
        for change in changes:
            apply_change(prompt, change)
        return prompt, findings


def read_workflow(path: Path) -> WorkflowFile:
    """Read an API prompt, a canvas workflow, or a picture or other file that holds one."""
    try:
        found = read_file(path)
    except OSError as error:
        raise WorkflowError(f"{path}: cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise WorkflowError(str(error)) from error
    prompt = None if found.prompt is None else {key: _node(node) for key, node in found.prompt.items()}
    return WorkflowFile(path, prompt, found.workflow)


def _node(node: Any) -> Any:
    """A node without what a run noted in it: its fingerprint then says nothing about now."""
    return {key: value for key, value in node.items() if key != "is_changed"}


def apply_change(prompt: Prompt, change: str) -> None:
    """Carry out one `NODE.INPUT=VALUE`. VALUE is JSON where it is valid JSON, else text."""
    target, equals, text = change.partition("=")
    name, dot, field = target.rpartition(".")
    if not (equals and dot and name and field):
        raise WorkflowError(f"--set {change!r}: write NODE.INPUT=VALUE, for example sampler.seed=7")
    inputs = cast(dict[str, Any], find_node(prompt, name).setdefault("inputs", {}))
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError:
        value = text
    inputs[field] = {"__value__": value} if isinstance(value, list) else value


def find_node(prompt: Prompt, name: str) -> Prompt:
    """The node with that id; else the only one with that title or class name."""
    if name in prompt:
        return prompt[name]
    matches = [node for node in prompt.values() if name in (title_of(node), node.get("class_type"))]
    if len(matches) == 1:
        return matches[0]
    ids = ", ".join(f"{node_id} ({node.get('class_type')})" for node_id, node in prompt.items())
    if matches:
        raise WorkflowError(f"--set: {len(matches)} nodes are called {name!r}; use an id: {ids}")
    near = nearest(name, [*prompt, *(title_of(node) for node in prompt.values())])
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise WorkflowError(f"--set: there is no node {name!r}.{hint} Nodes: {ids}")


def title_of(node: Mapping[str, Any]) -> str:
    return str(node.get("_meta", {}).get("title", ""))
