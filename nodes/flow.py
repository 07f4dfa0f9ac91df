"""Nodes for models that predict a flow: Stable Diffusion 3 and Flux."""

from dataclasses import replace
from typing import Annotated

import torch

from diffusion.mixing import with_options
from diffusion.model import DiffusionModel
from diffusion.prediction import Flow, Flux
from diffusion.text import T5_KEY
from diffusion.timesteps import Shifted
from engine.folders import Folders
from engine.node import node
from engine.types import Choices, Multiline, Range
from nodes.conditioning import embeddings_used
from nodes.latent import FACTOR
from nodes.types import Clip, Conditioning, Latent, Model

Text = Annotated[str, Multiline(dynamic_prompts=True)]
Guidance = Annotated[float, Range(0.0, 100.0, step=0.1)]
Shift = Annotated[float, Range(0.0, 100.0, step=0.01)]
_FEWEST, _MOST = 256, 4096
"""Tokens of pictures of 256x256 and 1024x1024 pixels, for which Flux' shifts are stated."""
_TOKEN = 16
"""Pixels of a token's side."""


def sd3_used(*, clip_l: str | None, clip_g: str | None, t5xxl: str | None, folders: Folders) -> str:
    """Content of the embedding files that any of the prompts names."""
    return " ".join(embeddings_used(text=text, folders=folders) for text in (clip_l, clip_g, t5xxl))


def flux_used(*, clip_l: str | None, t5xxl: str | None, folders: Folders) -> str:
    """Content of the embedding files that either prompt names."""
    return " ".join(embeddings_used(text=text, folders=folders) for text in (clip_l, t5xxl))


@node("CLIPTextEncodeSD3", title="CLIPTextEncodeSD3", category="advanced/conditioning", fingerprint=sd3_used)
def clip_text_encode_sd3(
    *,
    clip: Clip,
    clip_l: Text,
    clip_g: Text,
    t5xxl: Text,
    empty_padding: Annotated[str, Choices(("none", "empty_prompt"))],
) -> Conditioning:
    """Encode a prompt for Stable Diffusion 3, for each of its text encoders on its own.

    Args:
        clip: The text encoders of an SD3 model; prompts for one that is missing are left out.
        clip_l: What CLIP-L reads.
        clip_g: What OpenCLIP-G reads.
        t5xxl: What T5-XXL reads; it takes whole sentences.
        empty_padding: What an empty prompt means: nothing at all from that encoder, or an empty prompt.
    """
    texts = {"l": clip_l, "g": clip_g, T5_KEY: t5xxl}
    tokens = clip.tokenize("", **texts)
    if empty_padding == "none":
        tokens = {key: chunks for key, chunks in tokens.items() if texts.get(key)}
    cond, pooled = clip.encode_tokens(clip.padded(tokens))
    return [[cond, {"pooled_output": pooled}]]


@node(
    "CLIPTextEncodeFlux",
    title="CLIPTextEncodeFlux",
    category="advanced/conditioning/flux",
    fingerprint=flux_used,
)
def clip_text_encode_flux(*, clip: Clip, clip_l: Text, t5xxl: Text, guidance: Guidance = 3.5) -> Conditioning:
    """Encode a prompt for Flux, for each of its text encoders on its own, with the guidance.

    Args:
        clip: The text encoders of a Flux model.
        clip_l: What CLIP-L reads: a few words on the whole.
        t5xxl: What T5-XXL reads: the description.
        guidance: How strongly to follow the prompt; Flux dev is told this number. Leave cfg at 1 then.
    """
    texts = {"l": clip_l, T5_KEY: t5xxl}
    cond, pooled = clip.encode_tokens(clip.tokenize("", **texts))
    return [[cond, {"pooled_output": pooled, "guidance": guidance}]]


@node("FluxGuidance", title="FluxGuidance", category="advanced/conditioning/flux", lane="cpu")
def flux_guidance(*, conditioning: Conditioning, guidance: Guidance = 3.5) -> Conditioning:
    """Tell Flux dev how strongly to follow the prompt.

    Args:
        conditioning: The encoded prompt.
        guidance: The number the network is told; leave cfg at 1 then.
    """
    return with_options(conditioning, guidance=guidance)


@node("EmptySD3LatentImage", title="EmptySD3LatentImage", category="latent/sd3", lane="cpu")
def empty_sd3_latent_image(
    *,
    width: Annotated[int, Range(16, 16384, step=16)] = 1024,
    height: Annotated[int, Range(16, 16384, step=16)] = 1024,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Create a new batch of empty latent images of 16 channels, for Stable Diffusion 3 and Flux.

    Args:
        width: The width of the latent images in pixels.
        height: The height of the latent images in pixels.
        batch_size: The number of latent images in the batch.
    """
    return {"samples": torch.zeros(batch_size, 16, height // FACTOR, width // FACTOR)}


@node("ModelSamplingSD3", title="ModelSamplingSD3", category="advanced/model", lane="cpu")
def model_sampling_sd3(*, model: Model, shift: Shift = 3.0) -> Model:
    """Change how far the noise levels of a run are moved towards noise.

    Args:
        model: A model that predicts a flow, as Stable Diffusion 3 does.
        shift: 1 moves nothing; larger pictures need more. SD3 and SD3.5 were published with 3.
    """
    clock = flow_of(model, "ModelSamplingSD3").timesteps
    return replace(model, prediction=Flow(shift, clock.multiplier if isinstance(clock, Shifted) else 1.0))


@node("ModelSamplingFlux", title="ModelSamplingFlux", category="advanced/model", lane="cpu")
def model_sampling_flux(
    *,
    model: Model,
    max_shift: Shift = 1.15,
    base_shift: Shift = 0.5,
    width: Annotated[int, Range(16, 16384, step=8)] = 1024,
    height: Annotated[int, Range(16, 16384, step=8)] = 1024,
) -> Model:
    """Move the noise levels of a run towards noise as the size of the picture asks for.

    Args:
        model: A Flux model.
        max_shift: The shift of a picture of 1024x1024 pixels.
        base_shift: The shift of a picture of 256x256 pixels; between and beyond it grows with the area.
        width: Width of the picture in pixels.
        height: Its height.
    """
    clock = flow_of(model, "ModelSamplingFlux").timesteps
    if isinstance(clock, Shifted) and clock.multiplier != 1:
        raise ValueError(
            f"ModelSamplingFlux is for Flux, and the model is {model.family}: use ModelSamplingSD3"
        )
    tokens = width * height / _TOKEN**2
    shift = base_shift + (max_shift - base_shift) * (tokens - _FEWEST) / (_MOST - _FEWEST)
    return replace(model, prediction=Flux(shift))


def flow_of(model: DiffusionModel, who: str) -> Flow | Flux:
    """What a model predicts, which has to be a flow.

    Raises:
        ValueError: it is something else.
    """
    prediction = model.prediction
    if not isinstance(prediction, Flow | Flux):
        kind, name = type(prediction).__name__.lower(), model.family or "of another kind"
        raise ValueError(
            f"{who} is for models that predict a flow (SD3, Flux); this one is {name} and predicts {kind}: "
            "leave the node out"
        )
    return prediction
