"""Put tensors from a file into a network, strictly: nothing missing, nothing left over, every shape right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.tensors import ModelFile
from diffusion.families.naming import Naming, Shape, Source, published

Module = TypeVar("Module", bound=nn.Module)
Config = TypeVar("Config")
_SHOWN = 3
_REMEDY = "the file is incomplete or of another architecture"
_IMPOSSIBLE = (ValueError, IndexError, TypeError, ArithmeticError, RuntimeError)
"""What counting and building with the shapes of a malformed file may raise, here and inside torch."""


def sizes(
    read: Callable[[Mapping[str, Shape]], Config], file: ModelFile, prefix: str, naming: Naming = published
) -> Config:
    """What `read` makes of the shapes under a prefix; it raises KeyError for a name it cannot do without.

    Raises:
        CheckpointError: a name is missing, or a shape impossible.
    """
    stored = file.header.shapes(prefix)
    sources = naming(stored)
    try:
        return read(
            {
                name: source.shape(stored[source.name])
                for name, source in sources.items()
                if source.name in stored
            }
        )
    except KeyError as error:
        name = str(error.args[0])
        reason = f"it lacks {prefix}{sources.get(name, Source(name)).name}"
        raise CheckpointError(file.header.path, reason, "the file is incomplete") from error
    except _IMPOSSIBLE as error:
        raise _no_network(file, prefix, error) from error


def _no_network(file: ModelFile, prefix: str, error: Exception) -> CheckpointError:
    which = f"the tensors under {prefix}" if prefix else "its tensors"
    return CheckpointError(file.header.path, f"{which} have shapes no network has ({error})", _REMEDY)


def assemble(
    build: Callable[[], Module],
    file: ModelFile,
    prefix: str,
    dtype: torch.dtype,
    device: torch.device,
    *,
    naming: Naming = published,
    ignore: tuple[str, ...] = (),
) -> Module:
    """Build a network and give it the tensors of `file` under `prefix`, ready for inference.

    The network is built on the meta device, so its own weights take no time and no memory; the file's tensors
    become its parameters as they are.

    Args:
        build: makes the network.
        file: where the tensors are.
        prefix: what the names in the file begin with.
        dtype: type of the floating-point tensors.
        device: where the network will run.
        naming: which tensor of the file each parameter is, where the names are not the network's own.
        ignore: beginnings of names (after the prefix) that published files carry and no network needs.

    Raises:
        CheckpointError: tensors are missing, unknown, or of another shape than the network's, or no network
            can be built with their sizes.
    """
    try:
        with torch.device("meta"):
            module = build()
    except _IMPOSSIBLE as error:
        raise _no_network(file, prefix, error) from error
    stored = file.header.shapes(prefix)
    known = naming(stored)
    wanted = {
        name: (tuple(value.shape), known.get(name, Source(name)))
        for name, value in module.state_dict().items()
    }
    used = {source.name for _, source in wanted.values()}
    present = {name: shape for name, shape in stored.items() if name in used or not name.startswith(ignore)}
    _compare(file, prefix, wanted, present)
    tensors = file.read([prefix + name for name in used], dtype, device)
    parameters = {name: _part(tensors[prefix + source.name], source) for name, (_, source) in wanted.items()}
    module.load_state_dict(parameters, strict=True, assign=True)
    _number_positions(module, device)
    return module.requires_grad_(False).eval()


def _part(tensor: Tensor, source: Source) -> Tensor:
    """A parameter out of the tensor it is stored in; a view unless it is stored transposed."""
    if source.parts > 1:
        tensor = tensor.chunk(source.parts)[source.part]
    return tensor.T.contiguous() if source.transposed else tensor


def _number_positions(module: nn.Module, device: torch.device) -> None:
    """transformers numbers positions in a buffer that no file holds: built on meta, it has no values yet."""
    for part in module.modules():
        numbers = getattr(part, "position_ids", None)
        if isinstance(numbers, Tensor) and numbers.is_meta:
            part.position_ids = torch.arange(numbers.shape[-1], device=device).expand(1, -1)


def _compare(
    file: ModelFile, prefix: str, wanted: Mapping[str, tuple[Shape, Source]], present: Mapping[str, Shape]
) -> None:
    path = file.header.path
    sources = {source.name: (shape, source) for shape, source in wanted.values()}
    if missing := [prefix + name for name in sources if name not in present]:
        raise CheckpointError(path, f"it lacks {_list(missing)}", _REMEDY)
    if unknown := [prefix + name for name in present if name not in sources]:
        raise CheckpointError(path, f"it holds the unknown {_list(unknown)}", _REMEDY)
    differing = [
        f"{prefix}{name} ({list(present[name])}, not {list(source.stored_shape(shape))})"
        for name, (shape, source) in sources.items()
        if present[name] != source.stored_shape(shape)
    ]
    if differing:
        raise CheckpointError(path, f"of another shape: {_list(differing)}", _REMEDY)


def _list(names: Iterable[str]) -> str:
    names = sorted(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
