"""From a Python type hint to an input or output of a node. An unreadable hint is an error at registration."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from engine.spec import InputSpec
from engine.types import (
    Choices,
    Files,
    ForceInput,
    Label,
    Lazy,
    Multiline,
    OptionalInput,
    Range,
    SeedControl,
    Socket,
)

_WIDGETS: Mapping[type, str] = MappingProxyType({bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"})
_MISSING = inspect.Parameter.empty
_T = TypeVar("_T")


class RegistrationError(TypeError):
    """A node function whose signature cannot be turned into a spec; names node and parameter."""

    def __init__(self, node: str, parameter: str | None, problem: str) -> None:
        where = f"node {node!r}" if parameter is None else f"node {node!r}, parameter {parameter!r}"
        super().__init__(f"{where}: {problem}")


@dataclass(frozen=True, slots=True)
class Hint:
    """A type hint taken apart: the bare type, our markers, and whether `None` was allowed."""

    base: Any
    markers: tuple[Any, ...]
    nullable: bool

    def marker(self, kind: type[_T]) -> _T | None:
        """The first marker of one kind."""
        return next((m for m in self.markers if isinstance(m, kind)), None)


def take_apart(hint: Any) -> Hint:
    """Strip `Annotated[...]` and `| None` in whichever order they were written."""
    markers: tuple[Any, ...] = ()
    nullable = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *more = get_args(hint)
            markers = (*more, *markers)
        elif origin in (Union, types.UnionType) and type(None) in get_args(hint):
            rest = tuple(a for a in get_args(hint) if a is not type(None))
            nullable = True
            if len(rest) != 1:
                return Hint(hint, markers, nullable)
            hint = rest[0]
        else:
            return Hint(hint, markers, nullable)


def wire_type(hint: Hint) -> str | None:
    """The wire type of a hint, or None when it has none."""
    socket = hint.marker(Socket)
    if socket is not None:
        return socket.name
    if hint.marker(Files) or hint.marker(Choices) or get_origin(hint.base) is Literal:
        return "COMBO"
    return _WIDGETS.get(hint.base) if isinstance(hint.base, type) else None


def input_spec(node: str, name: str, annotation: Any, default: Any, tooltip: str | None) -> InputSpec:
    """The input for one parameter. Raises `RegistrationError` when hint, markers and default disagree."""
    hint = take_apart(annotation)
    kind = wire_type(hint)
    if kind is None:
        raise RegistrationError(node, name, f"cannot read the hint {annotation!r}; {_REMEDY}")
    choices = _choices(hint)
    files = hint.marker(Files)
    is_socket = hint.marker(Socket) is not None
    options = _options(node, name, kind, hint, _MISSING if is_socket else default, choices)
    if tooltip:
        options["tooltip"] = tooltip
    optional = hint.marker(OptionalInput) is not None or (hint.nullable and default is not _MISSING)
    if optional and default is _MISSING:
        raise RegistrationError(node, name, "an optional input needs a default")
    if is_socket and default is not _MISSING and not optional:
        raise RegistrationError(node, name, "an optional socket is written `T | None = None`")
    return InputSpec(name, kind, MappingProxyType(options), choices, files.kind if files else None, optional)


_REMEDY = "use str, int, float, bool, Literal[...] or Annotated[T, Socket('NAME')]"


def _choices(hint: Hint) -> tuple[Any, ...] | None:
    if hint.marker(Socket) is not None:
        return None
    listed = hint.marker(Choices)
    if listed is not None:
        return listed.values
    return get_args(hint.base) if get_origin(hint.base) is Literal else None


def _options(
    node: str, name: str, kind: str, hint: Hint, default: Any, choices: tuple[Any, ...] | None
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if default is not _MISSING and default is not None:
        # ComfyUI leaves the default out of a combo when it is the first choice.
        if choices is None or default != choices[0]:
            options["default"] = float(default) if kind == "FLOAT" else default
        _check_default(node, name, kind, default, choices)
    bounds = hint.marker(Range)
    if bounds is not None:
        options.update(_bounds(node, name, kind, bounds))
    elif hint.marker(SeedControl):
        options.update(min=0, max=2**64 - 1)
    if hint.marker(SeedControl):
        options["control_after_generate"] = True
    if multiline := hint.marker(Multiline):
        options["multiline"] = True
        if multiline.dynamic_prompts:
            options["dynamicPrompts"] = True
    if label := hint.marker(Label):
        options.update(label_on=label.on, label_off=label.off)
    if hint.marker(ForceInput):
        options["forceInput"] = True
    if hint.marker(Lazy):
        options["lazy"] = True
    if files := hint.marker(Files):
        if files.kind == "input":
            options["image_upload"] = True
        elif files.kind == "output":
            options["image_folder"] = "output"
    low, high = options.get("min"), options.get("max")
    if "default" in options and (
        (low is not None and default < low) or (high is not None and default > high)
    ):
        raise RegistrationError(node, name, f"the default {default!r} lies outside {low}..{high}")
    return options


def _bounds(node: str, name: str, kind: str, bounds: Range) -> dict[str, Any]:
    if kind not in ("INT", "FLOAT"):
        raise RegistrationError(node, name, f"Range is for int and float, not for {kind}")
    given = {"min": bounds.min, "max": bounds.max, "step": bounds.step, "round": bounds.round}
    convert = int if kind == "INT" else float
    if kind == "INT" and any(v is not None and v != int(v) for v in given.values()):
        raise RegistrationError(node, name, f"the bounds of an int must be whole numbers: {bounds}")
    return {key: convert(value) for key, value in given.items() if value is not None}


def _check_default(node: str, name: str, kind: str, default: Any, choices: tuple[Any, ...] | None) -> None:
    if choices is not None:
        if default not in choices:
            raise RegistrationError(node, name, f"the default {default!r} is none of {list(choices)}")
        return
    expected: dict[str, tuple[type, ...]] = {"INT": (int,), "FLOAT": (int, float), "BOOLEAN": (bool,)}
    accepted = expected.get(kind, (str,))
    if not isinstance(default, accepted) or (isinstance(default, bool) and kind != "BOOLEAN"):
        raise RegistrationError(node, name, f"the default {default!r} is no {kind}")
