"""TAESD files: encoder and decoder in a file each as published, both in one, or by diffusers' names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from diffusion.autoencoder import Vae
from diffusion.checkpoint.assemble import assemble
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.loader import open_model
from diffusion.checkpoint.renamed import Renamed
from diffusion.checkpoint.tensors import ModelFile
from diffusion.families.flux import FLUX_LATENT
from diffusion.families.sd3 import SD3_LATENT
from diffusion.model import SD1_LATENT, SDXL_LATENT, LatentFormat
from diffusion.taesd import TinyAutoencoder, TinyConfig, decoder, encoder

ENCODER, DECODER = "taesd_encoder.", "taesd_decoder."
_FIRST, _LAST = {ENCODER: "0.weight", DECODER: "1.weight"}, {ENCODER: "14.weight", DECODER: "19.weight"}
_DIFFUSERS = re.compile(r"(encoder|decoder)\.layers\.(\d+)\.(.+)")
_FORMATS = (SD1_LATENT, SDXL_LATENT, SD3_LATENT, FLUX_LATENT)


def is_tiny(file: ModelFile) -> bool:
    """Whether a file holds a TAESD or half of one."""
    return any(_prefix(_original(file), part) is not None for part in (ENCODER, DECODER))


def tiny_vae(file: ModelFile, dtype: torch.dtype, device: torch.device) -> Vae:
    """The autoencoder in a file, or in that and the other half beside it: `X_encoder` and `X_decoder`.

    Whose latents it makes shows in the file's name, as published: taesd, taesdxl, taesd3 or taef1. Under any
    other, those of SD 1.x or, with 16 channels, of SD 3.

    Raises:
        CheckpointError: a half is missing, or tensors are.
    """
    encoding, decoding = _half(file, ENCODER), _half(file, DECODER)
    channels = decoding.header.tensors[f"{_prefix(decoding, DECODER)}{_FIRST[DECODER]}"].shape[1]
    kind = latent_format_of(file.header.path, channels)
    config = TinyConfig(channels, kind.scale, kind.shift)
    coder = _part(encoding, ENCODER, lambda: encoder(channels), dtype, device)
    return Vae(TinyAutoencoder(config, coder, _decoder(decoding, channels, dtype, device)), dtype, device)


def load_tiny_decoder(path: Path, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """The decoder alone: latents in model space [B, C, H, W] to pixels [B, 3, 8H, 8W], about 0..1.

    Raises:
        CheckpointError: the file is damaged or holds no TAESD decoder.
    """
    file = _half(open_model(path), DECODER)
    channels = file.header.tensors[f"{_prefix(file, DECODER)}{_FIRST[DECODER]}"].shape[1]
    return _decoder(file, channels, dtype, device)


def latent_format_of(path: Path, channels: int) -> LatentFormat:
    """Whose latents a TAESD of this name and number of channels makes."""
    stem = re.split(r"[_.]", path.name.lower())[0]
    named = (each for each in _FORMATS if each.taesd == stem and each.channels == channels)
    return next(named, SD3_LATENT if channels == SD3_LATENT.channels else SD1_LATENT)


def _decoder(file: ModelFile, channels: int, dtype: torch.dtype, device: torch.device) -> nn.Module:
    return _part(file, DECODER, lambda: decoder(channels), dtype, device)


def _part(
    file: ModelFile, part: str, build: Callable[[], nn.Module], dtype: torch.dtype, device: torch.device
) -> nn.Module:
    prefix = _prefix(file, part)
    if prefix is None:
        raise _missing(file.header.path, part)
    return assemble(build, file, prefix, dtype, device)


def _half(file: ModelFile, part: str) -> ModelFile:
    """The file with one half of a TAESD: this one, or its neighbour named after that half."""
    file = _original(file)
    if _prefix(file, part) is not None:
        return file
    path = file.header.path
    words = {ENCODER: "encoder", DECODER: "decoder"}
    other = words[DECODER if part == ENCODER else ENCODER]
    stem = path.stem.replace(other, words[part])
    beside = next((found for found in sorted(path.parent.glob(f"{stem}.*")) if found != path), None)
    if beside is None:
        raise _missing(path, part)
    half = _original(open_model(beside))
    if _prefix(half, part) is None:
        raise _missing(beside, part)
    return half


def _missing(path: Path, part: str) -> CheckpointError:
    word = part.removeprefix("taesd_").rstrip(".")
    return CheckpointError(
        path,
        f"there is no TAESD {word} in it",
        f"put taesd_{word}.safetensors and its other half side by side",
    )


def _prefix(file: ModelFile, part: str) -> str | None:
    """What the names of one half begin with; None if the file does not hold it."""
    names = file.header.tensors
    return next(
        (p for p in (part, "") if f"{p}{_FIRST[part]}" in names and f"{p}{_LAST[part]}" in names), None
    )


def _original(file: ModelFile) -> ModelFile:
    """The file by the published names: diffusers counts a decoder's layers from behind the clamp."""
    renamed: dict[str, str] = {}
    for name in file.header.tensors:
        if match := _DIFFUSERS.fullmatch(name):
            number = int(match[2]) + (match[1] == "decoder")
            renamed[f"taesd_{match[1]}.{number}.{match[3]}"] = name
    return Renamed(file, renamed) if renamed else file
