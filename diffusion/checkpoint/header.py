"""The header of a safetensors file, checked here before anything else reads the file.

Format: 8 bytes little-endian length, that many bytes of JSON (name → dtype, shape, offsets), then the data.
The safetensors library refuses most malformed headers but lets duplicate keys and NUL or dunder names pass,
and its words for an interrupted download help nobody; so this check comes first, and is never more lenient.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, cast

HEADER_CAP = 10_000_000
"""Bytes. The largest published checkpoints have headers of about 0.3 MB."""

DTYPE_BYTES: Mapping[str, int] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64"), 8),
}
_METADATA = "__metadata__"
_U64 = 2**64
_DOWNLOAD = "download the file again"


class CheckpointError(Exception):
    """A model file cannot be used: which one, why, and what to do about it."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path.name}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class TensorInfo:
    """What a header says of one tensor. `start` and `end` count bytes from the beginning of the data."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """The names, shapes and types of a model file's tensors."""

    path: Path
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    data_start: int = 0
    """Where the tensor data begin in the file."""

    def shapes(self, prefix: str = "") -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors whose names begin with `prefix`, by the rest of the name."""
        found = self.tensors.items()
        return {name[len(prefix) :]: info.shape for name, info in found if name.startswith(prefix)}


class _Malformed(ValueError):
    """Why a header is refused; becomes a CheckpointError where the path is known."""


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file. No tensor data is read.

    Raises:
        CheckpointError: the file is missing, truncated, not a safetensors file, or its header is malformed.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
            if (problem := _foreign(start, size)) is not None:
                raise CheckpointError(path, *problem)
            length = struct.unpack_from("<Q", start)[0]
            if length > HEADER_CAP:
                reason = f"its header claims {length:,} bytes, more than the {HEADER_CAP:,} allowed"
                raise CheckpointError(path, reason, f"it is damaged or no safetensors file: {_DOWNLOAD}")
            if 8 + length > size:
                reason = (
                    f"it is cut short within its header ({size:,} bytes, the header ends at {8 + length:,})"
                )
                raise CheckpointError(path, reason, _DOWNLOAD)
            file.seek(8)
            text = file.read(length)
    except OSError as error:
        raise CheckpointError(path, error.strerror or "cannot be read", "check the path") from error
    try:
        tensors, metadata = _parse(text)
        _check_layout(tensors)
    except _Malformed as error:
        raise CheckpointError(path, str(error), f"the file is damaged or forged: {_DOWNLOAD}") from error
    _check_length(path, tensors, size - 8 - length)
    return Header(path, tensors, metadata, 8 + length)


def _foreign(start: bytes, size: int) -> tuple[str, str] | None:
    """Reason and remedy if these first bytes belong to some other kind of file."""
    if not size:
        return "the file is empty", _DOWNLOAD
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the model itself", "fetch the model with `git lfs pull`"
    if start.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        return "it is an HTML page, probably an error or log-in page saved under this name", _DOWNLOAD
    if start.startswith((b"PK\x03\x04", b"\x80\x02")):
        return "it is a pickled torch file", "give it its .ckpt name back, or convert it to safetensors"
    if start.startswith(b"GGUF"):
        return "it is a GGUF file", "use the safetensors version of the model"
    if size < 8 or (size > 8 and start[8:9] != b"{"):
        return "it is not a safetensors file", "use a .safetensors checkpoint"
    return None


def _parse(text: bytes) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    try:
        entries: object = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except RecursionError as error:
        raise _Malformed("its header nests too deeply") from error
    except UnicodeDecodeError as error:
        raise _Malformed("its header is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _Malformed(f"its header is not JSON ({error.msg} at {error.pos})") from error
    except ValueError as error:
        raise _Malformed(str(error)) from error
    fields = _mapping(entries, "the header")
    metadata = _mapping(fields.pop(_METADATA, {}), _METADATA)
    if not all(isinstance(value, str) for value in metadata.values()):
        raise _Malformed(f"{_METADATA} holds something that is not text")
    return {name: _tensor(name, entry) for name, entry in fields.items()}, metadata


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Malformed(f"its header names {name!r} twice")
        found[name] = value
    return found


def _no_constant(name: str) -> None:
    raise _Malformed(f"its header holds {name}")


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Malformed(f"{what} is no JSON object")
    return cast("dict[str, Any]", value)


def _tensor(name: str, entry: object) -> TensorInfo:
    _check_name(name)
    fields = _mapping(entry, f"the entry of {name!r}")
    if fields.keys() != {"dtype", "shape", "data_offsets"}:
        raise _Malformed(
            f"the entry of {name!r} needs dtype, shape and data_offsets, and has {sorted(fields)}"
        )
    dtype, shape = fields["dtype"], _counts(name, "shape", fields["shape"])
    start, end, *more = (*_counts(name, "data_offsets", fields["data_offsets"]), -1, -1)
    if len(more) != 2 or not start <= end:
        raise _Malformed(f"the data_offsets of {name!r} are not a beginning and an end")
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        raise _Malformed(f"{name!r} has the unknown dtype {dtype!r}")
    if prod(shape) * DTYPE_BYTES[dtype] != end - start:
        raise _Malformed(f"{name!r} has {end - start:,} bytes, which {list(shape)} of {dtype} does not fill")
    return TensorInfo(dtype, shape, start, end)


def _check_name(name: str) -> None:
    """Names become attribute paths and messages: no control characters, no way to Python's internals."""
    if not name or not name.isprintable():
        raise _Malformed(f"the tensor name {name!r} is empty or holds unprintable characters")
    if any(part.startswith("__") and part.endswith("__") for part in name.split(".")):
        raise _Malformed(f"the tensor name {name!r} holds a Python-internal name")


def _counts(name: str, what: str, value: object) -> tuple[int, ...]:
    numbers = cast("Sequence[object]", value) if isinstance(value, list) else [None]
    if not all(type(number) is int and 0 <= number < _U64 for number in numbers):
        raise _Malformed(f"the {what} of {name!r} is no list of whole numbers")
    return cast("tuple[int, ...]", tuple(numbers))


def _check_layout(tensors: Mapping[str, TensorInfo]) -> None:
    """Every byte of the data belongs to exactly one tensor: no overlap, no hole."""
    position = 0
    for name, info in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if info.start < position:
            raise _Malformed(f"{name!r} overlaps the tensor before it")
        if info.start > position:
            raise _Malformed(f"{info.start - position:,} bytes before {name!r} belong to no tensor")
        position = info.end


def _check_length(path: Path, tensors: Mapping[str, TensorInfo], present: int) -> None:
    needed = max((info.end for info in tensors.values()), default=0)
    if present < needed:
        reason = f"it is cut short: {needed - present:,} of {needed:,} bytes of tensor data are missing"
        raise CheckpointError(path, reason, _DOWNLOAD)
    if present > needed:
        reason = f"{present - needed:,} bytes at its end belong to no tensor"
        raise CheckpointError(path, reason, f"the file is damaged: {_DOWNLOAD}")
