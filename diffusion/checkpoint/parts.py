"""Parts of models from files of their own: a network, text encoders, an autoencoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import torch
from torch import nn

from diffusion.autoencoder import Vae
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.diffusers_names import vae_names
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.identify import identify
from diffusion.checkpoint.loader import load_network, load_t5, load_tower, open_model
from diffusion.checkpoint.renamed import Renamed
from diffusion.checkpoint.tensors import ModelFile
from diffusion.checkpoint.tiny import is_tiny, tiny_vae
from diffusion.clip_text import ClipTower
from diffusion.families import FAMILIES, Family
from diffusion.families.family import T5Row, TextTower
from diffusion.families.flux import FLUX
from diffusion.families.naming import openclip
from diffusion.families.sd1 import NETWORK, SD1, VECTOR
from diffusion.families.sd2 import SD2
from diffusion.families.sd3 import SD3
from diffusion.families.sdxl import DEVIATION, MEAN, SDXL, SDXL_REFINER
from diffusion.model import DiffusionModel
from diffusion.placement import choose_device
from diffusion.precision import Precision
from diffusion.storage import store
from diffusion.t5 import T5Tower
from diffusion.text import Embeddings, Join, Separate, Stacked, TextEncoder, no_embeddings, side_by_side
from diffusion.vae import VAEConfig
from diffusion.vectors import SIZE_WIDTH
from diffusion.vq import autoencoder as autoencoder_of

_POOLED = 1280
"""Width of the text that SDXL and its refiner take in their vector."""
_VAE_PREFIXES = ("first_stage_model.", "vae.", "")


# --- networks ------------------------------------------------------------------------------------


def load_diffusion_model(
    path: Path,
    *,
    precision: Precision = Precision.AUTO,
    device: torch.device | None = None,
    stored: torch.dtype | None = None,
) -> DiffusionModel:
    """Load the network of any supported family, with or without a checkpoint's prefix before its names.

    Args:
        path: the file.
        precision: which type to compute in.
        device: where to compute; the best device there is if None.
        stored: what type the weights of linear layers are kept in, if it is not the one computed in.

    Raises:
        CheckpointError: the file is damaged, of an unknown family, or incomplete.
    """
    model = diffusion_model(open_model(path), precision, choose_device() if device is None else device)
    if stored is not None and isinstance(model.network, nn.Module):
        store(model.network, stored)
    return model


def diffusion_model(file: ModelFile, precision: Precision, device: torch.device) -> DiffusionModel:
    """As `load_diffusion_model`, from a model file that is open already."""
    names = file.header.tensors
    if not any(name.startswith(NETWORK) for name in names):
        file = Renamed(file, {name if _marks(name) else f"{NETWORK}{name}": name for name in names})
    # What the paper's models read is not to be seen in their networks alone: they load as checkpoints.
    known = tuple(_bare(family) for family in FAMILIES if family.conditioner is None)
    family = identify(file.header, known, network=True).family
    return load_network(file, family, precision.dtypes(device).network, device)


def _bare(family: Family) -> Family:
    """The family as its network alone shows it."""
    required = tuple(
        each for each in family.required if each.name.startswith(family.network_prefix) or _marks(each.name)
    )
    if family.sizes:  # no text encoder shows how much of the vector is pooled text
        vector = (None, _POOLED + SIZE_WIDTH * family.sizes)
        required = (*required, replace(VECTOR, shape=vector))
    return replace(family, towers=(), required=required)


def _marks(name: str) -> bool:
    """Whether a tensor is of no part of a model, but says something of it all, as `edm_mean` does."""
    return name in (MEAN, DEVIATION)


# --- text encoders -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """What a kind of model reads: its text towers, T5, and how their encodings become one."""

    towers: tuple[TextTower, ...]
    t5: T5Row | None = None
    join: Join = side_by_side


TEXT_KINDS: Mapping[str, _Kind] = {
    "stable_diffusion": _Kind((*SD1.towers, *SD2.towers, *SDXL_REFINER.towers)),
    "sdxl": _Kind(SDXL.towers),
    "sd3": _Kind(SD3.bundled, SD3.t5, Stacked()),
    "flux": _Kind(FLUX.bundled, FLUX.t5, Separate()),
}
"""By the words of the loader nodes. Of the first kind, a model has one tower."""

_LAYERS_L, _LAYERS_H = 12, 24
"""A CLIP of more layers than that is the next larger: L, H, G."""
_EMBEDDING = TextTower.table
_OPENCLIP_EMBEDDING = "token_embedding.weight"


def load_text_encoder(
    paths: Sequence[Path],
    kind: str,
    *,
    precision: Precision = Precision.AUTO,
    device: torch.device | None = None,
    embeddings: Embeddings = no_embeddings,
) -> TextEncoder:
    """Load text encoders from files of their own, in any order; which one each is shows in its tensors.

    Args:
        paths: the files.
        kind: what model they are for, one of `TEXT_KINDS`.
        precision: which types to compute in.
        device: where to compute; the best device there is if None.
        embeddings: where prompts find their `embedding:name`.

    Raises:
        CheckpointError: a file is damaged, no text encoder, one of another model, or a second of a kind.
    """
    device = choose_device() if device is None else device
    wanted, dtypes = TEXT_KINDS[kind], precision.dtypes(device)
    towers: dict[str, ClipTower] = {}
    t5: T5Tower | None = None
    for path in paths:
        file = open_model(path)
        key = _encoder(file)
        row = next((row for row in wanted.towers if row.key == key), None)
        if key in towers or (key == "t5" and t5 is not None):
            raise CheckpointError(path, f"it is a second {_TITLES[key]}", "choose a file of each encoder")
        if key == "t5" and wanted.t5 is not None:
            t5 = load_t5(file, replace(wanted.t5, prefix=""), dtypes, device, embeddings)
        elif row is not None:
            towers[key] = load_tower(file, _own(row, file), dtypes.text, device, embeddings)
        else:
            read = [_TITLES[tower.key] for tower in wanted.towers] + ["T5"] * (wanted.t5 is not None)
            reason = f"it is {_TITLES[key]}, which models of type {kind} do not read"
            raise CheckpointError(path, reason, f"choose another type, or one of {', '.join(read)}")
    ordered = {row.key: towers[row.key] for row in wanted.towers if row.key in towers}
    join = wanted.join
    if t5 is not None and isinstance(join, Stacked | Separate):
        join = replace(join, width=t5.width)
    return TextEncoder(ordered, join, t5)


_TITLES = {"l": "CLIP-L", "h": "OpenCLIP-H", "g": "OpenCLIP-G", "t5": "T5"}


def _encoder(file: ModelFile) -> str:
    """Which encoder a file holds: l, h, g or t5."""
    names = file.header.tensors
    if "encoder.block.0.layer.0.SelfAttention.q.weight" in names:
        return "t5"
    stems = {_EMBEDDING: "text_model.encoder.layers", _OPENCLIP_EMBEDDING: "transformer.resblocks"}
    for embedding, stem in stems.items():
        if embedding in names:
            layers = next(n for n in count() if not any(name.startswith(f"{stem}.{n}.") for name in names))
            return "l" if layers <= _LAYERS_L else "h" if layers <= _LAYERS_H else "g"
    raise CheckpointError(
        file.header.path,
        "it is no CLIP or T5 text encoder",
        "choose a file with one, such as clip_l.safetensors",
    )


def _own(row: TextTower, file: ModelFile) -> TextTower:
    """A family's row, for a tower in a file of its own: under the names of transformers or of OpenCLIP."""
    if _OPENCLIP_EMBEDDING in file.header.tensors:
        return replace(row, prefix="", naming=openclip, table=_OPENCLIP_EMBEDDING)
    projection = None if row.projection is None else "text_projection.weight"
    return replace(row, prefix="", naming=TextTower.naming, table=_EMBEDDING, projection=projection)


