"""What the engine cannot know of the values on the wires: how much memory they hold and how to name them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

from torch import Tensor, nn

SMALL = 64
LONGEST = 120


def sizeof(values: Any) -> int:
    """Bytes of all tensors reachable from `values`, each once, plus a little for everything else."""
    seen: set[int] = set()
    total = 0
    stack: list[Any] = [values]
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            storage = value.untyped_storage()
            if storage.data_ptr() not in seen:
                seen.add(storage.data_ptr())
                # A view of a memory-mapped file shares its storage's size, not its own, with the other views.
                total += min(value.nbytes, storage.nbytes())
        elif isinstance(value, str | bytes):
            total += len(value)
        else:
            total += SMALL
            stack.extend(_parts(value))
    return total


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, nn.Module):
        return [*value.parameters(), *value.buffers()]
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value).values()
    if isinstance(value, list | tuple):
        return cast("list[Any]", value)
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    return ()


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
