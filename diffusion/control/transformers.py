"""ControlNets for the transformers of Stable Diffusion 3 and Flux: copies of their first blocks.

They read the picture as a latent. Every block's tokens go through a linear layer that started training at
zero (arXiv 2302.05543) and are added to those of the blocks of the model. Files have diffusers' names; what
belongs to these networks alone keeps them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

import torch
from torch import Tensor, nn

from diffusion.flux import PATCH, Flux, FluxConfig, places, to_patches
from diffusion.layers.modulation import whole_patches
from diffusion.layers.rotary import axes_of, rotations
from diffusion.mmdit import MMDiT, MMDiTConfig, PatchEmbedding

_SINGLE, _MODES = "single_blocks.{}.linear1.weight", "controlnet_mode_embedder.weight"


@dataclass(frozen=True)
class MMDiTControlConfig:
    """Sizes of a ControlNet for an MMDiT."""

    transformer: MMDiTConfig
    """`depth` is the number of its own blocks."""
    hint_channels: int = 16
    """16, or 17 for inpainting: the latent of the picture and a mask."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes (see `MMDiTConfig.from_shapes`)."""
        return cls(MMDiTConfig.from_shapes(shapes), shapes["pos_embed_input.proj.weight"][1])


@dataclass(frozen=True)
class FluxControlConfig:
    """Sizes of a ControlNet for Flux."""

    transformer: FluxConfig
    """Numbers of blocks are those of its own."""
    modes: int = 0
    """Kinds of pictures that a union ControlNet is told apart; 0 for one of a single kind."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes (see `FluxConfig.from_shapes`); there may be no single blocks."""
        single = next(n for n in count() if _SINGLE.format(n) not in shapes)
        sizes = FluxConfig.from_shapes({_SINGLE.format(0): (), **shapes})
        modes = shapes[_MODES][0] if _MODES in shapes else 0
        return cls(replace(sizes, single_blocks=single), modes)


class MMDiTControl(MMDiT):
    """What a picture adds to the tokens of an MMDiT."""

    def __init__(self, config: MMDiTControlConfig) -> None:
        sizes = config.transformer
        # The last block of an MMDiT gives no text; these networks end before it.
        super().__init__(replace(sizes, depth=sizes.depth + 1))
        del self.joint_blocks[-1], self.final_layer
        self.config = sizes
        self.masked = config.hint_channels > sizes.channels
        self.controlnet_blocks = _linears(sizes.width, sizes.depth)
        self.pos_embed_input = PatchEmbedding(replace(sizes, channels=config.hint_channels))

    def encode(self, hint: Tensor) -> Tensor:
        """Encode a picture's latent [B, hint_channels, H, W] as tokens [B, N, width]."""
        return self.pos_embed_input(whole_patches(hint, self.config.patch))

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]  (what it returns is its purpose)
        self, x: Tensor, t: Tensor, context: Tensor, hint: Tensor, *, y: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the tokens of each block, and none for single blocks (see `MMDiT.forward`).

        The published networks were trained with a pooled text of zeros, so `y` counts with its shape alone.
        """
        padded = whole_patches(x, self.config.patch)
        rows, columns = (side // self.config.patch for side in padded.shape[-2:])
        tokens = self.x_embedder(padded) + self.positions(rows, columns) + hint
        embedding = self.embed(t, torch.zeros_like(y), x.dtype)
        context = self.context_embedder(context)
        added: list[Tensor] = []
        for block, convert in zip(self.joint_blocks, self.controlnet_blocks, strict=True):
            context, tokens = block(context, tokens, embedding)
            added.append(convert(tokens))
        return added, []


class FluxControl(Flux):
    """What a picture adds to the tokens of Flux."""

    def __init__(self, config: FluxControlConfig) -> None:
        sizes = config.transformer
        super().__init__(sizes)
        del self.final_layer
        self.controlnet_blocks = _linears(sizes.width, sizes.double_blocks)
        self.controlnet_single_blocks = _linears(sizes.width, sizes.single_blocks)
        self.controlnet_x_embedder = nn.Linear(sizes.channels * PATCH**2, sizes.width)
        if config.modes:
            self.controlnet_mode_embedder = nn.Embedding(config.modes, sizes.width)

    def encode(self, hint: Tensor) -> Tensor:
        """Encode a picture's latent [B, channels, H, W] as tokens [B, N, width]."""
        return self.controlnet_x_embedder(to_patches(whole_patches(hint, PATCH)))

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]  (what it returns is its purpose)
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        hint: Tensor,
        *,
        y: Tensor,
        guidance: Tensor | None = None,
        kind: int | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the picture's tokens of each double and of each single block (see `Flux.forward`).

        A union ControlNet reads the `kind` of picture as a word before the text.
        """
        padded = whole_patches(x, PATCH)
        rows, columns = (side // PATCH for side in padded.shape[-2:])
        embedding = self.embed(t, y, guidance)
        picture, text = self.img_in(to_patches(padded)) + hint, self.txt_in(context)
        if kind is not None:
            word = self.controlnet_mode_embedder.weight[kind].expand(len(text), 1, -1)
            text = torch.cat([word, text], dim=1)
        turns = rotations(places(text.shape[1], rows, columns, x.device), axes_of(self.config.head_dim))
        double: list[Tensor] = []
        for block, convert in zip(self.double_blocks, self.controlnet_blocks, strict=True):
            picture, text = block(picture, text, embedding, turns)
            double.append(convert(picture))
        tokens, words, single = torch.cat([text, picture], dim=1), text.shape[1], list[Tensor]()
        for block, convert in zip(self.single_blocks, self.controlnet_single_blocks, strict=True):
            tokens = block(tokens, embedding, turns)
            single.append(convert(tokens[:, words:]))
        return double, single


def _linears(width: int, number: int) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(width, width) for _ in range(number))
