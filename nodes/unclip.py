"""Nodes for unCLIP models: pictures beside prompts."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from diffusion.checkpoint import open_model
from diffusion.clip_vision_files import clip_vision
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.unclip import OPTION
from engine.context import Context
from engine.node import node
from engine.types import Files, Range
from nodes.loaders import load_all
from nodes.types import Clip, ClipVision, ClipVisionOutput, Conditioning, Model, Vae


class SeeingCheckpoint(NamedTuple):
    MODEL: Model
    CLIP: Clip
    VAE: Vae
    CLIP_VISION: ClipVision


@node("unCLIPCheckpointLoader", title="unCLIPCheckpointLoader", category="loaders", lane="io")
def unclip_checkpoint_loader(
    *, ckpt_name: Annotated[str, Files("checkpoints")], context: Context
) -> SeeingCheckpoint:
    """Load a checkpoint that holds a vision encoder as well, as those of SD 2.1 unCLIP do.

    Args:
        ckpt_name: The checkpoint, from the `checkpoints` folders.

    Returns:
        MODEL: The model used for denoising latents.
        CLIP: The text encoder used for encoding prompts.
        VAE: The autoencoder used for encoding pictures to latents and decoding latents to pictures.
        CLIP_VISION: The vision encoder used for encoding the pictures shown to the model.
    """
    path = context.folders.find("checkpoints", ckpt_name)
    placement, precision = context.resource(Placement), context.resource(Precision)
    vision = clip_vision(open_model(path), precision.on(placement.device), placement.home)
    loaded = load_all(path, context)
    return SeeingCheckpoint(*loaded, replace(vision, placement=placement))


@node("unCLIPConditioning", title="unCLIPConditioning", category="conditioning")
def unclip_conditioning(
    *,
    conditioning: Conditioning,
    clip_vision_output: ClipVisionOutput,
    strength: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    noise_augmentation: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.0,
) -> Conditioning:
    """Show an unCLIP model a picture beside the prompt; several of these show it several pictures.

    SDXL takes pictures encoded with OpenCLIP-G in place of the prompt's pooled text.

    Args:
        conditioning: The prompt.
        clip_vision_output: The pictures, encoded with the model's vision encoder.
        strength: How much the pictures count.
        noise_augmentation: How freely the model takes them: 0 follows them closely, 1 not at all.
    """
    if strength == 0:
        return conditioning
    shown = {
        "clip_vision_output": clip_vision_output,
        "strength": strength,
        "noise_augmentation": noise_augmentation,
    }
    return [
        [context, {**options, OPTION: [*options.get(OPTION, []), shown]}] for context, options in conditioning
    ]
