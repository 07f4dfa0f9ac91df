"""Union ControlNet: one network for several kinds of pictures, told which it is given (xinsir, SDXL).

It was published as ControlNet++ with names of diffusers; those that belong to it alone are kept here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.hooks import Residuals
from diffusion.layers.embedding import timestep_embedding

UNION_TYPES: Mapping[str, int] = {
    "openpose": 0,
    "depth": 1,
    "hed/pidi/scribble/ted": 2,
    "canny/lineart/anime_lineart/mlsd": 3,
    "normal": 4,
    "segment": 5,
    "tile": 6,
    "repaint": 7,
}
"""Kinds of pictures, as the nodes call them; the first networks knew six."""

_HEAD = 40
"""Channels of a head, in the published networks."""


@dataclass(frozen=True)
class UnionConfig(ControlNetConfig):
    """Sizes of a union ControlNet."""

    types: int = 8
    layers: int = 1
    sinusoid: int = 256
    """Channels that each type's switch is embedded in."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes (see `ControlNetConfig.from_shapes`)."""
        plain = ControlNetConfig.from_shapes(shapes)
        types = shapes["task_embedding"][0]
        layers = {name.split(".")[1] for name in shapes if name.startswith("transformer_layes.")}
        return cls(
            unet=plain.unet,
            hint_channels=plain.hint_channels,
            hint_widths=plain.hint_widths,
            types=types,
            layers=len(layers),
            sinusoid=shapes["control_add_embedding.linear_1.weight"][1] // types,
        )


class UnionControlNet(ControlNet):
    """A ControlNet whose time embedding and picture are told the kind of the picture."""

    def __init__(self, config: UnionConfig) -> None:
        super().__init__(config)
        self.union = config
        width = config.unet.widths[0]
        self.task_embedding = nn.Parameter(torch.empty(config.types, width))
        self.transformer_layes = nn.Sequential(*(_Layer(width) for _ in range(config.layers)))
        self.spatial_ch_projs = nn.Linear(width, width)
        self.control_add_embedding = _Embedding(config.sinusoid * config.types, 4 * width)

    def encode(self, hint: Tensor, kind: int | None = None) -> Tensor:
        """Encode a picture of a kind (see `UNION_TYPES`); of a kind not told, as a plain ControlNet does."""
        features = self.input_hint_block(hint)
        if kind is None:
            return features
        token = features.mean(dim=(2, 3)) + self.task_embedding[kind]
        shift = self.spatial_ch_projs(self.transformer_layes(token[:, None])[:, 0])
        return features + shift[:, :, None, None]

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        hint: Tensor,
        *,
        y: Tensor | None = None,
        kind: int | None = None,
    ) -> Residuals:
        """As a ControlNet, with the kind of picture that `hint` was encoded as."""
        switches = torch.zeros(self.union.types, device=x.device)
        if kind is not None:
            switches[kind] = 1
        told = timestep_embedding(switches, self.union.sinusoid).to(x.dtype).flatten()[None]
        embedding = self.embed(t, y, x.dtype) + self.control_add_embedding(told)
        return self.steer(x, embedding, context, hint)


class _Embedding(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(inner, outer)
        self.linear_2 = nn.Linear(outer, outer)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(nn.functional.silu(self.linear_1(x)))


class _Layer(nn.Module):
    """A transformer layer over the tokens [B, N, C] of pictures, one each: it attends to itself alone.

    The published code has the axes exchanged, so that the pictures of a batch attend to each other. That
    does nothing where all are the same, as in training; here a picture means the same in any company.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, max(1, width // _HEAD), batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = _Perceptron(width)
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.ln_1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class _Perceptron(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        return self.c_proj(x * torch.sigmoid(1.702 * x))
