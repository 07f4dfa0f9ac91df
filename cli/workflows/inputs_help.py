"""The inputs of a function as options: what each takes, in one line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from workflows.functions import Function, Input

_LISTED = 12


def range_of(entry: Input) -> str:
    """Its type with range or options, and its default: `INT 1..50, default 20`."""
    words = entry.type
    if entry.options is not None:
        shown = ", ".join(map(str, entry.options[:_LISTED]))
        more = f" and {len(entry.options) - _LISTED} more" if len(entry.options) > _LISTED else ""
        words = f"{'any of' if entry.several else 'one of'} {shown}{more}"
    elif entry.takes_file:
        words = f"{entry.type}, a picture file"
    elif entry.min is not None or entry.max is not None:
        words += f" {_number(entry.min)}..{_number(entry.max)}"
    if entry.seed:
        words += " or random"
    if not entry.callable:
        words += ", only from another node"
    if entry.required:
        return f"{words}, required"
    return words if entry.default is None else f"{words}, default {_shown(entry.default)}"


def add_inputs(command: argparse.ArgumentParser, add: Callable[..., object], function: Function) -> None:
    """An option for each input, made by `add`; one whose name `command` has already is left to --set."""
    taken = {name for action in command._actions for name in action.option_strings}
    for entry in function.inputs:
        if not entry.callable:
            continue
        names = dict.fromkeys((f"--{entry.name}", f"--{entry.name.replace('_', '-')}"))
        free = [name for name in names if name not in taken]
        about = f"{entry.description.rstrip('.')}. " if entry.description else ""
        told = f"{about}{range_of(entry)}".replace("%", "%%")
        if free:
            add(*free, dest=f"input:{entry.name}", metavar=_metavar(entry), help=told)
        else:
            command.epilog = f"{command.epilog or ''} --set {entry.name}=VALUE: {told}."


def _metavar(entry: Input) -> str:
    if entry.takes_file:
        return "FILE"
    return {"STRING": "TEXT", "BOOLEAN": "YES|NO", "COMBO": "OPTION"}.get(entry.type, "N")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
