"""Nodes that look at pictures: vision encoders, and style models that turn what they see into prompts."""

from dataclasses import replace
from typing import Annotated, Literal

import torch

from diffusion.clip_vision_files import load_clip_vision
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.style import load_style_model
from engine.context import Context
from engine.node import node
from engine.types import Files, Range
from nodes.types import ClipVision, ClipVisionOutput, Conditioning, Image, StyleModel


@node("CLIPVisionLoader", title="Load CLIP Vision", category="loaders", lane="io")
def clip_vision_loader(*, clip_name: Annotated[str, Files("clip_vision")], context: Context) -> ClipVision:
    """Load a vision encoder: CLIP-L, OpenCLIP-H, OpenCLIP-G or SigLIP.

    Args:
        clip_name: The file, from the `clip_vision` folders.
    """
    placement = context.resource(Placement)
    path, precision = context.folders.find("clip_vision", clip_name), context.resource(Precision)
    loaded = load_clip_vision(path, precision=precision.on(placement.device), device=placement.home)
    return replace(loaded, placement=placement)


@node("CLIPVisionEncode", title="CLIP Vision Encode", category="conditioning")
def clip_vision_encode(
    *, clip_vision: ClipVision, image: Image, crop: Literal["center", "none"]
) -> ClipVisionOutput:
    """Encode pictures with a vision encoder, for unCLIP models and style models.

    Args:
        clip_vision: The vision encoder.
        image: The pictures.
        crop: Cut the square at the centre out, or squeeze all of the picture into a square.
    """
    return clip_vision.encode_image(image, crop == "center")


@node("StyleModelLoader", title="Load Style Model", category="loaders", lane="io")
def style_model_loader(
    *, style_model_name: Annotated[str, Files("style_models")], context: Context
) -> StyleModel:
    """Load a style model: T2I-Adapter's style adapter for SD 1.x, or Redux for Flux.

    Args:
        style_model_name: The file, from the `style_models` folders.
    """
    placement = context.resource(Placement)
    loaded = load_style_model(context.folders.find("style_models", style_model_name), placement.home)
    return replace(loaded, placement=placement)


@node("StyleModelApply", title="Apply Style Model", category="conditioning/style_model")
def style_model_apply(
    *,
    conditioning: Conditioning,
    style_model: StyleModel,
    clip_vision_output: ClipVisionOutput,
    strength: Annotated[float, Range(0.0, 10.0, step=0.001)] = 1.0,
    strength_type: Literal["multiply", "attn_bias"],
) -> Conditioning:
    """Let pictures say beside the prompt what to draw: their style, or with Redux all of them.

    Args:
        conditioning: The prompt.
        style_model: The style model.
        clip_vision_output: The pictures, encoded with the vision encoder the style model was made for.
        strength: How much the pictures count against the words.
        strength_type: How they are weighed: `multiply` scales their tokens. `attn_bias` would scale the
            attention paid to them, which only works at a strength of 1, where both are the same.
    """
    if strength_type == "attn_bias" and strength != 1.0:
        raise ValueError(
            f"pictures cannot be weighed {strength} by attention here: choose the strength_type multiply"
        )
    tokens = style_model.get_cond(clip_vision_output).flatten(0, 1)[None] * strength
    for context, _ in conditioning:
        if context.shape[-1] != tokens.shape[-1]:
            raise ValueError(
                f"the style model makes tokens {tokens.shape[-1]} wide and the prompt's are "
                f"{context.shape[-1]}: use one for the prompt's family (the style adapter for SD 1.x, Redux "
                "for Flux)"
            )
    return [
        [torch.cat([context, tokens.expand(len(context), -1, -1)], dim=1), options]
        for context, options in conditioning
    ]
