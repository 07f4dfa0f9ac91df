"""`main.py workflows run NAME[@VERSION]`: a workflow as a command whose options are its inputs."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.options import add_cache, add_compute, add_database, add_folders
from cli.workflows.calling import Caller, Outcome, load_host
from cli.workflows.inputs_help import add_inputs
from cli.workflows.telling import Refused, complain, known_errors, print_json, say
from engine.folders import nearest
from engine.graph import as_object
from workflows.functions import Function, InvalidInputs

WRONG_VALUES = 2
_INPUT = "input:"


def arguments(command: argparse.ArgumentParser) -> None:
    """The options that every workflow has."""
    add = command.add_argument
    add("workflow", metavar="NAME[@VERSION]", help="without @VERSION the newest release, else main")
    add("--set", action="append", default=[], metavar="INPUT=VALUE", help="any input by name; repeatable")
    add("--inputs", type=Path, metavar="FILE", help="a JSON file with values by input")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FILE.png|DIR",
        help="copy the pictures there; they are kept in the output folder, too",
    )
    add("--json", action="store_true", help="print run, version, values and outputs as JSON")
    add("--no-record", action="store_true", help="do not put the run on record, where `replay` finds it")
    add_database(command)
    add_folders(command)
    add_compute(command)
    add_cache(command)


def parse_run(words: Sequence[str]) -> argparse.Namespace:
    """Read the options: those of the workflow, too, if the first word names one. Exits on a mistake."""
    command = argparse.ArgumentParser(
        prog="main.py workflows run",
        usage="main.py workflows run NAME[@VERSION] [--INPUT VALUE ...] [-o FILE] [options]",
        description="Run a workflow in this process. `main.py workflows run NAME --help` lists its inputs.",
        allow_abbrev=False,
    )
    inputs = command.add_argument_group("inputs of the workflow")
    arguments(command)
    if words and not words[0].startswith("-"):
        caller = _caller(words)
        function, release = caller.called.function, caller.name
        about = [f"{release}: {function.title}" if function.title else release, function.description]
        command.description = ". ".join(text.rstrip(".") for text in about if text).replace("%", "%%") + "."
        outputs = ", ".join(f"{one.name} ({one.type})" for one in function.outputs)
        command.epilog = f"Outputs: {outputs}.".replace("%", "%%")
        add_inputs(command, inputs.add_argument, function)
        options, unknown = command.parse_known_args(words)
        if unknown:
            command.error(_unknown(unknown[0], function))
        options.caller = caller
    else:
        options = command.parse_args(words)
    options.action = "run"
    return options


def run(options: argparse.Namespace) -> int:
    """Run it. Returns 0, 1 if it failed, 2 for values that do not fit."""
    console, errors = Console(stderr=options.json), Console(stderr=True)
    if options.output is not None and options.output.suffix.lower() not in ("", ".png"):
        raise Refused(f"-o {options.output}: pictures are PNG files; name a .png file or a folder")
    caller: Caller = options.caller if hasattr(options, "caller") else Caller(options, options.workflow)
    try:
        bound = caller.bound(_values(options.inputs), _texts(options))
        host = load_host(options, caller.folders, console)
        try:
            outcome = caller.run(bound, host, options, console, errors)
        finally:
            host.cache.close()
    except InvalidInputs as error:
        for problem in error.problems:
            complain(errors, f"{problem.input}: {problem.message}")
        return WRONG_VALUES
    finally:
        caller.close()
    pictures = _copied(outcome, options.output)
    if options.json:
        print_json(_told(caller, outcome, pictures))
    else:
        _show(outcome, pictures)
    return 0 if outcome.good else 1


def _unknown(word: str, function: Function) -> str:
    name = word.partition("=")[0].removeprefix("--").replace("-", "_")
    names = [one.name for one in function.inputs if one.callable]
    near = nearest(name, names)
    hint = f"did you mean --{near[0]}? " if near else ""
    return f"there is no input {word}; {hint}inputs: {', '.join(names)}"


def _caller(words: Sequence[str]) -> Caller:
    """What is to be called, before its options are known. Exits if that cannot be found."""
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_database(places)
    add_folders(places)
    try:
        known, _ = places.parse_known_args(words[1:])
        return Caller(known, words[0])
    except argparse.ArgumentError as error:
        places.error(str(error))
    except known_errors() as error:
        sys.exit(complain(Console(stderr=True), error))


def _texts(options: argparse.Namespace) -> dict[str, str]:
    """The values given as text, by input. Raises Refused."""
    given: dict[str, str] = {}
    for words in options.set:
        name, equals, text = words.partition("=")
        if not equals:
            raise Refused(f"--set {words!r}: write INPUT=VALUE")
        given[name] = text
    own = {key: value for key, value in vars(options).items() if key.startswith(_INPUT)}
    return given | {key.removeprefix(_INPUT): value for key, value in own.items() if value is not None}


def _values(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Refused(f"{file}: is not valid JSON: {error}") from error
    values = as_object(found)
    if values is None:
        raise Refused(f"{file}: has to be an object with values by input")
    return dict(values)


def _copied(outcome: Outcome, to: Path | None) -> dict[str, list[Path]]:
    """The pictures by output, copied if that is asked for. Raises Refused."""
    if to is None:
        return outcome.pictures
    single = sum(map(len, outcome.pictures.values())) == 1 and bool(to.suffix) and not to.is_dir()
    try:
        return {
            name: [_copy(path, to if single else to / path.name) for path in made]
            for name, made in outcome.pictures.items()
        }
    except OSError as error:
        text = f"{to}: cannot be written: {error.strerror}; the pictures are in the output folder"
        raise Refused(text) from error


def _copy(path: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
    return to


def _told(caller: Caller, outcome: Outcome, pictures: dict[str, list[Path]]) -> dict[str, Any]:
    version = caller.called.version
    return {
        "run_id": outcome.run,
        "workflow": version.workflow,
        "version": version.id,
        "release": caller.called.release,
        "status": "success" if outcome.good else "error",
        "inputs": outcome.bound.values,
        "outputs": {name: [str(path) for path in made] for name, made in pictures.items()} | outcome.values,
    }


def _show(outcome: Outcome, pictures: dict[str, list[Path]]) -> None:
    """The outputs, and the seeds, so that one can ask for the same again."""
    for name, made in pictures.items():
        for path in made:
            say(f"{escape(name)}: [bold]{escape(str(path))}[/bold]")
    for name, value in outcome.values.items():
        say(f"{escape(name)}: {escape(str(value))}")
    for name, seed in outcome.bound.seeds.items():
        say(f"[dim]{escape(name)} {seed}[/dim]")
