"""Calling one node: its arguments, what it returned, and what to say when it raised."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePath
from typing import Any, cast

from engine.events import NodeError
from engine.graph import Link, Node
from engine.returns import Ui
from engine.spec import NodeSpec

Describe = Callable[[Any], Any]
"""A value in short form, as JSON."""

_LONGEST = 200


def arguments(
    node: Node, spec: NodeSpec, value: Callable[[Link], Any], asked: Collection[str] = ()
) -> dict[str, Any]:
    """Keyword arguments: the literals the node declares and the values of its links.

    A lazy input that is not among the `asked` ones is None, whether or not its source happens to have run:
    what a node is given never depends on timing.
    """
    declared = spec.by_name
    given = {
        name: value for name, value in node.literals.items() if name in declared or spec.takes_literal(name)
    }
    for name, link in node.links.items():
        one = declared.get(name)
        if one is None:
            if spec.variadic or spec.open_inputs:
                given[name] = value(link)
        elif name in spec.raw_links:
            given[name] = [link.node, link.slot]
        elif name in spec.lazy and name not in asked:
            given[name] = None
        else:
            given[name] = value(link)
    return given


def results(spec: NodeSpec, returned: Any) -> tuple[tuple[Any, ...], Mapping[str, list[Any]] | None]:
    """A value per output, and the data for the canvas. Raises TypeError when the counts differ."""
    ui = None
    if isinstance(returned, Ui):
        shown = cast("Ui[Any]", returned)
        ui, values = shown.ui or None, tuple(shown.values)
    elif not spec.outputs:
        values = ()
    elif spec.tuple_result:
        if not isinstance(returned, tuple):
            raise TypeError(f"{spec.name} declares a tuple and returned {type(returned).__name__}")
        values = cast("tuple[Any, ...]", returned)
    else:
        values = (returned,)
    if len(values) != len(spec.outputs):
        raise TypeError(f"{spec.name} returned {len(values)} values for {len(spec.outputs)} outputs")
    return values, ui


def failure(
    node: Node, spec: NodeSpec, error: BaseException, given: Mapping[str, Any], describe: Describe
) -> NodeError:
    """What is known of a node that raised. Exceptions may carry what to do in an attribute `remedy`."""
    kind = type(error)
    builtin = kind.__module__ == "builtins"
    remedy = getattr(error, "remedy", None)
    return NodeError(
        node_id=node.id,
        class_type=spec.name,
        exception_type=kind.__name__ if builtin else f"{kind.__module__}.{kind.__name__}",
        message=str(error) or kind.__name__,
        traceback=tuple(_frames(error)),
        inputs={name: describe(value) for name, value in given.items()},
        suggestion=None if remedy is None else str(remedy),
    )


def describe(value: Any) -> Any:
    """Numbers and short texts as they are, arrays as `tensor[1,4,64,64] float32`, the rest by type."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)} characters)"
    name = type(value).__name__.lower()
    shape = getattr(value, "shape", None)
    if isinstance(shape, Sequence):
        sizes = ",".join(str(size) for size in cast(Sequence[Any], shape))
        return f"{name}[{sizes}] {str(getattr(value, 'dtype', '')).removeprefix('torch.')}".rstrip()
    if isinstance(value, (list, tuple, set, dict)):
        return f"{name} of {len(cast('list[Any]', value))}"
    return type(value).__name__


def _frames(error: BaseException) -> list[str]:
    """The frames below the engine's call; files are named as their modules are, not by absolute paths."""
    modules = [str(f.f_globals.get("__name__", "")) for f, _ in traceback.walk_tb(error.__traceback__)]
    ours = len(list(takewhile("engine.drive".__eq__, modules)))
    frames = traceback.extract_tb(error.__traceback__)[ours:]
    for module, summary in zip(modules[ours:], frames, strict=True):
        path = PurePath(summary.filename)
        depth = module.count(".") + 1 + (path.name == "__init__.py")
        summary.filename = "/".join(path.parts[-depth:])
    return traceback.format_list(frames)
