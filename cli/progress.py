"""A run in the terminal: a progress bar a node, what failed and why, and the files that were saved."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from cli.workflow_file import Prompt, title_of
from engine.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    NodeWarned,
    RunFinished,
)
from engine.problems import Problem


class RunView:
    """The run's events as progress bars, then the files it saved."""

    def __init__(
        self, prompt: Prompt, console: Console, errors: Console, place: Callable[[str], Path]
    ) -> None:
        self.prompt, self.console, self.errors, self.place = prompt, console, errors, place
        self.saved: list[Path] = []
        self.failed = False
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        match event:
            case NodeStarted():
                self._task(event.display_id)
            case NodeProgress():
                done, total = event.value, event.maximum
                self.bars.update(
                    self._task(event.display_id), completed=done, total=total, state=f"{done:g}/{total:g}"
                )
            case NodeFinished():
                self._finished(event)
            case NodeBlocked():
                self._complain(event.real_id, f"{event.class_type} is blocked: {event.message}")
            case NodeWarned():
                self._complain(event.real_id, event.message, colour="yellow")
            case NodeFailed():
                self.failed = True
                node = event.error.node_id if event.origin is None else event.origin.root
                self.bars.update(self._task(node), state="[red]failed[/red]")
                self._complain(node, event.error.message, event.error.suggestion)
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
            label = title_of(node) or str(node.get("class_type", node_id))
            self._tasks[node_id] = self.bars.add_task(label, total=None, state="")
        return self._tasks[node_id]

    def _finished(self, event: NodeFinished) -> None:
        self._remember(event.ui or {})
        if event.origin is not None:  # part of a node whose bar goes on
            return
        task = self._task(event.node_id)
        total = self.bars.tasks[task].total or 1
        state = "cached" if event.cached else f"{event.seconds:.2f} s"
        self.bars.update(task, completed=total, total=total, state=state)
        self.bars.stop_task(task)

    def _remember(self, ui: Mapping[str, list[Any]]) -> None:
        for image in ui.get("images", []):
            self.saved.append(self.place(image["type"]) / image["subfolder"] / image["filename"])

    def tell(self, problem: Problem) -> None:
        """A problem of the graph."""
        tell(self.errors, self.prompt, problem)

    def _complain(self, node: str, text: str, suggestion: str | None = None, *, colour: str = "red") -> None:
        _complain(self.errors, f"{_name(self.prompt, node)}: {text}", suggestion, colour)


def tell(errors: Console, prompt: Prompt, problem: Problem) -> None:
    """A problem of the graph: where it is, what is wrong, what would be right."""
    where = f"{_name(prompt, problem.node)}, input {problem.input}: " if problem.input else ""
    if problem.node is not None and not problem.input:
        where = f"{_name(prompt, problem.node)}: "
    details = f" ({problem.details})" if problem.details and problem.details != problem.input else ""
    _complain(errors, f"{where}{problem.message}{details}", problem.extra.get("suggestion"))


def _name(prompt: Prompt, node_id: str | None) -> str:
    node = prompt.get(node_id or "", {})
    return f"{title_of(node) or node.get('class_type')} (node {node_id}, {node.get('class_type')})"


def _complain(errors: Console, text: str, suggestion: object, colour: str = "red") -> None:
    errors.print(f"[{colour}]{escape(text)}[/{colour}]", highlight=False, soft_wrap=True)
    if suggestion and str(suggestion) not in text:
        shown = suggestion if isinstance(suggestion, str) else f"Did you mean {suggestion}?"
        errors.print(f"  {escape(shown)}", highlight=False, soft_wrap=True)
