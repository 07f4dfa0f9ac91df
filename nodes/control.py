"""Nodes that steer the picture with another one: ControlNets, Control-LoRAs and T2I-Adapters."""

from typing import Annotated, NamedTuple

from diffusion.control import UNION_TYPES, apply_control, load_control, with_mask, with_union_type
from diffusion.placement import Placement
from diffusion.precision import Precision
from engine.context import Context
from engine.node import node
from engine.types import Choices, Files, OptionalInput, Range
from nodes.types import Conditioning, ControlNet, Image, Mask, Model, Vae

ControlFile = Annotated[str, Files("controlnet")]
Strength = Annotated[float, Range(0.0, 10.0, step=0.01)]
Moment = Annotated[float, Range(0.0, 1.0, step=0.001)]


class BothSides(NamedTuple):
    positive: Conditioning
    negative: Conditioning


@node("ControlNetLoader", title="Load ControlNet Model", category="loaders", lane="io")
def control_net_loader(*, control_net_name: ControlFile, context: Context) -> ControlNet:
    """Load a network that steers the picture with another one: a ControlNet, Control-LoRA or T2I-Adapter.

    The kind is recognised from the file's header; layouts of the original authors and of diffusers are read.

    Args:
        control_net_name: The file, from the `controlnet` folders.
    """
    return load_control(
        context.folders.find("controlnet", control_net_name),
        precision=context.resource(Precision),
        placement=context.resource(Placement),
    )


@node("DiffControlNetLoader", title="Load ControlNet Model (diff)", category="loaders", lane="io")
def diff_control_net_loader(*, model: Model, control_net_name: ControlFile, context: Context) -> ControlNet:
    """Load a ControlNet whose file holds differences to the weights of a model. Others load as they are.

    Args:
        model: The model the differences are added to.
        control_net_name: The file, from the `controlnet` folders.
    """
    return load_control(
        context.folders.find("controlnet", control_net_name),
        precision=context.resource(Precision),
        placement=context.resource(Placement),
        model=model,
    )


@node("ControlNetApply", title="Apply ControlNet (OLD)", category="conditioning/controlnet", lane="cpu")
def control_net_apply(
    *, conditioning: Conditioning, control_net: ControlNet, image: Image, strength: Strength = 1.0
) -> Conditioning:
    """Steer a prompt's picture with another one; the negative prompt follows. Apply ControlNet does more.

    Args:
        conditioning: The positive prompt.
        control_net: The network that steers.
        image: The picture it reads: edges, depth, a pose, whatever it was trained for.
        strength: How strongly it steers; 0 leaves everything as it is.
    """
    if strength == 0:
        return conditioning
    (steered,) = apply_control([conditioning], control_net, image, strength, both=True)
    return steered


@node("ControlNetApplyAdvanced", title="Apply ControlNet", category="conditioning/controlnet", lane="cpu")
def control_net_apply_advanced(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Moment = 0.0,
    end_percent: Moment = 1.0,
    vae: Annotated[Vae | None, OptionalInput()] = None,
) -> BothSides:
    """Steer the picture with another one: edges, depth, a pose, whatever the network was trained for.

    Several can be linked one after the other; what they add to the network sums up.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        control_net: The network that steers.
        image: The picture it reads. It is cut to the proportions of the new one, then resized.
        strength: How strongly it steers; 0 leaves everything as it is.
        start_percent: From which part of the sampling on it steers; 0 is the beginning.
        end_percent: Up to which part of the sampling it steers; 1 is the end.
        vae: Only for networks that read a latent: those of Stable Diffusion 3 and Flux.

    Returns:
        positive: The positive prompt with the picture.
        negative: The negative prompt with the picture.
    """
    if strength == 0:
        return BothSides(positive, negative)
    steered = apply_control(
        [positive, negative], control_net, image, strength, start=start_percent, end=end_percent, vae=vae
    )
    return BothSides(*steered)


@node(
    "ControlNetApplySD3",
    title="Apply Controlnet with VAE",
    category="conditioning/controlnet",
    lane="cpu",
)
def control_net_apply_sd3(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Moment = 0.0,
    end_percent: Moment = 1.0,
) -> BothSides:
    """Steer the picture with another one that is read as a latent. Apply ControlNet does the same.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        control_net: The network that steers, such as one for Stable Diffusion 3 or Flux.
        vae: The VAE of the model.
        image: The picture it reads. It is cut to the proportions of the new one, then resized.
        strength: How strongly it steers; 0 leaves everything as it is.
        start_percent: From which part of the sampling on it steers; 0 is the beginning.
        end_percent: Up to which part of the sampling it steers; 1 is the end.

    Returns:
        positive: The positive prompt with the picture.
        negative: The negative prompt with the picture.
    """
    return control_net_apply_advanced(
        positive=positive,
        negative=negative,
        control_net=control_net,
        image=image,
        strength=strength,
        start_percent=start_percent,
        end_percent=end_percent,
        vae=vae,
    )


@node("SetUnionControlNetType", category="conditioning/controlnet", lane="cpu")
def set_union_control_net_type(
    *, control_net: ControlNet, type: Annotated[str, Choices(("auto", *UNION_TYPES))]
) -> ControlNet:
    """Tell a union ControlNet what kind of picture it is given. Other networks are handed on as they are.

    Args:
        control_net: The network.
        type: The kind of picture; `auto` leaves the network to find out.
    """
    return with_union_type(control_net, type)


@node(
    "ControlNetInpaintingAliMamaApply",
    title="ControlNetInpaintingAliMamaApply",
    category="conditioning/controlnet",
    lane="cpu",
)
def control_net_inpainting_alimama_apply(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    mask: Mask,
    strength: Strength = 1.0,
    start_percent: Moment = 0.0,
    end_percent: Moment = 1.0,
) -> BothSides:
    """Repaint the masked part of a picture with a ControlNet for inpainting, such as Alimama's for SD 3.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        control_net: The network; one that reads no mask steers by the whole picture.
        vae: The VAE of the model.
        image: The picture to be repainted.
        mask: Where it is to be repainted.
        strength: How strongly the rest of the picture counts.
        start_percent: From which part of the sampling on it steers; 0 is the beginning.
        end_percent: Up to which part of the sampling it steers; 1 is the end.

    Returns:
        positive: The positive prompt with the picture.
        negative: The negative prompt with the picture.
    """
    hint = with_mask(image, mask) if getattr(control_net, "masked", False) else image
    return control_net_apply_advanced(
        positive=positive,
        negative=negative,
        control_net=control_net,
        image=hint,
        strength=strength,
        start_percent=start_percent,
        end_percent=end_percent,
        vae=vae,
    )