# --- autoencoders --------------------------------------------------------------------------------


def load_vae(path: Path, *, precision: Precision = Precision.AUTO, device: torch.device | None = None) -> Vae:
    """Load an autoencoder: by its original names, with or without a checkpoint's prefix, or by diffusers'.

    Raises:
        CheckpointError: the file is damaged or holds no autoencoder.
    """
    return autoencoder(open_model(path), precision, choose_device() if device is None else device)


def autoencoder(file: ModelFile, precision: Precision, device: torch.device) -> Vae:
    """As `load_vae`, from a model file that is open already."""
    path, names, dtype = file.header.path, file.header.tensors, precision.dtypes(device).vae
    if is_tiny(file):
        return tiny_vae(file, dtype, device)
    if "encoder.down_blocks.0.resnets.0.conv1.weight" in names:
        file = Renamed(file, vae_names(list(names)))
    prefix = next((p for p in _VAE_PREFIXES if f"{p}decoder.conv_in.weight" in file.header.tensors), None)
    if prefix is None:
        raise CheckpointError(path, "it holds no autoencoder", "choose a VAE, such as ae.safetensors")
    config = sizes(VAEConfig.from_shapes, file, prefix)
    ignore = ("loss.", "model_ema.")
    module = assemble(lambda: autoencoder_of(config), file, prefix, dtype, device, ignore=ignore)
    return Vae(module, dtype, device)
