"""Nodes that read model files."""

from pathlib import Path
from typing import Annotated, NamedTuple

from diffusion import checkpoint
from diffusion.embeddings import EmbeddingFolders
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.safety import SafetyChecker as SafetyModel
from engine.context import Context
from engine.node import node
from engine.types import Files
from nodes.types import Clip, Model, SafetyChecker, Vae


class Checkpoint(NamedTuple):
    MODEL: Model
    CLIP: Clip
    VAE: Vae


@node("CheckpointLoaderSimple", title="Load Checkpoint", category="loaders", lane="io")
def checkpoint_loader_simple(
    *, ckpt_name: Annotated[str, Files("checkpoints")], context: Context
) -> Checkpoint:
    """Load a diffusion model checkpoint: the network that denoises latents, its text encoder and its VAE.

    The kind of model is recognised from the file's header.

    Args:
        ckpt_name: The checkpoint (model) file to load, from the `checkpoints` folders.

    Returns:
        MODEL: The model used for denoising latents.
        CLIP: The text encoder used for encoding prompts.
        VAE: The autoencoder used for encoding pictures to latents and decoding latents to pictures.
    """
    return load_all(context.folders.find("checkpoints", ckpt_name), context)


@node("DiffusersLoader", title="Load Diffusers Folder", category="loaders", lane="io")
def diffusers_loader(*, model_path: Annotated[str, Files("diffusers")], context: Context) -> Checkpoint:
    """Load a model from a folder in the layout of the diffusers library: `unet`, `vae`, `text_encoder`.

    The kind of model is recognised from the headers of its files.

    Args:
        model_path: The folder, from the `diffusers` folders; it holds a `model_index.json`.

    Returns:
        MODEL: The model used for denoising latents.
        CLIP: The text encoder used for encoding prompts.
        VAE: The autoencoder used for encoding pictures to latents and decoding latents to pictures.
    """
    return load_all(context.folders.find("diffusers", model_path), context)


def load_all(path: Path, context: Context) -> Checkpoint:
    """The parts of a checkpoint or folder, where and how the host computes."""
    placement = context.resource(Placement)
    loaded = checkpoint.load(
        path,
        precision=context.resource(Precision).on(placement.device),
        device=placement.home,
        embeddings=EmbeddingFolders(context.folders.roots("embeddings")),
    )
    loaded = checkpoint.placed(loaded, placement)
    return Checkpoint(loaded.model, loaded.clip, loaded.vae)


@node("SafetyCheckerLoader", title="Load Safety Checker", category="loaders", lane="io")
def safety_checker_loader(
    *, checker_name: Annotated[str, Files("safety_checker")], context: Context
) -> SafetyChecker:
    """Load a safety checker in the layout of CompVis/stable-diffusion-safety-checker.

    Args:
        checker_name: The checker's weights; its `config.json` lies beside them.
    """
    folder = context.folders.find("safety_checker", checker_name)
    return SafetyModel.load(folder, context.resource(Placement))
