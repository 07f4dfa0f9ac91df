"""`comfy.clip_vision` as packs import it: loading vision encoders, and pictures as they want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from torch import Tensor

from diffusion.clip_vision import MEAN, STD, ClipVision, ClipVisionOutput, preprocess
from diffusion.clip_vision_files import load_clip_vision
from diffusion.placement import Placement
from diffusion.precision import Precision


def clip_vision(placement: Placement, precision: Precision) -> ModuleType:
    """The module; encoders that it loads compute where and as the host does."""

    def load(ckpt_path: str) -> ClipVision:
        """A vision encoder from a file, of any layout."""
        types, home = precision.on(placement.device), placement.home
        return replace(load_clip_vision(Path(ckpt_path), precision=types, device=home), placement=placement)

    def clip_preprocess(
        image: Tensor,
        size: int = 224,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        crop: bool = True,
    ) -> Tensor:
        """Pixel values [B, 3, size, size] of pictures [B, H, W, C] in 0..1."""
        return preprocess(image, size, crop=crop, mean=mean, std=std)

    module = ModuleType("comfy.clip_vision", "Vision encoders, for packs.")
    vars(module).update(
        load=load, clip_preprocess=clip_preprocess, ClipVisionModel=ClipVision, Output=ClipVisionOutput
    )
    return module
