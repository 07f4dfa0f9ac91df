"""Read tensors from safetensors files, in the type and on the device they are needed.

A tensor already in its type stays a view of the memory-mapped file: it costs no memory of its own, and pages
come in as they are used. Anything else is read into one small buffer and converted from there, in the order
of the file, so that neither the file's pages nor a second copy of the weights count against this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError, Header, read_header

TORCH_TYPES: Mapping[str, torch.dtype] = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "U16": torch.uint16,
    "I32": torch.int32,
    "U32": torch.uint32,
    "I64": torch.int64,
    "U64": torch.uint64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
"""What headers of safetensors files call the types of tensors."""
_BLOCK = 2**19
"""Elements converted at a time from float16 to bfloat16: few enough to stay in the cache, many enough to be
shared among threads."""


class ModelFile(Protocol):
    """A file of named tensors."""

    @property
    def header(self) -> Header: ...

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        ...


class SafetensorsFile:
    """A safetensors file whose header has been checked."""

    def __init__(self, path: Path) -> None:
        self.header = read_header(path)

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        names = sorted(names, key=lambda name: self.header.tensors[name].start)
        mapped = [name for name in names if self._stored_type(name) == dtype]
        read = [name for name in names if self._stored_type(name) != dtype]
        try:
            return {**self._map(mapped, device), **self._convert(read, dtype, device)}
        except (SafetensorError, OSError) as error:
            raise CheckpointError(self.header.path, str(error), "download the file again") from error

    def _stored_type(self, name: str) -> torch.dtype:
        return TORCH_TYPES[self.header.tensors[name].dtype]

    def _map(self, names: Sequence[str], device: torch.device) -> dict[str, Tensor]:
        opened: Any = safe_open(self.header.path, framework="pt")
        with opened as file:
            return {name: file.get_tensor(name).to(device) for name in names}

    def _convert(self, names: Sequence[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        infos = self.header.tensors
        largest = max((infos[name].end - infos[name].start for name in names), default=0)
        buffer = torch.empty(largest, dtype=torch.uint8)
        found: dict[str, Tensor] = {}
        with self.header.path.open("rb", buffering=0) as file:
            for name in names:
                info = infos[name]
                raw = buffer[: info.end - info.start]
                file.seek(self.header.data_start + info.start)
                if file.readinto(raw.numpy().data) != raw.numel():
                    raise OSError(f"the file ended within {name!r}")
                stored = raw.view(self._stored_type(name)).view(info.shape)
                found[name] = convert(stored, dtype, device, copy=True)
        return found


def convert(tensor: Tensor, dtype: torch.dtype, device: torch.device, *, copy: bool = False) -> Tensor:
    """The tensor on `device`, as `dtype` if it is a floating-point one; `copy` even where nothing changes."""
    if not tensor.is_floating_point():
        return tensor.to(device, copy=copy)
    if tensor.dtype in (torch.float16, torch.bfloat16) and device.type == "cuda":
        # Asked for both at once, torch converts on the CPU: slowly, or with twice as much to move.
        return tensor.to(device, copy=copy).to(dtype)
    if tensor.dtype == torch.float16 and dtype == torch.bfloat16:
        return _half_to_bfloat(tensor).to(device)
    return tensor.to(device, dtype, copy=copy)


def _half_to_bfloat(tensor: Tensor) -> Tensor:
    """torch converts float16 to bfloat16 element by element; by way of float32 it is faster."""
    flat = tensor.reshape(-1)
    converted = torch.empty_like(flat, dtype=torch.bfloat16)
    between = torch.empty(min(_BLOCK, flat.numel()), dtype=torch.float32)
    for start in range(0, flat.numel(), _BLOCK):
        source = flat[start : start + _BLOCK]
        converted[start : start + _BLOCK] = between[: source.numel()].copy_(source)
    return converted.view(tensor.shape)
