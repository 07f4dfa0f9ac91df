"""Nodes that read parts of models from files of their own: networks, text encoders, autoencoders."""

from typing import Annotated

import torch

from diffusion import checkpoint
from diffusion.embeddings import EmbeddingFolders
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.storage import FLOAT8
from engine.context import Context
from engine.node import node
from engine.types import Choices, Files, OptionalInput
from nodes.types import Clip, Model, Vae

Encoder = Annotated[str, Files("text_encoders")]
Device = Annotated[str, Choices(("default", "cpu")), OptionalInput()]


@node("UNETLoader", title="Load Diffusion Model", category="advanced/loaders", lane="io")
def unet_loader(
    *,
    unet_name: Annotated[str, Files("diffusion_models")],
    weight_dtype: Annotated[str, Choices(("default", *FLOAT8))] = "default",
    context: Context,
) -> Model:
    """Load a diffusion model on its own: the network without text encoders and VAE.

    The kind of model is recognised from the file's header.

    Args:
        unet_name: The file, from the `diffusion_models` folders.
        weight_dtype: How weights are kept in memory: in the type computed in, or in 8 bits, which needs half
            the memory or less and changes the picture a little.
    """
    placement = context.resource(Placement)
    model = checkpoint.load_diffusion_model(
        context.folders.find("diffusion_models", unet_name),
        precision=context.resource(Precision).on(placement.device),
        device=placement.home,
        stored=FLOAT8.get(weight_dtype),
    )
    return checkpoint.placed(model, placement)


@node("VAELoader", title="Load VAE", category="loaders", lane="io")
def vae_loader(*, vae_name: Annotated[str, Files("vae")], context: Context) -> Vae:
    """Load a VAE on its own.

    Args:
        vae_name: The file, from the `vae` folders.
    """
    placement = context.resource(Placement)
    vae = checkpoint.load_vae(
        context.folders.find("vae", vae_name),
        precision=context.resource(Precision).on(placement.device),
        device=placement.home,
    )
    return checkpoint.placed(vae, placement)


@node("CLIPLoader", title="Load CLIP", category="advanced/loaders", lane="io")
def clip_loader(
    *,
    clip_name: Encoder,
    type: Annotated[str, Choices(("stable_diffusion", "sd3", "flux", "sdxl"))],
    device: Device = "default",
    context: Context,
) -> Clip:
    """Load one text encoder on its own.

    Which encoder it is shows in its tensors: CLIP-L, OpenCLIP-H, OpenCLIP-G or T5-XXL.

    Args:
        clip_name: The file, from the `text_encoders` folders.
        type: What kind of model it is for. `stable_diffusion`: SD 1.x, SD 2.x and the refiner of SDXL.
        device: Where it runs; `cpu` leaves the accelerator's memory to the diffusion model.
    """
    return _encoders(type, device, context, clip_name)


@node("DualCLIPLoader", title="DualCLIPLoader", category="advanced/loaders", lane="io")
def dual_clip_loader(
    *,
    clip_name1: Encoder,
    clip_name2: Encoder,
    type: Annotated[str, Choices(("sdxl", "sd3", "flux"))],
    device: Device = "default",
    context: Context,
) -> Clip:
    """Load two text encoders that a model reads together, in any order.

    sdxl: CLIP-L and OpenCLIP-G. sd3: two of CLIP-L, OpenCLIP-G and T5-XXL. flux: CLIP-L and T5-XXL.

    Args:
        clip_name1: One file, from the `text_encoders` folders.
        clip_name2: The other.
        type: What kind of model they are for.
        device: Where they run; `cpu` leaves the accelerator's memory to the diffusion model.
    """
    return _encoders(type, device, context, clip_name1, clip_name2)


@node("TripleCLIPLoader", title="TripleCLIPLoader", category="advanced/loaders", lane="io")
def triple_clip_loader(
    *, clip_name1: Encoder, clip_name2: Encoder, clip_name3: Encoder, context: Context
) -> Clip:
    """Load the three text encoders of Stable Diffusion 3, in any order: CLIP-L, OpenCLIP-G and T5-XXL.

    Args:
        clip_name1: One file, from the `text_encoders` folders.
        clip_name2: Another.
        clip_name3: The third.
    """
    return _encoders("sd3", "default", context, clip_name1, clip_name2, clip_name3)


def _encoders(kind: str, device: str, context: Context, *names: str) -> Clip:
    placement = Placement(torch.device("cpu")) if device == "cpu" else context.resource(Placement)
    encoder = checkpoint.load_text_encoder(
        [context.folders.find("text_encoders", name) for name in names],
        kind,
        precision=context.resource(Precision).on(placement.device),
        device=placement.home,
        embeddings=EmbeddingFolders(context.folders.roots("embeddings")),
    )
    return checkpoint.placed(encoder, placement)
