"""`main.py run`: a workflow without a server."""

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from cli.plan_view import show_plan
from cli.progress import RunView, tell
from cli.setup import folders_of, run_options_of
from cli.workflow_file import Prompt, WorkflowError, WorkflowFile, read_workflow
from cli.workflow_nodes import WorkflowNodes
from cli.workflows.place import store_of
from cli.workflows.recording import Recording
from engine.context import JobExtra
from engine.events import Event
from engine.registry import Registry
from server.observe.trace import Trace, lanes_of
from workflows.formats import Finding
from workflows.functions import ExpansionError
from workflows.store.errors import StoreError


def run(options: argparse.Namespace) -> int:
    """Run the file. Returns the exit status: 0 when every output was made, 1 when something failed."""
    errors = Console(stderr=True)
    try:
        found = read_workflow(options.file)
        if found.prompt is not None:  # a mistake in a change need not wait for torch
            found.prompt_with(options.changes, Registry(), folders_of(options))
    except WorkflowError as error:
        return complain(errors, str(error))
    return execute(found, options, Console(), errors)


def execute(found: WorkflowFile, options: argparse.Namespace, console: Console, errors: Console) -> int:
    """Run a graph, showing each node's progress and then the paths of what was saved."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    folders = folders_of(options)
    with console.status("Loading torch and the nodes ..."):
        from cli.host import host_of, run_here

        host = host_of(options, folders)
    nodes = WorkflowNodes(store_of(options, folders), host.registry, host.folders)
    prompt: Prompt = {}
    try:
        prompt, findings = found.prompt_with(options.changes, host.registry, host.folders, nodes.info)
        for finding in findings:
            tell_finding(errors, finding)
        if any(finding.severity == "error" for finding in findings):
            return 1
        prompt = nodes.expanded(prompt)
    except (WorkflowError, StoreError) as error:
        return complain(errors, str(error))
    except ExpansionError as error:
        inner = {node: {"class_type": kind} for node, kind in error.classes.items()}
        for problem in error.problems:
            tell(errors, inner | prompt, problem)
        return 1
    finally:
        nodes.close()
    if options.dry_run:
        return show_plan(host, prompt, console, errors)
    view = RunView(prompt, console, errors, folders.place)
    # A picture should not claim to come from a workflow whose values were other ones.
    workflow = None if options.changes or found.workflow is None else {"workflow": found.workflow}
    recording = Recording()
    with view.bars:
        extra = JobExtra(options=run_options_of(options), extra_pnginfo=recording.pnginfo(workflow))
        events: list[Event] = []

        def show(event: Event) -> None:
            if options.trace is not None:
                events.append(event)
            view.show(event)
            recording.see(event)

        problems = run_here(host, prompt, extra, show)
    host.cache.close()
    for problem in problems:
        view.tell(problem)
    view.summary()
    if not options.no_record and (why := recording.write(store_of(options, folders), host, prompt)):
        warn(errors, f"the run is not on record: {why}")
    if options.trace is not None and not write_trace(options.trace, events, host.registry, errors):
        return 1
    return 1 if problems or view.failed else 0


def complain(errors: Console, text: str) -> int:
    """Print why nothing can be run. Returns the exit status."""
    errors.print(f"[red]{escape(text)}[/red]", highlight=False, soft_wrap=True)
    return 1


def warn(errors: Console, text: str) -> None:
    """Print what is amiss, though all went on."""
    errors.print(f"[yellow]{escape(text)}[/yellow]", highlight=False, soft_wrap=True)


def tell_finding(errors: Console, finding: Finding) -> None:
    """Print what is to be said of the file."""
    colour = "red" if finding.severity == "error" else "yellow"
    place = f"{finding.node} ({finding.class_type}): " if finding.node else ""
    errors.print(f"[{colour}]{escape(place + finding.message)}[/{colour}]", highlight=False, soft_wrap=True)


def write_trace(file: Path, events: Iterable[Event], registry: Registry, errors: Console) -> bool:
    """Write the run as a Chrome trace. Says whether that could be done, and if not why not."""
    try:
        file.write_text(json.dumps(Trace(lanes_of(registry)).to_json(events)), encoding="utf-8")
    except OSError as error:
        text = f"{file}: the trace cannot be written: {error.strerror}"
        errors.print(f"[red]{escape(text)}[/red]", highlight=False, soft_wrap=True)
        return False
    return True
