"""From a checkpoint file to the three things a graph works with: model, text encoder and autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import CLIPTextModel

from diffusion.autoencoder import Vae
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.identify import identify
from diffusion.checkpoint.pickled import SUFFIXES, PickledFile
from diffusion.checkpoint.tensors import ModelFile, SafetensorsFile
from diffusion.families import Family
from diffusion.model import DiffusionModel
from diffusion.placement import choose_device
from diffusion.precision import Precision
from diffusion.text import Embeddings, TextEncoder, no_embeddings, text_config
from diffusion.tokens import ClipTokenizer
from diffusion.unet import UNet, UNetConfig
from diffusion.vae import AutoencoderKL, VAEConfig


@dataclass(frozen=True)
class Checkpoint:
    """The parts of a loaded checkpoint and the name of its family."""

    model: DiffusionModel
    clip: TextEncoder
    vae: Vae
    family: str


def open_model(path: Path) -> ModelFile:
    """Open a model file by its suffix; safetensors unless it is one of the pickled kinds.

    Raises:
        CheckpointError: the file is missing, damaged or not what its name says.
    """
    return PickledFile(path) if path.suffix.lower() in SUFFIXES else SafetensorsFile(path)


def load(
    path: Path,
    *,
    precision: Precision = Precision.AUTO,
    device: torch.device | None = None,
    embeddings: Embeddings = no_embeddings,
) -> Checkpoint:
    """Load a single-file checkpoint of any supported family.

    Tensors already in the type they are computed in stay views of the memory-mapped file, so it must
    not change while the checkpoint is in use.

    Args:
        path: a .safetensors file, or a .ckpt one that holds nothing but tensors.
        precision: which types to compute in.
        device: where to compute; the best device there is if None.
        embeddings: where prompts find their `embedding:name`.

    Raises:
        CheckpointError: the file is damaged, of an unknown family, or incomplete.
    """
    file = open_model(path)
    family = identify(file.header).family
    device = choose_device() if device is None else device
    dtypes = precision.dtypes(device)
    return Checkpoint(
        model=_model(file, family, dtypes.network, device),
        clip=_clip(file, family, dtypes.text, device, embeddings),
        vae=_vae(file, family, dtypes.vae, device),
        family=family.name,
    )


def _model(file: ModelFile, family: Family, dtype: torch.dtype, device: torch.device) -> DiffusionModel:
    config = sizes(UNetConfig.from_shapes, file, family.network_prefix)
    network = assemble(lambda: UNet(config), file, family.network_prefix, dtype, device)
    return DiffusionModel(
        network=network,
        prediction=family.prediction(),
        latent_format=family.latent_format,
        dtype=dtype,
        device=device,
    )


def _clip(
    file: ModelFile, family: Family, dtype: torch.dtype, device: torch.device, embeddings: Embeddings
) -> TextEncoder:
    config = sizes(text_config, file, family.text_prefix)
    model = assemble(
        lambda: CLIPTextModel(config),
        file,
        family.text_prefix,
        dtype,
        device,
        ignore=("embeddings.position_ids",),
    )
    return TextEncoder(model, ClipTokenizer(), embeddings, family.embedding_key)


def _vae(file: ModelFile, family: Family, dtype: torch.dtype, device: torch.device) -> Vae:
    config = sizes(VAEConfig.from_shapes, file, family.vae_prefix)
    module = assemble(
        lambda: AutoencoderKL(config), file, family.vae_prefix, dtype, device, ignore=("loss.",)
    )
    return Vae(module, dtype, device)
