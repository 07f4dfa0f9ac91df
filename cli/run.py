"""`main.py run`: a workflow without a server, with a progress bar a node and the paths of what it saved."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.setup import folders_of, run_options_of
from engine.context import JobExtra
from engine.events import Event, NodeError, NodeFailed, NodeFinished, NodeProgress, NodeStarted, RunFinished
from engine.folders import nearest

Prompt = dict[str, Any]


class WorkflowError(ValueError):
    """A workflow file, or a change asked of it, makes no sense; the message says what to do."""


def run(options: argparse.Namespace) -> int:
    """Run the file. Returns the exit status: 0 when every output was made, 1 when something failed."""
    errors = Console(stderr=True)
    try:
        prompt = read_workflow(options.file)
        for change in options.changes:
            apply_change(prompt, change)
    except WorkflowError as error:
        errors.print(f"[red]{error}[/red]", highlight=False)
        return 1
    return execute(prompt, options, Console(), errors)


def read_workflow(path: Path) -> Prompt:
    """Read a workflow in API format: `{id: {"class_type": ..., "inputs": {...}}}`."""
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkflowError(f"{path}: cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WorkflowError(f"{path}: is not valid JSON: {error}") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("prompt"), dict):
        loaded = loaded["prompt"]
    if isinstance(loaded, dict) and "nodes" in loaded and "links" in loaded:
        raise WorkflowError(
            f"{path}: is a canvas workflow. Export it in API format ('Save (API Format)') and run that."
        )
    if not isinstance(loaded, dict) or not all(isinstance(node, dict) for node in loaded.values()):
        raise WorkflowError(f"{path}: a workflow is an object of nodes, {{id: {{class_type, inputs}}}}")
    return cast(Prompt, loaded)


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
    matches = [node for node in prompt.values() if name in (_title(node), node.get("class_type"))]
    if len(matches) == 1:
        return matches[0]
    ids = ", ".join(f"{node_id} ({node.get('class_type')})" for node_id, node in prompt.items())
    if matches:
        raise WorkflowError(f"--set: {len(matches)} nodes are called {name!r}; use an id: {ids}")
    near = nearest(name, [*prompt, *(_title(node) for node in prompt.values())])
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise WorkflowError(f"--set: there is no node {name!r}.{hint} Nodes: {ids}")


def _title(node: Mapping[str, Any]) -> str:
    return str(node.get("_meta", {}).get("title", ""))


def execute(prompt: Prompt, options: argparse.Namespace, console: Console, errors: Console) -> int:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with console.status("Loading torch and the nodes ..."):
        from cli.host import local_host
    folders = folders_of(options)
    view = RunView(prompt, console, errors, folders.place)
    with view.bars:
        problems = local_host(options, folders).run(
            prompt, view.show, JobExtra(options=run_options_of(options))
        )
    for problem in problems:
        errors.print(f"[red]{problem}[/red]", highlight=False)
    view.summary()
    return 1 if problems or view.failed else 0


class RunView:
    """The run's events as progress bars, then the files it saved."""

    def __init__(self, prompt: Prompt, console: Console, errors: Console, place: Any) -> None:
        self.prompt, self.console, self.errors, self.place = prompt, console, errors, place
        self.saved: list[Path] = []
        self.failed = False
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        match event:
            case NodeStarted():
                self._task(event.node_id)
            case NodeProgress():
                done, total = event.value, event.maximum
                self.bars.update(
                    self._task(event.node_id), completed=done, total=total, state=f"{done:g}/{total:g}"
                )
            case NodeFinished():
                task = self._task(event.node_id)
                total = self.bars.tasks[task].total or 1
                self.bars.update(
                    task, completed=total, total=total, state="cached" if event.cached else "done"
                )
                self.bars.stop_task(task)
                self._remember(event.ui or {})
            case NodeFailed():
                self.failed = True
                self.bars.update(self._task(event.node_id), state="[red]failed[/red]")
                self._explain(event.error)
            case RunFinished():
                self.failed = self.failed or event.status != "success"
            case _:
                pass

    def summary(self) -> None:
        for path in self.saved:
            self.console.print(f"Saved [bold]{path}[/bold]", highlight=False, soft_wrap=True)

    def _task(self, node_id: str) -> TaskID:
        if node_id not in self._tasks:
            node = self.prompt.get(node_id, {})
            label = _title(node) or str(node.get("class_type", node_id))
            self._tasks[node_id] = self.bars.add_task(label, total=None, state="")
        return self._tasks[node_id]

    def _remember(self, ui: Mapping[str, list[Any]]) -> None:
        for image in ui.get("images", []):
            self.saved.append(self.place(image["type"]) / image["subfolder"] / image["filename"])

    def _explain(self, error: NodeError) -> None:
        label = _title(self.prompt.get(error.node_id, {})) or error.class_type
        self.errors.print(
            f"[red]{label} (node {error.node_id}, {error.class_type}): {error.message}[/red]", highlight=False
        )
        if error.suggestion:
            self.errors.print(f"  {error.suggestion}", highlight=False)
