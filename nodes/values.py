"""What the engine cannot know of the values on the wires: how much memory they hold and how to name them."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, cast

import torch
from torch import Tensor, nn

from diffusion.adapters.patched import Patched
from diffusion.placement import Placement, home_of
from engine.cache import Footprint, Share
from engine.items import Items

SMALL = 64
"""Bytes that stand for everything that is no tensor."""
LONGEST = 120
MOST_OBJECTS = 50_000
"""Objects looked at in one result: those of packs may lead anywhere."""

LARGE = 1000

_PLAIN = bool | int | float | complex | None
_LEAVES = (_PLAIN, Placement, type, ModuleType, FunctionType, BuiltinFunctionType)


def sizeof(values: Any) -> Footprint:
    """Bytes of all tensors reachable from `values`, in RAM and on devices, plus a little for everything else.

    A tensor counts with the whole memory it is a view of, each memory once. What patched weights will take
    when they are first used counts already: nobody measures again then.
    """
    seen: set[int] = set()
    plain = 0
    ram: dict[int, int] = {}
    device: dict[int, int] = {}
    to_come = {True: 0, False: 0}
    stack: list[Any] = [values]
    while stack and len(seen) < MOST_OBJECTS:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor) and value.layout is torch.strided and not value.is_meta:
            value = home_of(value)  # what weights take on the device besides is the placement's to count
            storage = value.untyped_storage()
            (ram if value.device.type == "cpu" else device)[storage.data_ptr()] = storage.nbytes()
        elif isinstance(value, str | bytes):
            plain += len(value)
        else:
            plain += SMALL
            if isinstance(value, Patched):
                to_come[value.device.type == "cpu"] += value.bytes_to_come
            stack.extend(_parts(value))
    return Footprint(
        Share(plain + to_come[True] + sum(ram.values()), ram),
        Share(to_come[False] + sum(device.values()), device),
    )


def to_host(values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The same values with all tensors in RAM, or None when something else holds device memory (a model)."""
    try:
        return tuple(_to_host(value) for value in values)
    except _Immovable:
        return None


class _Immovable(Exception):
    pass


def _to_host(value: Any) -> Any:
    kind = cast("Any", type(value))
    if kind is Tensor:
        return value.cpu()
    if kind is dict:
        return {key: _to_host(item) for key, item in cast("dict[Any, Any]", value).items()}
    if kind is list:
        return [_to_host(item) for item in cast("list[Any]", value)]
    if kind is tuple:
        return tuple(_to_host(item) for item in cast("tuple[Any, ...]", value))
    if isinstance(value, Items):
        return Items(tuple(_to_host(item) for item in value.values))
    if isinstance(value, tuple) and hasattr(kind, "_make"):  # a NamedTuple
        return kind._make([_to_host(item) for item in cast("tuple[Any, ...]", value)])
    if sizeof(value).device.bytes:
        raise _Immovable
    return cast("Any", value)


def _parts(value: Any) -> Iterable[Any]:
    """What a value leads to; attributes of any object, because packs wrap models in classes of theirs."""
    if isinstance(value, _LEAVES):
        return ()
    if isinstance(value, nn.Module):
        return [*value.parameters(), *value.buffers()]
    if isinstance(value, Mapping):
        return _members(cast("Mapping[Any, Any]", value).values())
    if isinstance(value, list | tuple | set | frozenset):
        return _members(cast("Collection[Any]", value))
    if isinstance(value, MethodType):
        return (value.__self__,)
    if isinstance(value, partial):
        called = cast("partial[Any]", value)
        return (called.func, *called.args, *called.keywords.values())
    slots = [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else []
    return [*slots, *getattr(value, "__dict__", {}).values()]


def _members(values: Collection[Any]) -> Iterable[Any]:
    """The members, or none for large tables of plain values, as the vocabulary of a tokenizer is one."""
    return () if len(values) > LARGE and isinstance(next(iter(values)), str | _PLAIN) else values


def describe(value: Any) -> Any:
    """A short form of a value for error reports: small things as they are, tensors by shape and type."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    if isinstance(value, Tensor):
        shape, dtype = ",".join(map(str, value.shape)), str(value.dtype).removeprefix("torch.")
        return f"tensor[{shape}] {dtype} on {value.device}"
    if isinstance(value, Mapping):
        named = cast("Mapping[Any, Any]", value)
        return "{" + ", ".join(f"{key}: {describe(item)}" for key, item in named.items()) + "}"
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        shown = ", ".join(str(describe(item)) for item in items[:3])
        return f"[{shown}{', …' if len(items) > 3 else ''}]"
    return type(value).__name__
