"""Vision encoders: pictures in, tokens and an embedding out. CLIP (arXiv 2103.00020), SigLIP (2303.15343)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

from diffusion.clip_heads import attention_heads
from diffusion.placement import Placement

# Per-channel statistics of CLIP's training pictures (arXiv 2103.00020).
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
CENTRED = (0.5, 0.5, 0.5)
"""SigLIP's mean and standard deviation: 0..1 becomes -1..1."""
_PATCHES = "embeddings.patch_embedding.weight"
_POSITIONS = "embeddings.position_embedding.weight"
_OPENCLIP_HEADS = {32: 16, 48: 16}
"""Layers of OpenCLIP's H and G to their heads, which are wider than 64 channels (80 and 104)."""
_WORKING = 64
"""Working memory, in multiples of the pixels' own."""
_SIGLIP_SIDES = {378: 384}
"""What whole patches cover of a picture to its size: So400m's 27 patches of 14 leave 6 pixels out."""


def preprocess(
    images: Tensor,
    size: int = 224,
    *,
    crop: bool = True,
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
    fit: Callable[[float], int] = round,
) -> Tensor:
    """Pixel values [B, 3, size, size] of pictures [B, H, W, C] in 0..1.

    The shorter side is resized to `size` (bicubic, antialiased) and the centre cut out; without `crop` both
    sides are resized to it; values are rounded to 8 bits and normalised.

    Args:
        images: the pictures.
        size: side of the square.
        crop: whether the centre is cut out.
        mean: of each channel.
        std: of each channel.
        fit: makes the resized longer side whole: ComfyUI rounds it, transformers cuts it off (`int`).
    """
    height, width = images.shape[1:3]
    shorter = min(height, width)
    target = (fit(size * height / shorter), fit(size * width / shorter)) if crop else (size, size)
    pixels = images[..., :3].movedim(-1, 1).float()
    resized = F.interpolate(pixels, target, mode="bicubic", antialias=True)
    top, left = (target[0] - size) // 2, (target[1] - size) // 2
    cut = resized[..., top : top + size, left : left + size]
    rounded = (cut.clamp(0, 1) * 255).round() / 255
    centre, spread = (torch.tensor(values, device=rounded.device).view(3, 1, 1) for values in (mean, std))
    return (rounded - centre) / spread


def image_size(shapes: Mapping[str, Sequence[int]]) -> int:
    """Side of the pictures a vision encoder takes, from the same shapes as `vision_config`."""
    positions, patch = shapes[_POSITIONS][0], shapes[_PATCHES][-1]
    return round((positions - 1) ** 0.5) * patch  # one position is the class token's


def vision_config(shapes: Mapping[str, Sequence[int]], heads: int | None = None) -> CLIPVisionConfig:
    """The sizes of a CLIP vision encoder, from the shapes of its tensors.

    Args:
        shapes: by the names of transformers' `CLIPVisionModel`, without a prefix.
        heads: attention heads, which no shape tells; those of the published encoder of that depth if None.
    """
    width, channels, patch, _ = shapes[_PATCHES]
    layers = _layers(shapes)
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        num_hidden_layers=layers,
        num_attention_heads=attention_heads(width, _OPENCLIP_HEADS.get(layers) if heads is None else heads),
        num_channels=channels,
        patch_size=patch,
        image_size=image_size(shapes),
        hidden_act="gelu" if layers in _OPENCLIP_HEADS else "quick_gelu",
    )


def siglip_config(shapes: Mapping[str, Sequence[int]]) -> SiglipVisionConfig:
    """The sizes of a SigLIP vision encoder, from the shapes of its tensors without a prefix.

    SigLIP's So400m has 16 heads of 72 channels; the others one for every 64.
    """
    width, channels, patch, _ = shapes[_PATCHES]
    return SiglipVisionConfig(
        hidden_size=width,
        intermediate_size=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        num_hidden_layers=_layers(shapes),
        num_attention_heads=attention_heads(width, 16 if width == 1152 else None),
        num_channels=channels,
        patch_size=patch,
        image_size=siglip_image_size(shapes),
        vision_use_head="head.probe" in shapes,
    )


