"""Depth models: pictures in, nearness out. MiDaS' DPT (arXiv 2103.13413) and Depth Anything (2401.10891)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForDepthEstimation

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.tensors import ModelFile
from diffusion.midas import hybrid_settings, midas
from diffusion.placement import Placement

_KINDS = ("dpt", "depth_anything")
"""What `model_type` of a config.json may say."""
_IN_CHECKPOINT = "depth_model.model."
"""Where SD 2 depth checkpoints keep MiDaS' DPT-Hybrid."""
_TELLTALE = "pretrained.act_postprocess4.4.weight"
_UNUSED = ("pretrained.model.head.", "auxlayer.")
"""Heads of other tasks that published files carry."""


_WORKING = 256
"""Working memory, in multiples of the pixels' own."""


@dataclass(frozen=True)
class Eyes:
    """How a depth model wants its pictures: `preprocessor_config.json` of its folder."""

    height: int = 384
    width: int = 384
    keep_proportions: bool = False
    multiple: int = 1
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Eyes:
        """From the settings of transformers' image processor of DPT; what they lack stays as it is here."""
        size = settings.get("size", {})
        sides = (size, size) if isinstance(size, int) else (size.get("height", 384), size.get("width", 384))
        return cls(
            *sides,
            keep_proportions=bool(settings.get("keep_aspect_ratio", cls.keep_proportions)),
            multiple=int(settings.get("ensure_multiple_of", cls.multiple)),
            mean=tuple(settings.get("image_mean", cls.mean)),
            std=tuple(settings.get("image_std", cls.std)),
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Pixel values [B, 3, h, w] of pictures [B, H, W, C] in 0..1 (bicubic, antialiased)."""
        across, along = self.height / images.shape[1], self.width / images.shape[2]
        if self.keep_proportions:  # the scale that changes the picture least
            across = along = along if abs(1 - along) < abs(1 - across) else across
        size = [
            max(1, round(scale * side / self.multiple)) * self.multiple
            for scale, side in ((across, images.shape[1]), (along, images.shape[2]))
        ]
        pixels = images[..., :3].movedim(-1, 1).float()
        pixels = F.interpolate(pixels, size, mode="bicubic", antialias=True).clamp(0, 1)
        mean, std = (
            torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (self.mean, self.std)
        )
        return (pixels - mean) / std


@dataclass(frozen=True, eq=False)
class DepthEstimator:
    """The DEPTH_MODEL socket: a depth network, in float32, and how it wants its pictures."""

    model: nn.Module
    eyes: Eyes
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the network to the device when it is used."""

    @torch.no_grad()
    def estimate(self, images: Tensor) -> Tensor:
        """How near the places of pictures [B, H, W, C] in 0..1 are: [B, H, W] of any scale, on the CPU."""
        near = torch.cat([self._near(self.eyes(image[None])) for image in images])[:, None]
        return F.interpolate(near, images.shape[1:3], mode="bicubic", align_corners=False)[:, 0].cpu()

    def _near(self, pixels: Tensor) -> Tensor:
        pixels = pixels.to(self.placement.device_for(next(self.model.parameters())))
        with self.placement.use(self.model, needs=(_WORKING * pixels.nbytes,)):
            return self.placement.call(self.model, pixels).predicted_depth.float()


def load_depth_model(path: Path, device: torch.device) -> DepthEstimator:
    """Load a depth model: a folder as transformers saves it, or MiDaS' own file of DPT-Hybrid.

    Raises:
        CheckpointError: it is none of these, or damaged.
    """
    if not path.is_dir():
        return _midas(open_model(path), "", device)
    settings = _json(path / "config.json")
    if settings.get("model_type") not in _KINDS:
        reason = f"its config.json is not one of a depth model ({' or '.join(_KINDS)})"
        raise CheckpointError(path, reason, "choose the folder of DPT or Depth Anything")
    model = _pretrained(path).to(device, torch.float32).requires_grad_(False).eval()
    return DepthEstimator(model, Eyes.read(_json(path / "preprocessor_config.json", needed=False)))


def _pretrained(path: Path) -> nn.Module:
    """A model as transformers reads it: it knows the names that older versions of it gave tensors."""
    build: Any = AutoModelForDepthEstimation
    remedy = "download the whole folder again"
    try:
        model, told = build.from_pretrained(path, local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, SafetensorError, KeyError, TypeError) as error:
        raise CheckpointError(path, f"it cannot be loaded ({error})", remedy) from error
    if lacking := sorted(map(str, (*told["missing_keys"], *told["mismatched_keys"]))):
        raise CheckpointError(path, f"its weights lack {', '.join(lacking[:3])}", remedy)
    return cast("nn.Module", model)


def in_checkpoint(file: ModelFile, device: torch.device) -> DepthEstimator:
    """The depth model inside an SD 2 depth checkpoint.

    Raises:
        CheckpointError: the checkpoint holds none.
    """
    return _midas(file, _IN_CHECKPOINT, device)


def _midas(file: ModelFile, prefix: str, device: torch.device) -> DepthEstimator:
    if f"{prefix}{_TELLTALE}" not in file.header.tensors:
        raise CheckpointError(
            file.header.path,
            f"it holds no MiDaS DPT-Hybrid ({prefix}{_TELLTALE})",
            "choose 512-depth-ema.safetensors, or load the depth model with DepthModelLoader",
        )
    settings = sizes(hybrid_settings, file, prefix)
    side, kind = settings["image_size"], cast("Any", AutoConfig)
    build: Any = AutoModelForDepthEstimation
    model = assemble(
        lambda: cast("nn.Module", build.from_config(kind.for_model(**settings))),
        file,
        prefix,
        torch.float32,
        device,
        naming=midas,
        ignore=_UNUSED,
    )
    return DepthEstimator(model, Eyes(side, side))


def _json(path: Path, *, needed: bool = True) -> Mapping[str, Any]:
    if not needed and not path.is_file():
        return {}
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(path, f"it cannot be read ({error})", "download the folder again") from error
    return cast("Mapping[str, Any]", content) if isinstance(content, dict) else {}
