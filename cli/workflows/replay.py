"""`main.py workflows replay`: run again what made a picture, and compare."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.progress import RunView
from cli.setup import folders_of, run_options_of
from cli.workflows.place import store_of
from cli.workflows.recording import Recording
from cli.workflows.replay_files import Restored, restored
from cli.workflows.replay_report import Report, report_of
from cli.workflows.replay_source import CannotReplay, Source, source_of
from engine.context import JobExtra
from engine.folders import Folders
from engine.graph import as_object
from engine.journal import Journal
from server.worker.host import Host

IDENTICAL, DIFFERENT, CANNOT = 0, 1, 2
_POLICIES = {"float32": "float32", "bfloat16": "bf16", "float16": "fp16"}
"""The policy for a type of number; `auto` might choose another one here."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Its options, besides those for folders and computing, which are to be there already. The device and
    the precision are the run's own unless they are given.
    """
    add = command.add_argument
    add("run", metavar="RUN|PICTURE", help="the id of a run, or the beginning of it; or a picture it made")
    add(
        "--verify",
        action="store_true",
        help="compare with what the run made, and keep nothing; exit status 0: identical, 1: different, "
        "2: it cannot be run",
    )
    add("--json", action="store_true", help="print the comparison as JSON")
    command.set_defaults(precision=None)


def replay(options: argparse.Namespace) -> int:
    """Run it again, without any cache. Returns the exit status; see `arguments`."""
    console, errors = Console(stderr=options.json), Console(stderr=True)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    given = folders_of(options)
    usual = folders_of(argparse.Namespace(**{**vars(options), "output_directory": None}))
    try:
        source = source_of(options.run, store_of(options, given))
        _tell(console, source)
        with tempfile.TemporaryDirectory(prefix="darkroom-replay-") as work:
            keep = not options.verify or options.output_directory is not None
            output = given.output if keep else Path(work) / "output"
            output.mkdir(parents=True, exist_ok=True)
            files = () if source.record is None else source.record.files
            with console.status("Looking for its models ..."):
                there = restored(files, usual, output, Path(work))
            changed = (f"{one.what} is not what it was, and what it was is nowhere" for one in there.changed)
            for note in (*there.notes, *changed):
                console.print(f"[yellow]{escape(note)}[/yellow]", highlight=False, soft_wrap=True)
            if there.missing:
                raise CannotReplay("it cannot be run: " + "; ".join(there.missing))
            report = _again(options, source, there, [usual, given], console, errors)
    except CannotReplay as error:
        errors.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
        return CANNOT
    report.show(console)
    if options.json:
        Console(highlight=False, soft_wrap=True).print_json(json.dumps(report.to_json()))
    return IDENTICAL if report.identical or not options.verify else DIFFERENT


def _again(
    options: argparse.Namespace,
    source: Source,
    there: Restored,
    before: Sequence[Folders],
    console: Console,
    errors: Console,
) -> Report:
    """Run the graph and compare. Raises CannotReplay if it fails."""
    with console.status("Loading torch and the nodes ..."):
        from cli.host import host_of, run_here

        host = host_of(_as_it_was(options, source, console), there.folders)
    host = replace(host, journal=Journal())  # so that the next real run is compared with the last real one
    recording = Recording(source.origin)
    view = RunView(source.prompt, console, errors, host.folders.place)
    workflow = None if source.workflow is None else {"workflow": source.workflow}
    extra = JobExtra(extra_pnginfo=recording.pnginfo(workflow), options=run_options_of(options))
    targets = None if source.record is None else list(source.record.targets) or None

    def show(event: Any) -> None:
        view.show(event)
        recording.see(event)

    with view.bars:
        problems = run_here(host, source.prompt, extra, show, targets)
    for problem in problems:
        view.tell(problem)
    if problems or view.failed:
        raise CannotReplay("it cannot be run here as it was: see above")
    if not options.verify:
        view.summary()
        _record(recording, options, host, source, errors)
    return report_of(source, recording.outputs, there.changed, host, before)


def _as_it_was(options: argparse.Namespace, source: Source, console: Console) -> argparse.Namespace:
    """The options with the device, precision and threads of the run, where they are not given, and without
    caches.
    """
    import torch

    recorded: Mapping[str, Any] = {} if source.record is None else source.record.environment
    chosen = argparse.Namespace(**vars(options))
    chosen.cache_none, chosen.no_cache_disk = True, True
    computed_in = (as_object(recorded.get("precision")) or {}).get("network")
    chosen.precision = options.precision or _POLICIES.get(str(computed_in), "auto")
    device = (as_object(recorded.get("device")) or {}).get("type")
    if not options.cpu and options.device is None:
        chosen.cpu = device == "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            console.print("[yellow]The run was on a GPU, and there is none here.[/yellow]")
    threads = recorded.get("threads")
    if isinstance(threads, int) and threads > 0:
        # How many threads share a sum decides the order of its terms.
        torch.set_num_threads(threads)
    return chosen


def _record(
    recording: Recording, options: argparse.Namespace, host: Host, source: Source, errors: Console
) -> None:
    if why := recording.write(store_of(options, folders_of(options)), host, source.prompt):
        errors.print(f"[yellow]the run is not on record: {escape(why)}[/yellow]", highlight=False)


def _tell(console: Console, source: Source) -> None:
    """What is about to be run."""
    record = source.record
    if record is not None:
        version = record.release or (record.version or "")[:12]
        name = f" of {record.workflow}{f'@{version}' if version else ''}" if record.workflow else ""
        changed = ", changed on the canvas" if record.modified else ""
        console.print(f"Run {record.run}{escape(name)}{changed}", highlight=False, soft_wrap=True)
    for note in source.notes:
        console.print(f"[yellow]{escape(note)}[/yellow]", highlight=False, soft_wrap=True)
