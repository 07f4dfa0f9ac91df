"""`comfy.sd`: loading models by path."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from torch import Tensor

from diffusion import checkpoint
from diffusion.adapters import Adapter, attach_lora
from diffusion.embeddings import EmbeddingFolders
from diffusion.placement import Placement
from diffusion.precision import Precision
from nodes.comfy.hidden import running
from nodes.comfy.models.clip import PackClip
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.vae import PackVae

_log = logging.getLogger(__name__)

_FAMILIES = (
    "STABLE_DIFFUSION",
    "STABLE_CASCADE",
    "SD3",
    "STABLE_AUDIO",
    "HUNYUAN_DIT",
    "FLUX",
    "MOCHI",
    "LTXV",
)

CLIPType = Enum("CLIPType", _FAMILIES)
"""Which family text encoders are loaded for."""


def load_checkpoint_guess_config(
    ckpt_path: str | Path,
    output_vae: bool = True,
    output_clip: bool = True,
    output_clipvision: bool = False,
    embedding_directory: Any = None,
    output_model: bool = True,
    model_options: Any = None,
    te_model_options: Any = None,
) -> tuple[PackModel | None, PackClip | None, PackVae | None, None]:
    """Model, text encoder and autoencoder of a checkpoint, recognised by its header.

    Raises:
        CheckpointError: the file cannot be read, or is of no known family.
    """
    context = running()
    placement = context.resource(Placement)
    loaded = checkpoint.load(
        Path(ckpt_path),
        precision=context.resource(Precision).on(placement.device),
        device=placement.home,
        embeddings=EmbeddingFolders(_embedding_folders(embedding_directory)),
    )
    loaded = checkpoint.placed(loaded, placement)
    return (
        PackModel(loaded.model) if output_model else None,
        PackClip(loaded.clip) if output_clip else None,
        PackVae(loaded.vae) if output_vae else None,
        None,
    )


def load_lora_for_models(
    model: PackModel | None,
    clip: PackClip | None,
    lora: Mapping[str, Tensor],
    strength_model: float,
    strength_clip: float,
) -> tuple[PackModel | None, PackClip | None]:
    """Copies of a model and a text encoder with a LoRA attached; what is None stays None.

    Args:
        model: the model.
        clip: the text encoder.
        lora: the tensors of the file, by name.
        strength_model: how strongly to change the model.
        strength_clip: how strongly to change the text encoder.

    Raises:
        CheckpointError: the LoRA is for another family of models.
    """
    attached = attach_lora(
        None if model is None else model.wrapped,
        None if clip is None else clip.wrapped,
        Adapter.of(lora, Path("LoRA")),
        strength_model,
        strength_clip,
    )
    if (warning := attached.warning("LoRA")) is not None:
        _log.warning(warning)
    changed = None if model is None else model.clone()
    if changed is not None and attached.model is not None:
        changed.wrapped = attached.model
    return changed, None if attached.clip is None else PackClip(attached.clip)


def _embedding_folders(given: Any) -> tuple[Path, ...]:
    if given is None:
        return running().folders.roots("embeddings")
    paths = [given] if isinstance(given, str | Path) else list(given)
    return tuple(Path(path) for path in paths)
