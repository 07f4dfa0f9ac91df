"""Results as JSON and safetensors, for the disk. Values of other kinds, such as models, are not stored.

The tree is the value as JSON. Lists, strings, numbers and the like stand for themselves; everything else is
an object whose first member says what it is. Tensors and bytes are numbers of tensors in the other part.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from engine.cache import Encoded
from engine.items import Items
from engine.returns import Blocker

_DTYPES: Mapping[torch.dtype, str] = MappingProxyType(
    {
        torch.float64: "F64",
        torch.float32: "F32",
        torch.float16: "F16",
        torch.bfloat16: "BF16",
        torch.float8_e4m3fn: "F8_E4M3",
        torch.float8_e5m2: "F8_E5M2",
        torch.complex64: "C64",
        torch.int64: "I64",
        torch.int32: "I32",
        torch.int16: "I16",
        torch.int8: "I8",
        torch.uint64: "U64",
        torch.uint32: "U32",
        torch.uint16: "U16",
        torch.uint8: "U8",
        torch.bool: "BOOL",
    }
)
_DEEPEST = 100
_PLAIN = frozenset({str, int, bool, type(None)})


class Unstorable(ValueError):
    """A value that has no form on disk."""


class TensorCodec:
    """An `engine.cache.Codec`. Tensors come back in RAM, wherever they were.

    Args:
        kinds: dataclasses and NamedTuples that may be stored; they are found again by their name.
    """

    def __init__(self, kinds: Sequence[type] = ()) -> None:
        self._kinds = {kind.__name__: kind for kind in (Blocker, Items, *kinds)}

    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        """The values, or None when some of them cannot be stored."""
        writer = _TreeWriter(self._kinds)
        try:
            tree = [writer.write(value) for value in values]
            with torch.inference_mode():
                return Encoded(tree, _file(writer.tensors) if writer.tensors else ())
        except (Unstorable, RuntimeError):  # the latter: torch cannot give the bytes of some view
            return None

    def decode(self, tree: Any, data: bytes) -> tuple[Any, ...]:
        """The inverse. Raises ValueError for what `encode` did not make."""
        try:
            tensors = load(data) if data else {}
            return tuple(_read(value, tensors, self._kinds) for value in tree)
        except (SafetensorError, LookupError, TypeError, AttributeError, RuntimeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error


class _TreeWriter:
    """Makes trees and collects their tensors, each once. Nothing is copied before the whole tree is made."""

    def __init__(self, kinds: Mapping[str, type]) -> None:
        self._kinds = kinds
        self._numbers: dict[int, int] = {}
        self.tensors: list[Tensor] = []

    def write(self, value: Any, depth: int = 0) -> Any:
        kind = cast("type[Any]", type(value))
        if depth > _DEEPEST:
            raise Unstorable("it is nested too deeply")
        if kind is str and not _is_text(value):
            raise Unstorable("JSON cannot hold half a character")
        if kind in _PLAIN or (kind is float and math.isfinite(value)):
            return value
        if kind is list:
            return [self.write(item, depth + 1) for item in value]
        if kind is float:
            return {"float": str(value)}
        if kind is tuple:
            return {"tuple": [self.write(item, depth + 1) for item in value]}
        if kind is dict:
            pairs = cast("dict[Any, Any]", value).items()
            return {"dict": [[self.write(k, depth + 1), self.write(v, depth + 1)] for k, v in pairs]}
        if kind is Tensor:
            return {"tensor": self._number(value)}
        if kind is bytes:
            held = torch.frombuffer(bytearray(value), dtype=torch.uint8) if value else torch.empty(0).byte()
            return {"bytes": self._number(held)}
        if self._kinds.get(kind.__name__) is kind:
            members = [[name, self.write(member, depth + 1)] for name, member in _members(value)]
            return {"kind": kind.__name__, "members": members}
        raise Unstorable(f"a {kind.__name__} cannot be stored")

    def _number(self, tensor: Tensor) -> int:
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.dtype not in _DTYPES:
            raise Unstorable(f"a tensor of {tensor.layout}, {tensor.dtype} cannot be stored")
        number = self._numbers.setdefault(id(tensor), len(self.tensors))
        if number == len(self.tensors):
            self.tensors.append(tensor)
        return number


def _is_text(value: str) -> bool:
    """Whether it has no lone surrogates: two of them would come back from JSON as one character."""
    return value.isascii() or value.encode(errors="ignore").decode() == value


def _members(value: Any) -> list[tuple[str, Any]]:
    names = [field.name for field in fields(value)] if is_dataclass(value) else value._fields
    return [(name, getattr(value, name)) for name in names]


def _file(tensors: Sequence[Tensor]) -> list[bytes | memoryview]:
    """A safetensors file in parts, without copying what is contiguous and in RAM: the tensors by number."""
    header: dict[str, Any] = {}
    parts: list[memoryview] = []
    end = 0
    for number, tensor in enumerate(tensors):
        part: memoryview = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        start, end = end, end + part.nbytes
        header[str(number)] = {
            "dtype": _DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
        parts.append(part)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little") + text, *parts]


def _read(tree: Any, tensors: Mapping[str, Tensor], kinds: Mapping[str, type]) -> Any:
    def read(value: Any) -> Any:
        return _read(value, tensors, kinds)

    if isinstance(tree, list):
        return [read(item) for item in cast("list[Any]", tree)]
    if not isinstance(tree, dict):
        return tree
    match cast("dict[str, Any]", tree):
        case {"tensor": number}:
            return tensors[str(number)]
        case {"bytes": number}:
            return bytes(tensors[str(number)].numpy().data)
        case {"dict": pairs}:
            return {read(key): read(value) for key, value in pairs}
        case {"tuple": items}:
            return tuple(read(item) for item in items)
        case {"float": text}:
            return float(text)
        case {"kind": name, "members": members}:
            make: Callable[..., Any] = kinds[name]
            return make(**{key: read(value) for key, value in members})
        case _:
            raise ValueError(f"{sorted(cast('dict[str, Any]', tree))} is no form of a value")
