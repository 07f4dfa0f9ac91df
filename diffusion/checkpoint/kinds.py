"""What a model file is that is no checkpoint, told by the names of its tensors: for messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from diffusion.families.sd1 import NETWORK


@dataclass(frozen=True)
class Kind:
    """A kind of model file with a loader of its own."""

    title: str
    telltale: re.Pattern[str]
    """What the name of one of its tensors matches from the beginning, and no other kind's."""
    remedy: str


def _kind(title: str, telltale: str, folder: str, loader: str) -> Kind:
    return Kind(title, re.compile(telltale), f"put it into models/{folder} and load it with {loader}")


_ADAPTERS = (
    _kind(
        "a LoRA",
        r".+[._]lora(_linear_layer)?[._](up|down|A|B)\b|.+\.(hada_w1_a|lokr_w[12](_a)?)$",
        "loras",
        "LoraLoader",
    ),
    _kind(
        "a ControlNet", r"control_model\.|controlnet_|input_hint_block\.", "controlnet", "ControlNetLoader"
    ),
)
_NETWORK = Kind(
    "a diffusion model without text encoder and VAE",
    re.compile(
        r"(input_blocks\.0\.0|double_blocks\.0\.img_mod\.lin|joint_blocks\.0\.x_block\.attn\.qkv)\.weight$"
    ),
    "put it into models/diffusion_models and load it with UNETLoader, its text encoders and VAE beside it",
)
_PARTS = (
    _kind("an autoencoder", r"(first_stage_model\.|vae\.)?decoder\.conv_in\.weight$", "vae", "VAELoader"),
    _kind(
        "a text encoder",
        r"text_model\.embeddings\.token_embedding\.|encoder\.block\.0\.layer\.0\.SelfAttention\.",
        "text_encoders",
        "CLIPLoader",
    ),
    _kind("a safety checker", r"concept_embeds$", "safety_checker", "SafetyCheckerLoader"),
    _kind("a vision encoder", r"vision_model\.|visual\.conv1\.", "clip_vision", "CLIPVisionLoader"),
    _kind("an upscaler", r"conv_first\.weight$|model\.0\.weight$", "upscale_models", "UpscaleModelLoader"),
)
_BESIDE = ("first_stage_model.", "vae.", "cond_stage_model.", "conditioner.", "text_encoders.")
"""What the names of a checkpoint's parts begin with, but for those of its network."""


def kind_of(tensors: Iterable[str], *, network: bool = False) -> Kind | None:
    """Which kind of file has tensors of these names; None if it is a checkpoint, or nothing known.

    With `network`, a diffusion model alone is what was asked for.
    """
    names = [name.removeprefix(NETWORK) for name in tensors]

    def first(kinds: Iterable[Kind]) -> Kind | None:
        return next((kind for kind in kinds if any(kind.telltale.match(name) for name in names)), None)

    adapter = first(_ADAPTERS)
    if adapter is not None or first((_NETWORK,)) is None:
        return adapter or first(_PARTS)
    return None if network or any(name.startswith(_BESIDE) for name in names) else _NETWORK
