"""A workflow file in API format, and changes asked of it on the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from engine.folders import nearest
from engine.graph import as_object

Prompt = dict[str, Any]


class WorkflowError(ValueError):
    """A workflow file, or a change asked of it, makes no sense; the message says what to do."""


def read_workflow(path: Path) -> Prompt:
    """Read a workflow in API format: `{id: {"class_type": ..., "inputs": {...}}}`."""
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkflowError(f"{path}: cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WorkflowError(f"{path}: is not valid JSON: {error}") from error
    prompt = as_object(loaded)
    if prompt is not None and (wrapped := as_object(prompt.get("prompt"))) is not None:
        prompt = wrapped
    if prompt is not None and "nodes" in prompt and "links" in prompt:
        raise WorkflowError(
            f"{path}: is a canvas workflow. Export it in API format ('Save (API Format)') and run that."
        )
    if prompt is None or not all(isinstance(node, dict) for node in prompt.values()):
        raise WorkflowError(f"{path}: a workflow is an object of nodes, {{id: {{class_type, inputs}}}}")
    return dict(prompt)


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
