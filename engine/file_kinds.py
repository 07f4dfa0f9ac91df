"""The kinds of files: in which folders each lies, and what its names end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Place = Literal["input", "output", "temp"]

MODEL_SUFFIXES = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})

MODEL_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "checkpoints": ("checkpoints",),
        "configs": ("configs",),
        "loras": ("loras",),
        "vae": ("vae",),
        "text_encoders": ("text_encoders", "clip"),
        "diffusion_models": ("diffusion_models", "unet"),
        "clip_vision": ("clip_vision",),
        "style_models": ("style_models",),
        "embeddings": ("embeddings",),
        "diffusers": ("diffusers",),
        "vae_approx": ("vae_approx",),
        "controlnet": ("controlnet", "t2i_adapter"),
        "gligen": ("gligen",),
        "upscale_models": ("upscale_models",),
        "hypernetworks": ("hypernetworks",),
        "photomaker": ("photomaker",),
        "classifiers": ("classifiers",),
        "model_patches": ("model_patches",),
        "audio_encoders": ("audio_encoders",),
        "safety_checker": ("safety_checker",),
        "depth_models": ("depth_models",),
    }
)
"""Folder kind to the directories under `models/` that hold it."""

PLACE_KINDS: Mapping[str, tuple[Place, frozenset[str]]] = MappingProxyType(
    {
        "input": ("input", IMAGE_SUFFIXES),
        "output": ("output", IMAGE_SUFFIXES),
        "latents": ("input", frozenset({".latent"})),
    }
)
"""Kinds of files that are no models: where they are looked for, and what their names end in."""

NEWEST = 1000
"""How many files of the output folder are listed, the newest first; all others are found by their names."""

FOLDER_ENTRIES: Mapping[str, str] = MappingProxyType(
    {"diffusers": "model_index.json", "safety_checker": "config.json", "depth_models": "config.json"}
)
"""Kinds whose entries may be whole directories, and the file that marks such a directory."""

PAIRED: Mapping[str, str] = MappingProxyType({"vae": "vae_approx"})
"""Kinds that also list pairs of files of another kind, `NAME_decoder` and `NAME_encoder`, as `NAME`."""

LEGACY_KINDS: Mapping[str, str] = MappingProxyType({"clip": "text_encoders", "unet": "diffusion_models"})
"""Kinds by the names that older graphs and packs have for them."""
