"""Nodes that attach adapters to models: LoRA and its relatives, hypernetworks."""

import logging
from typing import Annotated, NamedTuple

from diffusion.adapters import Adapter, Attached, Hypernetwork, attach_hypernetwork, attach_lora
from engine.context import Context
from engine.node import node
from engine.types import Files, Range
from nodes.types import Clip, Model

_log = logging.getLogger(__name__)

Strength = Annotated[float, Range(-100.0, 100.0, step=0.01)]


class ModelAndClip(NamedTuple):
    MODEL: Model
    CLIP: Clip


@node("LoraLoader", title="Load LoRA", category="loaders", lane="io")
def lora_loader(
    *,
    model: Model,
    clip: Clip,
    lora_name: Annotated[str, Files("loras")],
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    context: Context,
) -> ModelAndClip:
    """Modify the diffusion and the CLIP model with a LoRA, such as one that teaches a style or a character.

    Several can be linked one after the other. LoRA, LoCon, LoHa, LoKr, DoRA, OFT and full differences, in the
    layouts of kohya, diffusers, PEFT and LyCORIS.

    Args:
        model: The diffusion model the LoRA will be applied to.
        clip: The CLIP model the LoRA will be applied to.
        lora_name: The LoRA file, from the `loras` folders.
        strength_model: How strongly to modify the diffusion model; may be negative.
        strength_clip: How strongly to modify the CLIP model; may be negative.

    Returns:
        MODEL: The modified diffusion model. The one given stays as it is.
        CLIP: The modified CLIP model.
    """
    if strength_model == 0 and strength_clip == 0:
        return ModelAndClip(model, clip)
    adapter = Adapter.read(context.folders.find("loras", lora_name))
    attached = attach_lora(model, clip, adapter, strength_model, strength_clip)
    _tell(attached, lora_name)
    assert attached.model is not None and attached.clip is not None  # as both were given
    return ModelAndClip(attached.model, attached.clip)


@node("LoraLoaderModelOnly", title="LoraLoaderModelOnly", category="loaders", lane="io")
def lora_loader_model_only(
    *,
    model: Model,
    lora_name: Annotated[str, Files("loras")],
    strength_model: Strength = 1.0,
    context: Context,
) -> Model:
    """Modify the diffusion model with a LoRA, and leave the text encoder as it is.

    Args:
        model: The diffusion model the LoRA will be applied to.
        lora_name: The LoRA file, from the `loras` folders.
        strength_model: How strongly to modify the diffusion model; may be negative.
    """
    if strength_model == 0:
        return model
    adapter = Adapter.read(context.folders.find("loras", lora_name))
    attached = attach_lora(model, None, adapter, strength_model)
    _tell(attached, lora_name)
    assert attached.model is not None  # as it was given
    return attached.model


@node("HypernetworkLoader", title="Load Hypernetwork", category="loaders", lane="io")
def hypernetwork_loader(
    *,
    model: Model,
    hypernetwork_name: Annotated[str, Files("hypernetworks")],
    strength: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    context: Context,
) -> Model:
    """Modify the diffusion model with a hypernetwork: small networks before the keys and values of attention.

    Args:
        model: The diffusion model the hypernetwork will be applied to.
        hypernetwork_name: The hypernetwork file, from the `hypernetworks` folders.
        strength: How strongly to modify the model; may be negative.
    """
    path = context.folders.find("hypernetworks", hypernetwork_name)
    return attach_hypernetwork(model, Hypernetwork.read(path), strength)


def _tell(attached: Attached, name: str) -> None:
    """The canvas shows at the node which layers are left out."""
    if (warning := attached.warning(name)) is not None:
        _log.warning(warning)
