"""Nodes that measure depth in pictures, and models that draw by it."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from diffusion.checkpoint import open_model
from diffusion.depth import OPTION
from diffusion.depth_model import in_checkpoint, load_depth_model
from diffusion.placement import Placement
from engine.context import Context
from engine.node import node
from engine.types import Files
from nodes.loaders import load_all
from nodes.types import Clip, Conditioning, DepthModel, Image, Model, Vae


class DepthCheckpoint(NamedTuple):
    MODEL: Model
    CLIP: Clip
    VAE: Vae
    DEPTH_MODEL: DepthModel


@node("DepthCheckpointLoader", title="Load Depth Checkpoint", category="loaders", lane="io")
def depth_checkpoint_loader(
    *, ckpt_name: Annotated[str, Files("checkpoints")], context: Context
) -> DepthCheckpoint:
    """Load a checkpoint that holds a depth model as well, as SD 2 depth does.

    Args:
        ckpt_name: The checkpoint, from the `checkpoints` folders.

    Returns:
        MODEL: The model used for denoising latents.
        CLIP: The text encoder used for encoding prompts.
        VAE: The autoencoder used for encoding pictures to latents and decoding latents to pictures.
        DEPTH_MODEL: The depth model, for Estimate Depth.
    """
    path = context.folders.find("checkpoints", ckpt_name)
    placement = context.resource(Placement)
    depth = in_checkpoint(open_model(path), placement.home)
    loaded = load_all(path, context)
    return DepthCheckpoint(*loaded, replace(depth, placement=placement))


@node("DepthModelLoader", title="Load Depth Model", category="loaders", lane="io")
def depth_model_loader(*, depth_name: Annotated[str, Files("depth_models")], context: Context) -> DepthModel:
    """Load a depth model: a folder of DPT (MiDaS) or Depth Anything, or MiDaS' own file of DPT-Hybrid.

    Args:
        depth_name: The folder with `config.json` and weights, or the file, from the `depth_models` folders.
    """
    placement = context.resource(Placement)
    loaded = load_depth_model(context.folders.find("depth_models", depth_name), placement.home)
    return replace(loaded, placement=placement)


@node("DepthEstimate", title="Estimate Depth", category="image/preprocessors")
def depth_estimate(*, depth_model: DepthModel, image: Image) -> Image:
    """Measure how near every place of a picture is: white is near, black far away.

    The result also serves as the hint of depth ControlNets.

    Args:
        depth_model: The depth model.
        image: The pictures.

    Returns:
        IMAGE: Depth maps of the pictures' size; the nearest place of each is 1, the farthest 0.
    """
    near = depth_model.estimate(image)
    least, most = near.amin(dim=(1, 2), keepdim=True), near.amax(dim=(1, 2), keepdim=True)
    span = most - least
    return ((near - least) / span.where(span > 0, 1))[..., None].expand(-1, -1, -1, 3)


class Prompts(NamedTuple):
    positive: Conditioning
    negative: Conditioning


@node("DepthConditioning", title="Depth Conditioning", category="conditioning")
def depth_conditioning(*, positive: Conditioning, negative: Conditioning, depth: Image) -> Prompts:
    """Let an SD 2 depth model draw by a depth map.

    Args:
        positive: The conditioning describing what to draw.
        negative: The conditioning describing what to avoid.
        depth: Depth maps, near places bright, of any size; colours are averaged.

    Returns:
        positive: The positive conditioning with the depth maps.
        negative: The negative conditioning with the same.
    """
    near = depth[..., :3].mean(dim=-1)
    return Prompts(
        [[context, {**options, OPTION: near}] for context, options in positive],
        [[context, {**options, OPTION: near}] for context, options in negative],
    )
