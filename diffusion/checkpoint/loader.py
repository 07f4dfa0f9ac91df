"""From a checkpoint file to the three things a graph works with: model, text encoder and autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import CLIPTextConfig

from diffusion.autoencoder import Vae
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.conditioners import averaged, load_conditioner
from diffusion.checkpoint.float8 import with_scales
from diffusion.checkpoint.folder import DiffusersFolder
from diffusion.checkpoint.identify import identify
from diffusion.checkpoint.pickled import SUFFIXES, PickledFile
from diffusion.checkpoint.tensors import ModelFile, SafetensorsFile
from diffusion.checkpoint.vocabulary import read_vocabulary
from diffusion.clip_text import ClipText, ClipTower, text_config
from diffusion.families import FAMILIES, Family
from diffusion.families.family import T5Row, TextTower
from diffusion.families.naming import Shape
from diffusion.layers.convolution import arranged
from diffusion.model import DiffusionModel
from diffusion.placement import choose_device
from diffusion.precision import Dtypes, Precision
from diffusion.t5 import T5, T5Config, T5Tower
from diffusion.t5_tokens import T5Tokenizer
from diffusion.text import Embeddings, TextEncoder, no_embeddings
from diffusion.tokens import ClipTokenizer
from diffusion.vae import VAEConfig
from diffusion.vq import autoencoder

_NO_PART_OF_CLIP = ("text_model.embeddings.position_ids", "logit_scale")
"""Counting numbers that old versions of transformers saved, and the scale of CLIP's training loss."""
_NO_PART_OF_T5 = ("encoder.embed_tokens.", "logit_scale", "spiece_model")
"""The token embedding once more, a number that no T5 has, and the vocabulary."""


@dataclass(frozen=True)
class Checkpoint:
    """The parts of a loaded checkpoint and the name of its family."""

    model: DiffusionModel
    clip: TextEncoder
    vae: Vae
    family: str


def open_model(path: Path) -> ModelFile:
    """Open a model: a diffusers folder, a pickled file by its suffix, or else a safetensors file.

    Raises:
        CheckpointError: the file is missing, damaged or not what its name says.
    """
    if path.is_dir():
        return DiffusersFolder(path)
    return with_scales(PickledFile(path) if path.suffix.lower() in SUFFIXES else SafetensorsFile(path))


def load(
    path: Path,
    *,
    precision: Precision = Precision.AUTO,
    device: torch.device | None = None,
    embeddings: Embeddings = no_embeddings,
) -> Checkpoint:
    """Load a checkpoint of any supported family, from a single file or a diffusers folder.

    Tensors already in the type they are computed in stay views of the memory-mapped file, so it must
    not change while the checkpoint is in use.

    Args:
        path: a .safetensors file, a .ckpt one that holds nothing but tensors, or a folder with
            `model_index.json`.
        precision: which types to compute in.
        device: where to compute; the best device there is if None.
        embeddings: where prompts find their `embedding:name`.

    Raises:
        CheckpointError: the file is damaged, of an unknown family, or incomplete.
    """
    device = choose_device() if device is None else device
    return load_file(open_model(path), precision, device, embeddings)


def load_file(
    file: ModelFile, precision: Precision, device: torch.device, embeddings: Embeddings = no_embeddings
) -> Checkpoint:
    """As `load`, from a model file that is open already."""
    known = file.families(FAMILIES) if isinstance(file, DiffusersFolder) else FAMILIES
    family = identify(file.header, known).family
    dtypes = precision.dtypes(device)
    return Checkpoint(
        model=load_network(file, family, dtypes.network, device),
        clip=_text(file, family, dtypes, device, embeddings),
        vae=_vae(file, family, dtypes.vae, device),
        family=family.name,
    )


def load_network(file: ModelFile, family: Family, dtype: torch.dtype, device: torch.device) -> DiffusionModel:
    """Load the network of a family.

    Raises:
        CheckpointError: its tensors are incomplete, or of other shapes than the family's network has.
    """
    if family.conditioner is not None:
        file = averaged(file, family.network_prefix)
    config = sizes(family.network.sizes, file, family.network_prefix)
    network = assemble(lambda: family.network.build(config), file, family.network_prefix, dtype, device)
    arranged(network, dtype)
    return DiffusionModel(
        network=network,
        prediction=family.prediction(file),
        latent_format=family.latent_format if family.latents is None else family.latents(file),
        dtype=dtype,
        device=device,
        extra=family.completed(family.extra(config), file),
        context_width=config.context_dim,
        family=family.title,
    )


def _text(
    file: ModelFile, family: Family, dtypes: Dtypes, device: torch.device, embeddings: Embeddings
) -> TextEncoder:
    """What text encoders the file holds; the network says how wide the missing ones would be."""
    if family.conditioner is not None:
        return load_conditioner(file, family.conditioner, dtypes.text, device, embeddings)
    names = file.header.tensors
    rows = (*family.towers, *(row for row in family.bundled if f"{row.prefix}{row.table}" in names))
    towers = {row.key: load_tower(file, row, dtypes.text, device, embeddings) for row in rows}
    held = family.t5 is not None and family.t5.table in names
    t5 = load_t5(file, family.t5, dtypes, device, embeddings) if family.t5 is not None and held else None
    return TextEncoder(towers, family.join(sizes(family.network.sizes, file, family.network_prefix)), t5)


def load_t5(
    file: ModelFile,
    row: T5Row,
    dtypes: Dtypes,
    device: torch.device,
    embeddings: Embeddings = no_embeddings,
) -> T5Tower:
    """Load the T5 encoder of a family. The vocabulary is looked for when the first prompt needs it.

    T5-XXL has five billion weights: where the network computes in bfloat16, T5 does as well.

    Raises:
        CheckpointError: its tensors are incomplete, or of other shapes than T5 has.
    """
    dtype = torch.bfloat16 if dtypes.network == torch.bfloat16 else dtypes.text
    config = sizes(T5Config.from_shapes, file, row.prefix)
    model = assemble(lambda: T5(config), file, row.prefix, dtype, device, ignore=_NO_PART_OF_T5)
    return T5Tower(model, T5Tokenizer(lambda: read_vocabulary(file), row.least), embeddings)


def load_tower(
    file: ModelFile,
    row: TextTower,
    dtype: torch.dtype,
    device: torch.device,
    embeddings: Embeddings = no_embeddings,
    *,
    heads: int | None = None,
) -> ClipTower:
    """Load one text tower of a family. `heads` is for towers that have not one for every 64 channels.

    Raises:
        CheckpointError: its tensors are incomplete, or of other shapes than a text tower has.
    """

    def config_of(shapes: Mapping[str, Shape]) -> CLIPTextConfig:
        return text_config(shapes, activation=row.activation, heads=heads)

    config = sizes(config_of, file, row.prefix, row.naming)
    model = assemble(
        lambda: ClipText(config), file, row.prefix, dtype, device, naming=row.naming, ignore=_NO_PART_OF_CLIP
    )
    tokenizer = ClipTokenizer(pad=row.pad)
    return ClipTower(
        model,
        tokenizer,
        embeddings,
        row.embedding_key,
        layer=row.layer,
        final_norm=row.final_norm,
        projected=row.projection is not None,
    )


def _vae(file: ModelFile, family: Family, dtype: torch.dtype, device: torch.device) -> Vae:
    config = sizes(VAEConfig.from_shapes, file, family.vae_prefix)
    module = assemble(lambda: autoencoder(config), file, family.vae_prefix, dtype, device, ignore=("loss.",))
    return Vae(module, dtype, device)
