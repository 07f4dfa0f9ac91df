"""Upscalers from files: ESRGAN and compact Real-ESRGAN ourselves, every other architecture by spandrel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.loader import open_model
from diffusion.checkpoint.renamed import Renamed
from diffusion.checkpoint.tensors import ModelFile
from diffusion.placement import Placement
from diffusion.upscaling.compact import Compact, CompactConfig
from diffusion.upscaling.esrgan import NAMINGS, Esrgan, EsrganConfig
from diffusion.upscaling.upscaler import Upscaler

EXTRA = "pip install 'darkroom[upscale]'"
_WRAPPER = "module."
"""What training on several devices puts before every name."""


def load_upscaler(path: Path, placement: Placement) -> Upscaler:
    """Load an upscaling network; which one it is shows in its tensors.

    Args:
        path: the file.
        placement: where it will compute.

    Raises:
        CheckpointError: the file is damaged, holds no upscaler, or one that takes the package spandrel, which
            is not installed.
    """
    file = _unwrapped(open_model(path))
    names = file.header.tensors
    for mark, naming in NAMINGS.items():
        if mark in names:
            rename = naming(names)
            return _esrgan(Renamed(file, {rename(name): name for name in names}), placement)
    if "body.0.weight" in names and "body.1.weight" in names:
        return _compact(file, placement)
    return _by_spandrel(file, placement)


def _unwrapped(file: ModelFile) -> ModelFile:
    names = file.header.tensors
    if not all(name.startswith(_WRAPPER) for name in names):
        return file
    return Renamed(file, {name.removeprefix(_WRAPPER): name for name in names})


def _esrgan(file: ModelFile, placement: Placement) -> Upscaler:
    config = sizes(EsrganConfig.from_shapes, file, "")
    network = assemble(lambda: Esrgan(config), file, "", torch.float32, placement.home)
    return Upscaler(network, config.scale, config.pixel_channels, "ESRGAN", placement)


def _compact(file: ModelFile, placement: Placement) -> Upscaler:
    config = sizes(CompactConfig.from_shapes, file, "")
    network = assemble(lambda: Compact(config), file, "", torch.float32, placement.home)
    return Upscaler(network, config.scale, config.pixel_channels, "Real-ESRGAN compact", placement)


def _by_spandrel(file: ModelFile, placement: Placement) -> Upscaler:
    path = file.header.path
    load = _spandrel(path)
    tensors = file.read(file.header.tensors, torch.float32, torch.device("cpu"))
    try:
        found = load(tensors)
    except Exception as error:
        reason = f"it holds no upscaler that is known: {error}"
        raise CheckpointError(path, reason, "choose an upscaling model, such as RealESRGAN_x4plus") from error
    if not hasattr(found, "purpose") or found.purpose == "Inpainting":
        reason = f"{found.architecture.name} does not make a picture of a picture alone"
        raise CheckpointError(path, reason, "choose an upscaling model, such as RealESRGAN_x4plus")
    found.model.to(placement.home).eval()
    return Upscaler(
        _Described(found, found.model), found.scale, found.input_channels, found.architecture.name, placement
    )


@dataclass(frozen=True)
class _Described:
    """What spandrel loads: a network, and how to call it with a picture of any size."""

    call: Callable[[Tensor], Tensor]
    module: nn.Module

    def __call__(self, pixels: Tensor) -> Tensor:
        return self.call(pixels)


def _spandrel(path: Path) -> Callable[[Mapping[str, Tensor]], Any]:
    """spandrel's loader of named tensors."""
    try:
        spandrel = import_module("spandrel")
    except (ImportError, RuntimeError) as error:  # torchvision raises RuntimeError beside another torch
        reason = f"it is neither ESRGAN nor compact Real-ESRGAN, and spandrel cannot be used: {error}"
        raise CheckpointError(path, reason, f"install spandrel, which knows the others: {EXTRA}") from error
    return spandrel.ModelLoader().load_from_state_dict
