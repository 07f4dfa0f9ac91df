"""From a file to a control network: which kind it is shows in the names of its tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.parts import Renamed
from diffusion.checkpoint.tensors import ModelFile
from diffusion.control.applied import ControlModel
from diffusion.control.fused import Fused
from diffusion.control.kinds import T2IControl, UNetControl, UnionControl
from diffusion.control.latents import TransformerControl
from diffusion.control.lora import LoraControl, weights_of
from diffusion.control.names import adapter_names, controlnet_names, transformer_parts
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.control.t2i import T2IAdapter, T2IAdapterConfig
from diffusion.control.transformers import (
    FluxControl,
    FluxControlConfig,
    MMDiTControl,
    MMDiTControlConfig,
)
from diffusion.control.union import UnionConfig, UnionControlNet
from diffusion.layers.convolution import arranged
from diffusion.model import DiffusionModel
from diffusion.placement import Placement, choose_device
from diffusion.precision import Precision

_HINT = "input_hint_block.0.weight"
_PREFIXES = ("control_model.", "")
_LORA, _DIFFERENCE = "lora_controlnet", "difference"
"""Tensors that say what the others are."""
_SHUFFLE = ("_shuffle", "_shuffle_fp16")
"""How files end whose network's outputs are averaged: nothing in them says so."""


@dataclass(frozen=True)
class _Kind:
    """A kind of control network: a tensor that only its files have, and how such a file is read."""

    sign: str
    load: Callable[[ModelFile, torch.dtype, Placement, DiffusionModel | None], ControlModel]


def load_control(
    path: Path,
    *,
    precision: Precision = Precision.AUTO,
    placement: Placement | None = None,
    model: DiffusionModel | None = None,
) -> ControlModel:
    """Load a ControlNet, union ControlNet, Control-LoRA or T2I-Adapter, under original or diffusers' names.

    Those for Stable Diffusion 3 and Flux have diffusers' names.

    Args:
        path: the file.
        precision: which type to compute in.
        placement: where to compute; the best device there is if None.
        model: what the weights of files that hold differences are added to.

    Raises:
        CheckpointError: the file is damaged, incomplete or holds no control network, or it holds differences
            and no model is given.
    """
    placement = Placement(choose_device()) if placement is None else placement
    file = open_model(path)
    names = file.header.tensors
    for kind in _KINDS:
        if kind.sign in names:
            return kind.load(file, precision.dtypes(placement.device).network, placement, model)
    raise CheckpointError(
        path,
        "it holds no ControlNet, Control-LoRA or T2I-Adapter",
        "choose one that does; diffusion models and LoRAs have loaders of their own",
    )


def _controlnet(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> UNetControl:
    names = file.header.tensors
    prefix = next(prefix for prefix in _PREFIXES if f"{prefix}{_HINT}" in names)
    average = file.header.path.stem.endswith(_SHUFFLE)
    if f"{prefix}task_embedding" in names:
        config = sizes(UnionConfig.from_shapes, file, prefix)
        union = assemble(lambda: UnionControlNet(config), file, prefix, dtype, placement.home)
        arranged(union, dtype)
        return UnionControl(union, dtype, placement, average)
    plain = sizes(ControlNetConfig.from_shapes, file, prefix)
    network = assemble(lambda: ControlNet(plain), file, prefix, dtype, placement.home, ignore=(_DIFFERENCE,))
    if _DIFFERENCE in names:
        _add(network, file.header.path, model)
    arranged(network, dtype)
    return UNetControl(network, dtype, placement, average)


def _add(network: nn.Module, path: Path, model: DiffusionModel | None) -> None:
    """Add a model's weights to those of a network stored as differences to it."""
    if model is None:
        raise CheckpointError(path, "its weights are differences to a model's", "use DiffControlNetLoader")
    base = weights_of(model)
    for name, parameter in network.named_parameters():
        if (whole := base.get(name)) is None:
            continue
        if whole.shape != parameter.shape:
            reason = f"it is for a model of other sizes ({name}: {[*parameter.shape]}, not {[*whole.shape]})"
            raise CheckpointError(path, reason, "choose one made for this model")
        # A new tensor: the old one may be a view of the file.
        parameter.data = (parameter.float() + whole.to(parameter.device).float()).to(parameter.dtype)


def _diffusers_controlnet(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> UNetControl:
    return _controlnet(Renamed(file, controlnet_names(file.header.tensors)), dtype, placement, model)


def _control_lora(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> LoraControl:
    names = [name for name in file.header.tensors if name != _LORA]
    if _HINT not in names:
        raise CheckpointError(file.header.path, f"it lacks {_HINT}", "the file is incomplete")
    return LoraControl(file.read(names, dtype, placement.home), dtype, placement)


def _adapter(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> T2IControl:
    config = sizes(T2IAdapterConfig.from_shapes, file, "")
    network = assemble(lambda: T2IAdapter(config), file, "", dtype, placement.home)
    return T2IControl(network, dtype, placement)


def _diffusers_adapter(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> T2IControl:
    return _adapter(Renamed(file, adapter_names(file.header.tensors)), dtype, placement, model)


def _mmdit(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> TransformerControl:
    if "context_embedder.weight" not in file.header.tensors:
        reason = "it is a ControlNet without text, as there are for SD 3.5 large, which is not supported"
        raise CheckpointError(file.header.path, reason, "choose one for SD 3 medium")
    fused = Fused(file, transformer_parts(file.header.shapes()))
    config = sizes(MMDiTControlConfig.from_shapes, fused, "")
    network = assemble(lambda: MMDiTControl(config), fused, "", dtype, placement.home)
    return TransformerControl(network, dtype, placement)


def _flux(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> TransformerControl:
    fused = Fused(file, transformer_parts(file.header.shapes()))
    config = sizes(FluxControlConfig.from_shapes, fused, "")
    network = assemble(lambda: FluxControl(config), fused, "", dtype, placement.home)
    return TransformerControl(network, dtype, placement)


def _of_xlabs(
    file: ModelFile, dtype: torch.dtype, placement: Placement, model: DiffusionModel | None
) -> ControlModel:
    reason = "it is a ControlNet for Flux in XLabs' or MistoLine's layout, which is not supported"
    raise CheckpointError(file.header.path, reason, "choose one in diffusers' layout")


_KINDS = (
    _Kind("double_blocks.0.img_attn.qkv.weight", _of_xlabs),
    _Kind("pos_embed_input.proj.weight", _mmdit),
    _Kind("controlnet_x_embedder.weight", _flux),
    _Kind(_LORA, _control_lora),
    _Kind("controlnet_cond_embedding.conv_in.weight", _diffusers_controlnet),
    *(_Kind(f"{prefix}{_HINT}", _controlnet) for prefix in _PREFIXES),
    _Kind("body.0.block1.weight", _adapter),
    _Kind("body.0.body.0.block1.weight", _adapter),
    _Kind("adapter.body.0.resnets.0.block1.weight", _diffusers_adapter),
)
