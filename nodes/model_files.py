"""Nodes that save models: checkpoints, their parts, and LoRAs extracted from differences."""

import json
from collections.abc import Mapping
from typing import Annotated

from torch import Tensor

from diffusion.adapters.extraction import extract
from diffusion.checkpoint.writing import (
    checkpoint_tensors,
    family_of,
    network_tensors,
    text_tensors,
    vae_tensors,
    write_safetensors,
)
from diffusion.prediction import Eps, V
from engine.context import Context
from engine.node import Ui, node
from engine.types import Choices, OptionalInput, Range
from nodes.image import png_metadata
from nodes.numbered import expand_tokens, write_numbered
from nodes.types import Clip, Model, Vae

ENDING = ".safetensors"
_HIDDEN = ("PROMPT", "EXTRA_PNGINFO")
_CATEGORY = "advanced/model_merging"
_ARCHITECTURES: Mapping[str, str] = {
    "sd1": "stable-diffusion-v1",
    "sd1-inpaint": "stable-diffusion-v1-inpainting",
    "sd2": "stable-diffusion-v2",
    "sdxl": "stable-diffusion-xl-v1-base",
    "sdxl-refiner": "stable-diffusion-xl-v1-refiner",
    "playground": "stable-diffusion-xl-v1-base",
    "sd3": "stable-diffusion-v3",
    "flux": "flux-1",
}
"""What the ModelSpec metadata standard calls our families."""


@node("CheckpointSave", title="Save Checkpoint", category=_CATEGORY, lane="io", output=True, hidden=_HIDDEN)
def checkpoint_save(
    *, model: Model, clip: Clip, vae: Vae, filename_prefix: str = "checkpoints/ComfyUI", context: Context
) -> Ui[None]:
    """Save a model, its text encoders and its VAE as one checkpoint in the output folder.

    The layout is the published one of the model's family; LoRAs and merges are worked in. Weights are
    written in the types they are computed in.

    Args:
        model: The diffusion model.
        clip: Its text encoders.
        vae: Its autoencoder.
        filename_prefix: The prefix of the file, may name a subfolder.
    """
    told = {**_about(model, filename_prefix), **_made_by(context)}
    return _saved(checkpoint_tensors(model, clip, vae), filename_prefix, told, context)


@node("ModelSave", title="ModelSave", category=_CATEGORY, lane="io", output=True, hidden=_HIDDEN)
def model_save(
    *, model: Model, filename_prefix: str = "diffusion_models/ComfyUI", context: Context
) -> Ui[None]:
    """Save the diffusion model alone, for Load Diffusion Model.

    Args:
        model: The diffusion model, with LoRAs and merges worked in.
        filename_prefix: The prefix of the file, may name a subfolder.
    """
    told = {**_about(model, filename_prefix), **_made_by(context)}
    return _saved(network_tensors(model), filename_prefix, told, context)


@node("CLIPSave", title="CLIPSave", category=_CATEGORY, lane="io", output=True, hidden=_HIDDEN)
def clip_save(*, clip: Clip, filename_prefix: str = "clip/ComfyUI", context: Context) -> Ui[None]:
    """Save text encoders alone, each in a file of its own, for Load CLIP and its relatives.

    Args:
        clip: The text encoders, with LoRAs and merges worked in.
        filename_prefix: The prefix of the files, may name a subfolder; the encoder's name follows it.
    """
    texts: list[str] = []
    for key, tensors in text_tensors(clip).items():
        texts += _saved(tensors, f"{filename_prefix}_{_label(key)}", _made_by(context), context).ui["text"]
    return Ui({"text": texts})


@node("VAESave", title="VAESave", category=_CATEGORY, lane="io", output=True, hidden=_HIDDEN)
def vae_save(*, vae: Vae, filename_prefix: str = "vae/ComfyUI_vae", context: Context) -> Ui[None]:
    """Save an autoencoder alone, for Load VAE.

    Args:
        vae: The autoencoder.
        filename_prefix: The prefix of the file, may name a subfolder.
    """
    return _saved(vae_tensors(vae), filename_prefix, _made_by(context), context)


@node("LoraSave", title="Extract and Save Lora", category="_for_testing", lane="io", output=True)
def lora_save(
    *,
    filename_prefix: str = "loras/ComfyUI_extracted_lora",
    rank: Annotated[int, Range(1, 4096, step=1)] = 8,
    lora_type: Annotated[str, Choices(("standard", "full_diff"))],
    bias_diff: bool = True,
    model_diff: Annotated[Model | None, OptionalInput()] = None,
    text_encoder_diff: Annotated[Clip | None, OptionalInput()] = None,
    context: Context,
) -> Ui[None]:
    """Turn a difference of models into a LoRA and save it in the output folder.

    Args:
        filename_prefix: The prefix of the file, may name a subfolder.
        rank: The rank of every layer: higher is closer to the difference, and a larger file.
        lora_type: `standard` keeps the nearest matrices of the rank, `full_diff` the whole difference.
        bias_diff: Whether differences of biases and normalisations are kept as well.
        model_diff: A difference of diffusion models, from ModelMergeSubtract.
        text_encoder_diff: A difference of text encoders, from CLIPMergeSubtract.
    """
    kept = rank if lora_type == "standard" else None
    tensors: dict[str, Tensor] = {}
    if model_diff is not None:
        tensors |= extract(network_tensors(model_diff), "diffusion_model.", rank=kept, biases=bias_diff)
    if text_encoder_diff is not None:
        for key, state in text_tensors(text_encoder_diff).items():
            tensors |= extract(
                state, f"text_encoders.{_label(key)}.transformer.", rank=kept, biases=bias_diff
            )
    if not tensors:
        raise ValueError(
            "there is no difference to save: connect model_diff or text_encoder_diff with the result of "
            "ModelMergeSubtract or CLIPMergeSubtract of two models that differ"
        )
    return _saved(tensors, filename_prefix, {}, context)


def _label(key: str) -> str:
    """What files call a text encoder: clip_l for l; t5xxl as it is."""
    return key if len(key) > 1 else f"clip_{key}"


def _saved(
    tensors: Mapping[str, Tensor], prefix: str, metadata: Mapping[str, str], context: Context
) -> Ui[None]:
    folder = context.folders.output
    path = write_numbered(
        folder,
        expand_tokens(prefix, 0, 0),
        ENDING,
        lambda file: write_safetensors(file, tensors, metadata),
    )
    return Ui({"text": [f"saved as {path.relative_to(folder.resolve()).as_posix()}"]})


def _about(model: Model, prefix: str) -> dict[str, str]:
    """The ModelSpec metadata that other programs show."""
    family = family_of(model)
    told = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": prefix,
        "modelspec.architecture": _ARCHITECTURES.get(family.name, family.name),
    }
    for kind, key in ((Eps, "epsilon"), (V, "v")):
        if isinstance(model.prediction, kind):
            told["modelspec.predict_key"] = key
    return told


def _made_by(context: Context) -> dict[str, str]:
    """The graph that made the file, as pictures carry it."""
    return {name: json.dumps(value) for name, value in (png_metadata(context) or {}).items()}
