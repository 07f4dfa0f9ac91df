"""`main.py workflows sweep NAME[@VERSION]`: a workflow over many inputs, as a grid picture and a table."""

from __future__ import annotations

import argparse
import csv
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.options import add_cache
from cli.workflows.calling import Caller, Outcome, load_host
from cli.workflows.telling import Refused, complain, say
from engine.graph import as_list, as_object
from workflows.functions import Bound
from workflows.sweeps import Item, Result, Seeds, Spec, Sweep, SweepError, planned
from workflows.sweeps.plan import InvalidRows, Mode, Plan
from workflows.sweeps.results import table
from workflows.sweeps.sheet import arranged
from workflows.sweeps.tables import cell

WRONG_VALUES = 2
MODES: tuple[Mode, ...] = ("fixed", "increment", "random")
_LONGEST = 200


def arguments(command: argparse.ArgumentParser) -> None:
    """The options."""
    add = command.add_argument
    add("workflow", metavar="NAME[@VERSION]", help="without @VERSION the newest release, else main")
    add(
        "--grid",
        action="append",
        default=[],
        metavar="INPUT=A,B,C",
        help="values of an input; quote one that holds a comma: 'prompt=\"a fox, red\",a boat'; "
        "INPUT=@FILE takes a value from each line. Every combination runs, the last input changing fastest",
    )
    add("--csv", type=Path, metavar="FILE", help="a run a line; its first line has the names of inputs")
    add("--set", action="append", default=[], metavar="INPUT=VALUE", help="an input of all runs; repeatable")
    add("--seed", choices=MODES, help="one seed for all runs, the next number each, or drawn")
    add("--count", type=int, default=1, metavar="N", help="runs with different seeds for each combination")
    add("-o", "--output", type=Path, metavar="FILE.png", help="the results as one labelled picture")
    add("--table", type=Path, metavar="FILE.csv", help="the results as a table")
    add("--no-record", action="store_true", help="do not put the runs on record, where `replay` finds them")
    add_cache(command)


def sweep(options: argparse.Namespace) -> int:
    """Run all of it. Returns 0, 1 if a run failed, 2 for values that do not fit."""
    console, errors = Console(), Console(stderr=True)
    caller = Caller(options, options.workflow)
    try:
        plan, calls = _planned(caller, options)
        items = _run(caller, calls, options, console, errors)
    except SweepError as error:
        complain(errors, error)
        return WRONG_VALUES
    except InvalidRows as error:
        for row, problem in error.problems:
            complain(errors, f"run {row}: {problem.input}: {problem.message}")
        return WRONG_VALUES
    finally:
        caller.close()
    _write(_sweep(caller, plan, len(items)), items, options)
    return 0 if all(item.status == "success" for item in items) else 1


def _planned(caller: Caller, options: argparse.Namespace) -> tuple[Plan, list[Bound]]:
    """All runs with their prompts. Raises SweepError, InvalidRows, Refused."""
    fixed = dict(_pair(words, "--set") for words in options.set)
    grid: dict[str, list[Any]] = {}
    for words in options.grid:
        name, text = _pair(words, "--grid")
        grid.setdefault(name, []).extend(_values(text))
    seeds = None if options.seed is None else Seeds(options.seed, options.count)
    texts = frozenset({*fixed, *grid})
    rows = None if options.csv is None else _read(options.csv)
    plan = planned(Spec(fixed, grid or None, None, rows, seeds, texts), caller.called.function)
    return plan, [caller.bound(values, {}) for values in plan.resolved(caller.called)]


def _pair(words: str, option: str) -> tuple[str, str]:
    name, equals, text = words.partition("=")
    if not equals:
        raise Refused(f"{option} {words!r}: write INPUT=VALUE")
    return name.strip(), text


def _values(text: str) -> list[str]:
    if text.startswith("@"):
        return [line for line in _read(Path(text[1:])).splitlines() if line.strip()]
    return [value for line in csv.reader([text], skipinitialspace=True) for value in line]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: is not UTF-8 text") from error


def _run(
    caller: Caller,
    calls: Sequence[Bound],
    options: argparse.Namespace,
    console: Console,
    errors: Console,
) -> list[Item]:
    host = load_host(options, caller.folders, console)
    items: list[Item] = []
    try:
        for index, bound in enumerate(calls):
            began = time.monotonic()
            outcome = caller.run(bound, host, options, console, errors)
            items.append(_item(index, outcome, time.monotonic() - began))
            _tell(items[-1], len(calls))
    finally:
        host.cache.close()
    return items


def _item(index: int, outcome: Outcome, seconds: float) -> Item:
    files = {name: [{"filename": str(path)} for path in made] for name, made in outcome.pictures.items()}
    error = None if outcome.good else "failed"
    result = Result({**files, **outcome.values}, round(seconds, 3), error)
    return Item(index, outcome.bound.values, outcome.run, "success" if outcome.good else "error", result)


def _tell(item: Item, total: int) -> None:
    shown = ", ".join(_shown(value) for value in item.result.outputs.values())
    say(f"[dim]{item.index + 1}/{total}[/dim] {escape(shown) or item.result.error}")


def _shown(value: Any) -> str:
    """An output in a line: the paths of its pictures, or the beginning of its value."""
    files = [str(file["filename"]) for one in as_list(value) or () if (file := as_object(one))]
    return " ".join(files) or cell(value)[:_LONGEST]


def _sweep(caller: Caller, plan: Plan, total: int) -> Sweep:
    called = caller.called
    return Sweep(
        id=str(uuid.uuid4()),
        workflow=called.version.workflow,
        version=called.version.id,
        release=called.release,
        queue="",
        title=caller.name,
        axes=plan.axes,
        varied=plan.varied,
        outputs={output.name: output.type for output in called.function.outputs},
        total=total,
        created=time.time(),
        author="",
    )


def _write(made: Sweep, items: Sequence[Item], options: argparse.Namespace) -> None:
    """The files that were asked for. Raises Refused; the pictures are in the output folder all the same."""
    try:
        if options.table is not None:
            options.table.write_text(table(made, items), encoding="utf-8", newline="")
            say(f"table: [bold]{escape(str(options.table))}[/bold]")
        if options.output is not None:
            from workflows.sweeps.drawing import drawn

            pictures = [name for name, kind in made.outputs.items() if kind in ("IMAGE", "MASK")]
            output = next(iter(pictures or made.outputs))
            sheet = arranged(made, items, output)
            drawn(sheet, lambda file: Path(file["filename"])).save(options.output, "PNG")
            say(f"grid: [bold]{escape(str(options.output))}[/bold]")
    except OSError as error:
        raise Refused(f"{error.filename}: cannot be written: {error.strerror}") from error
