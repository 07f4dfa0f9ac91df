"""From the dictionaries and tuples of a V1 class to input and output specs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from engine.spec import Choice, InputSpec, OutputSpec

_UNHEARD_OF = "\0no name anybody would use"
_GROUPS = ("required", "optional")


class BadDeclaration(ValueError):
    """A class declares inputs or outputs in a form that means nothing; the text says which."""


@dataclass(frozen=True)
class Declared:
    """What `INPUT_TYPES` answered. `any_name` says that values of names it does not list are taken too."""

    inputs: tuple[InputSpec, ...]
    hidden: Mapping[str, str]
    any_name: bool


def read_inputs(answer: Any) -> Declared:
    """The inputs of one answer of `INPUT_TYPES`. Raises BadDeclaration."""
    if not isinstance(answer, Mapping):
        raise BadDeclaration(f"INPUT_TYPES must return a dict, not {type(answer).__name__}")
    groups = cast("Mapping[str, Any]", answer)
    inputs: dict[str, InputSpec] = {}
    any_name = False
    for group in _GROUPS:
        declared: Any = groups.get(group)
        if declared is None:
            continue
        if not isinstance(declared, Mapping):
            raise BadDeclaration(f"INPUT_TYPES: {group!r} must be a dict, not {type(declared).__name__}")
        members = cast("Mapping[str, Any]", declared)
        any_name = any_name or _UNHEARD_OF in members
        for name, spec in members.items():
            inputs.setdefault(str(name), read_input(str(name), spec, optional=group == "optional"))
    hidden = cast("Mapping[str, Any]", groups.get("hidden") or {})
    named = {str(name): value for name, value in hidden.items() if isinstance(value, str)}
    odd = {str(name): "" for name in hidden if str(name) not in named}
    return Declared(tuple(inputs.values()), MappingProxyType({**named, **odd}), any_name)


def read_input(name: str, spec: Any, *, optional: bool) -> InputSpec:
    """One input: `(type,)` or `(type, options)`, or a bare type as some packs have it."""
    parts: Sequence[Any] = cast("Sequence[Any]", spec) if isinstance(spec, list | tuple) else (spec,)
    if not parts:
        raise BadDeclaration(f"input {name!r} has no type")
    kind: Any = parts[0]
    extra: Any = parts[1] if len(parts) > 1 else None
    given: Mapping[str, Any] = cast("Mapping[str, Any]", extra) if isinstance(extra, Mapping) else {}
    options = {str(key): plain(value) for key, value in given.items()}
    if isinstance(kind, str):
        choices: tuple[Choice, ...] | None = None
        listed = options.get("options")
        in_options = type_name(kind) == "COMBO" and isinstance(listed, list)
        if in_options:
            choices = tuple(cast("list[Choice]", listed))
            options = {key: value for key, value in options.items() if key != "options"}
        return InputSpec(
            name, type_name(kind), MappingProxyType(options), choices, optional=optional,
            wildcard=fits_everything(kind), choices_in_options=in_options,
        )  # fmt: skip
    if isinstance(kind, Iterable):
        choices = tuple(_choice(one) for one in cast("Iterable[Any]", kind))
        return InputSpec(name, "COMBO", MappingProxyType(options), choices, optional=optional)
    raise BadDeclaration(f"input {name!r} has the type {kind!r}; a type is a name or a list of choices")


def is_multiple(declared: InputSpec) -> bool:
    """Whether the value is a list of choices instead of one."""
    return bool(declared.options.get("multiselect") or declared.options.get("multi_select"))


def read_outputs(owner: Any) -> tuple[OutputSpec, ...]:
    """The outputs of a V1 class. Names that are missing are the types; too many are left out."""
    kinds = list(cast("Iterable[Any]", getattr(owner, "RETURN_TYPES", ()) or ()))
    names = _names(getattr(owner, "RETURN_NAMES", None))
    lists = list_flags(owner)
    tips = list(getattr(owner, "OUTPUT_TOOLTIPS", None) or ())
    outputs: list[OutputSpec] = []
    for slot, kind in enumerate(kinds):
        choices = None if isinstance(kind, str) else tuple(_choice(one) for one in kind)
        wire = type_name(kind) if isinstance(kind, str) else "COMBO"
        tip = tips[slot] if slot < len(tips) and tips[slot] is not None else None
        outputs.append(
            OutputSpec(
                name=str(names[slot]) if slot < len(names) and names[slot] is not None else wire,
                type=wire,
                tooltip=None if tip is None else str(tip),
                is_list=slot < len(lists) and lists[slot],
                choices=choices,
                wildcard=isinstance(kind, str) and fits_everything(kind),
            )
        )
    return tuple(outputs)


def list_flags(owner: Any) -> list[bool]:
    """`OUTPUT_IS_LIST` as far as it goes; a bare True stands for every output."""
    flags = getattr(owner, "OUTPUT_IS_LIST", ())
    if isinstance(flags, bool):
        return [flags] * len(list(getattr(owner, "RETURN_TYPES", ()) or ()))
    return [bool(flag) for flag in flags or ()]


def _names(names: Any) -> list[Any]:
    return [names] if isinstance(names, str) else list(names or ())


def type_name(kind: str) -> str:
    """The name inside a str subclass, whatever its `__str__` says."""
    return str.__str__(kind)


def fits_everything(kind: str) -> bool:
    """Whether the type is one of the str subclasses that claim to equal every other."""
    differs = kind != _UNHEARD_OF  # what they override; `==` need not agree
    return type(kind) is not str and not differs


def _choice(value: Any) -> Choice:
    made = plain(value)
    return made if isinstance(made, str | int | float) else str(value)


def as_json(value: Any) -> Any:
    """The value itself if JSON can carry it, else made plain."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return plain(value)
    return value


def plain(value: Any) -> Any:
    """The value as JSON can carry it; bounds like infinity become the largest number."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return type_name(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return math.copysign(sys.float_info.max, value) if math.isinf(value) else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in cast("Iterable[Any]", value)]
    item = getattr(value, "item", None)  # a numpy scalar
    if callable(item) and getattr(value, "ndim", None) == 0:
        return plain(item())
    return str(value)
