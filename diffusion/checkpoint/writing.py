"""From loaded parts back to the published single-file layout: the inverse of the loader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.checkpoint.tensors import TORCH_TYPES
from diffusion.families import FAMILIES, Family
from diffusion.families.naming import Naming, published
from diffusion.families.sdxl import DEVIATION, MEAN
from diffusion.model import DiffusionModel
from diffusion.placement import home_of, module_of
from diffusion.prediction import Edm, V
from diffusion.text import T5_KEY, TextEncoder
from diffusion.timesteps import LogContinuous

_NOTHING_BUT_NOISE = 1000.0
"""The noise level at the end of schedules rescaled to zero terminal SNR is above it, of others far below."""


_ALIGNMENT = 8
"""Headers are filled up with spaces to a multiple of it, in bytes."""
_NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in TORCH_TYPES.items()}


class Unwritable(ValueError):
    """These parts make no file of a published layout; the message says why."""


def checkpoint_tensors(model: DiffusionModel, clip: TextEncoder | None, vae: Vae | None) -> dict[str, Tensor]:
    """All tensors of a single-file checkpoint by name, with whatever is attached to the parts worked in.

    Args:
        model: of a known family, which says how the file is laid out.
        clip: its text encoders; None leaves them out.
        vae: its autoencoder; None leaves it out.

    Raises:
        Unwritable: the model's family is unknown, or the text encoder is not one of its family.
    """
    family = family_of(model)
    tensors = {f"{family.network_prefix}{name}": value for name, value in network_tensors(model).items()}
    if clip is not None:
        for key, state in text_tensors(clip).items():
            prefix, naming = _place(key, family)
            tensors.update({f"{prefix}{name}": value for name, value in stored(state, naming).items()})
    if vae is not None:
        tensors.update({f"{family.vae_prefix}{name}": value for name, value in vae_tensors(vae).items()})
    return {**tensors, **_markers(model, family)}


def network_tensors(model: DiffusionModel) -> dict[str, Tensor]:
    """The network's tensors by the published names, without the prefix."""
    return _state(model.network)


def vae_tensors(vae: Vae) -> dict[str, Tensor]:
    """The autoencoder's tensors by the published names, without the prefix."""
    return _state(vae.module)


def text_tensors(clip: TextEncoder) -> dict[str, dict[str, Tensor]]:
    """The tensors of each text encoder by its key, under the names of files that hold nothing else."""
    return {key: _state(part.model) for key, part in clip.parts.items()}


def stored(state: Mapping[str, Tensor], naming: Naming) -> dict[str, Tensor]:
    """A module's tensors under the names of a layout, joined and transposed as that has them."""
    sources = naming({name: tuple(value.shape) for name, value in state.items()})
    joined: dict[str, dict[int, Tensor]] = {}
    for name, value in state.items():
        if name not in sources:
            raise Unwritable(f"the layout has no name for {name}")
        source = sources[name]
        joined.setdefault(source.name, {})[source.part] = value.T if source.transposed else value
    return {
        name: parts[0] if len(parts) == 1 else torch.cat([parts[n] for n in sorted(parts)])
        for name, parts in joined.items()
    }


def write_safetensors(file: IO[bytes], tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file tensor by tensor, so that no second copy of a model is ever in memory.

    Raises:
        Unwritable: a tensor has a type the format lacks.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, tensor in tensors.items():
        if tensor.dtype not in _NAMES:
            raise Unwritable(f"{name} is {tensor.dtype}, which safetensors files cannot hold")
        start, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for tensor in tensors.values():
        file.write(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)


def _state(network: Any) -> dict[str, Tensor]:
    module = module_of(network)
    if module is None:
        raise Unwritable(f"a {type(network).__name__} has no weights to save")
    return {name: home_of(value).detach() for name, value in module.state_dict(keep_vars=True).items()}


def family_of(model: DiffusionModel) -> Family:
    """The family whose layout a model is written in.

    Raises:
        Unwritable: it is of none.
    """
    found = next((family for family in FAMILIES if family.title == model.family), None)
    if found is None:
        raise Unwritable(
            f"the model is {model.family or 'of no known family'}, whose checkpoints cannot be written: "
            "load it with one of the loaders of this program"
        )
    return found


def _place(key: str, family: Family) -> tuple[str, Naming]:
    """Prefix and naming of a text encoder in a checkpoint of the family."""
    if key == T5_KEY and family.t5 is not None:
        return family.t5.prefix, published
    for row in (*family.towers, *family.bundled):
        if row.key == key:
            return row.prefix, row.naming
    known = ", ".join(_keys(family))
    raise Unwritable(f"a checkpoint of {family.title} has no text encoder {key!r}, only {known}")


def _keys(family: Family) -> Iterable[str]:
    yield from (row.key for row in (*family.towers, *family.bundled))
    if family.t5 is not None:
        yield T5_KEY


def _markers(model: DiffusionModel, family: Family) -> dict[str, Tensor]:
    """The tensors by which SDXL files say what they predict, and over which noise levels or latents."""
    prediction = model.prediction
    if family.sizes and isinstance(prediction, Edm) and model.latent_format.means:
        statistics = {MEAN: model.latent_format.means, DEVIATION: model.latent_format.deviations}
        return {name: torch.tensor(values).reshape(1, -1, 1, 1) for name, values in statistics.items()}
    if not family.sizes or not isinstance(prediction, V):
        return {}
    if isinstance(prediction.timesteps, LogContinuous):
        ends = {"sigma_min": prediction.timesteps.sigma_min, "sigma_max": prediction.sigma_max}
        return {f"edm_vpred.{name}": sigma.reshape(()).clone() for name, sigma in ends.items()}
    ends_in_noise = float(prediction.sigma_max) > _NOTHING_BUT_NOISE
    return {"v_pred": torch.zeros(0), **({"ztsnr": torch.zeros(0)} if ends_in_noise else {})}