def siglip_image_size(shapes: Mapping[str, Sequence[int]]) -> int:
    """Side of the pictures a SigLIP encoder takes, from the same shapes."""
    covered = round(shapes[_POSITIONS][0] ** 0.5) * shapes[_PATCHES][-1]
    return _SIGLIP_SIDES.get(covered) or covered


def _layers(shapes: Mapping[str, Sequence[int]]) -> int:
    return next(n for n in count() if f"encoder.layers.{n}.layer_norm1.weight" not in shapes)


class ClipVisionNetwork(nn.Module):
    """CLIP's picture side under the names transformers gives its tensors.

    A `projection` of 0 leaves out the projection of the pooled state.
    """

    def __init__(self, config: CLIPVisionConfig, projection: int) -> None:
        super().__init__()
        self.vision_model = CLIPVisionModel(config)
        if projection:
            self.visual_projection = nn.Linear(config.hidden_size, projection, bias=False)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels [B, 3, S, S] to the last and the last but one states [B, N, W] and the embedding [B, P]."""
        output: Any = self.vision_model(pixel_values, output_hidden_states=True)
        states = cast("tuple[Tensor, ...]", output.hidden_states)
        pooled = output.pooler_output
        embedding = self.visual_projection(pooled) if hasattr(self, "visual_projection") else pooled
        return output.last_hidden_state, states[-2], embedding


class SiglipVisionNetwork(nn.Module):
    """SigLIP's picture side under the names transformers gives its tensors."""

    def __init__(self, config: SiglipVisionConfig) -> None:
        super().__init__()
        self.vision_model = SiglipVisionModel(config)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As CLIP's; the last states are normalised. Without a pooling head their mean is the embedding."""
        output: Any = self.vision_model(pixel_values, output_hidden_states=True)
        states = cast("tuple[Tensor, ...]", output.hidden_states)
        last, pooled = output.last_hidden_state, output.pooler_output
        return last, states[-2], last.mean(dim=1) if pooled is None else pooled


@dataclass(frozen=True, eq=False)
class ClipVisionOutput:
    """The CLIP_VISION_OUTPUT socket: what an encoder says of B pictures, float32 on the CPU.

    Items are reached as attributes or by name: `output["image_embeds"]`.
    """

    last_hidden_state: Tensor
    """[B, N, W]: the class token and one for every patch (SigLIP: patches alone)."""
    penultimate_hidden_states: Tensor
    """The same before the last layer."""
    image_embeds: Tensor
    """[B, P]: one vector a picture, in the space shared with texts."""
    mm_projected: None = None
    """Encoders that are part of a language model would say more here."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, eq=False)
class ClipVision:
    """The CLIP_VISION socket: a vision encoder and how it wants its pictures."""

    model: nn.Module
    image_size: int
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the encoder to the device when it is used."""

    @property
    def load_device(self) -> torch.device:
        """Where it computes, by the name node packs use."""
        return self.placement.device_for(next(self.model.parameters()))

    @torch.no_grad()
    def encode_image(self, image: Tensor, crop: bool | str = True) -> ClipVisionOutput:
        """Encode pictures [B, H, W, C] in 0..1; `crop` cuts the centre square out, else all is squeezed."""
        cut = crop not in (False, "none", "disabled")
        pixels = preprocess(image, self.image_size, crop=cut, mean=self.mean, std=self.std)
        pixels = pixels.to(self.load_device, next(self.model.parameters()).dtype)
        with self.placement.use(self.model, needs=(_WORKING * pixels.nbytes,)):
            last, penultimate, embedding = self.placement.call(self.model, pixels)
        return ClipVisionOutput(last.float().cpu(), penultimate.float().cpu(), embedding.float().cpu())
