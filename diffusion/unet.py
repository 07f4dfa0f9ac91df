"""The U-Net of latent diffusion: SD 1.x, SD 2.x and SDXL are three rows of sizes.

Attribute names are the tensor names of the published checkpoints after `model.diffusion_model.`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

import torch
from torch import Tensor, nn

from diffusion.hooks import Hooks, Residuals, Side, Site, changed
from diffusion.layers.attention import BasicTransformerBlock, CrossAttention, SpatialTransformer
from diffusion.layers.convolution import Conv2d
from diffusion.layers.embedding import timestep_embedding
from diffusion.layers.resnet import Downsample, ResamplingBlock, ResBlock, Upsample
from diffusion.layers.self_attention import AttentionBlock
from diffusion.layers.text import Text


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a U-Net."""

    widths: tuple[int, ...]
    """Channels of each resolution, full size first; SD 1.x: (320, 640, 1280, 1280)."""
    down_depths: tuple[tuple[int, ...], ...]
    """Transformer layers of each residual block, by level. SD 1.x: ((1, 1), (1, 1), (1, 1), (0, 0))."""
    up_depths: tuple[tuple[int, ...], ...]
    """The same for the way up, lowest resolution first; one block more a level."""
    middle_depth: int
    context_dim: int
    """Width of the text embedding the cross-attention reads."""
    in_channels: int = 4
    """4, or 9 for inpainting models, which also see the mask and the masked picture."""
    out_channels: int = 4
    heads: int | None = 8
    """Attention heads of every layer (SD 1.x), or None where `head_dim` rules."""
    head_dim: int | None = None
    """Channels of one head (64 in SD 2.x and SDXL)."""
    linear_projection: bool = False
    """Whether transformers project with linear layers instead of 1x1 convolutions (SD 2.x and SDXL)."""
    plain_attention: bool = False
    """Whether there is self-attention alone in place of transformers: such networks read no text."""
    residual_resampling: bool = False
    """Whether residual blocks change the resolution, by averaging and repeating, in place of convolutions."""
    scale_shift: bool = False
    """Whether the time embedding scales as well as shifts what residual blocks normalise."""
    vector_dim: int | None = None
    """Width of the extra conditioning vector `y` (SDXL: 2816, refiner: 2560), or None without one."""

    @classmethod
    def from_shapes(
        cls, shapes: Mapping[str, Sequence[int]], *, heads: int | None = None, head_dim: int | None = None
    ) -> Self:
        """Read the sizes from tensor shapes, given by name without the `model.diffusion_model.` prefix.

        Shapes do not tell the number of heads. Unless one of `heads` and `head_dim` is given, networks with
        convolutional projections get 8 heads (SD 1.x) and those with linear ones 64 channels a head (SD 2.x,
        SDXL); networks of plain attention get 32 channels a head.
        Raises KeyError naming the first tensor that a U-Net of this layout would have and `shapes` lacks.
        """
        up = _levels(shapes, "output_blocks", first=0, boundary=_GROWS)
        encoder = cls.of_encoder(shapes, heads=heads, head_dim=head_dim)
        if any(_RESAMPLES.fullmatch(name) for name in shapes):
            down = _even_levels(shapes, [len(level) - 1 for level in reversed(up)])
            encoder = replace(
                encoder,
                widths=tuple(level[0].width for level in down),
                down_depths=tuple(tuple(block.depth for block in level) for level in down),
                residual_resampling=True,
            )
        return replace(
            encoder,
            up_depths=tuple(tuple(block.depth for block in level) for level in up),
            out_channels=shapes["out.2.weight"][0],
        )

    @classmethod
    def of_encoder(
        cls, shapes: Mapping[str, Sequence[int]], *, heads: int | None = None, head_dim: int | None = None
    ) -> Self:
        """The same of a network without a way up, such as a ControlNet; `up_depths` fit but say nothing."""
        stem = shapes["input_blocks.0.0.weight"]
        down = _levels(shapes, "input_blocks", first=1, boundary=("input_blocks.{}.0.op.weight",))
        projection = next((s for name, s in shapes.items() if name.endswith("proj_in.weight")), (0, 0, 1, 1))
        context = next((s for name, s in shapes.items() if name.endswith("attn2.to_k.weight")), (0, 0))
        linear = len(projection) == 2
        plain = "middle_block.1.qkv.weight" in shapes
        if heads is None and head_dim is None:
            heads, head_dim = (None, 32) if plain else (None, 64) if linear else (8, None)
        return cls(
            widths=tuple(level[0].width for level in down),
            down_depths=tuple(tuple(block.depth for block in level) for level in down),
            up_depths=tuple((0,) * (len(level) + 1) for level in reversed(down)),
            middle_depth=_depth(shapes, "middle_block.1"),
            context_dim=context[1],
            in_channels=stem[1],
            heads=heads,
            head_dim=head_dim,
            linear_projection=linear,
            plain_attention=plain,
            scale_shift=shapes["middle_block.0.emb_layers.1.weight"][0] == 2 * down[-1][-1].width,
            vector_dim=shapes["label_emb.0.0.weight"][1] if "label_emb.0.0.weight" in shapes else None,
        )


class UNet(nn.Module):
    """Predict noise, v or flow in a latent, given how noisy it is and what it should show."""

    reads_text = True
    """Takes a `Text` for a context as well."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        stem, embedding = config.widths[0], 4 * config.widths[0]
        self.time_embed = _perceptron(stem, embedding)
        if config.vector_dim is not None:
            self.label_emb = nn.Sequential(_perceptron(config.vector_dim, embedding))
        plan = _Plan(config, embedding)
        self.input_blocks = nn.ModuleList(plan.down())
        self.middle_block = plan.middle()
        self.output_blocks = nn.ModuleList(plan.up())
        self.out = nn.Sequential(
            nn.GroupNorm(32, stem), nn.SiLU(), Conv2d(stem, config.out_channels, 3, padding=1)
        )
        for place, attention in enumerate(self.text_attentions()):
            attention.place = place

    def text_attentions(self) -> Iterator[CrossAttention]:
        """The attentions to the context, in the order of their names."""
        return (part.attn2 for part in self.modules() if isinstance(part, BasicTransformerBlock))

    def read(self, text: Text) -> None:
        """Have every attention to the context make its keys and values now."""
        for attention in self.text_attentions():
            attention.read(text)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor | Text,
        *,
        y: Tensor | None = None,
        concat: Tensor | None = None,
        control: Residuals | None = None,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """Return the prediction [B, out_channels, H, W].

        `x` [B, C, H, W] is the noisy latent as scaled for the network, `t` [B] the timestep 0..999 (fractions
        allowed), `context` [B, N, context_dim] the text embedding, or a `Text` that holds it, `y`
        [B, vector_dim] the vector of SDXL models, `concat` [B, in_channels - C, H, W] the further channels of
        inpainting models. All share one dtype except `t`. Any H and W work; multiples of 8 are what the
        models were trained on. `control` is what control networks add.
        """
        embedding = self.embed(t, y, x.dtype)
        if concat is not None:
            x = torch.cat([x, concat], dim=1)
        x, skips = self.down(x, embedding, context, control, hooks)
        x = self.middle(x, embedding, context, hooks)
        if control is not None:
            if control.middle is not None:
                x = x + control.middle
            skips = [_added(skip, control.skip(place)) for place, skip in enumerate(skips)]
        return self.up(x, skips, embedding, context, hooks)

    def embed(self, t: Tensor, y: Tensor | None, dtype: torch.dtype) -> Tensor:
        """Embed timesteps [B], and the vector `y` where the model has one, as [B, 4 * widths[0]]."""
        embedding = self.time_embed(timestep_embedding(t, self.config.widths[0]).to(dtype))
        if self.config.vector_dim is None:
            return embedding
        if y is None:
            raise ValueError(f"this U-Net needs the conditioning vector y [B, {self.config.vector_dim}]")
        return embedding + self.label_emb(y)

    def down(
        self,
        x: Tensor,
        embedding: Tensor,
        context: Tensor | Text,
        control: Residuals | None = None,
        hooks: Hooks | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Run the way down. Returns the lowest feature map and every block's output, in order, as skips.

        `forward` is nothing but `down`, `middle` and `up`: a control network composes them itself and
        takes what it needs in between.
        """
        skips: list[Tensor] = []
        for index, block in enumerate(self.input_blocks):
            site = _site(hooks, "input", index)
            x = block(x, embedding, context, site=site)
            if control is not None:
                x = _added(x, control.inputs.get(index))
            if site is not None:
                x = changed(site.hooks.after_input, x, site)
            skips.append(x)
            if site is not None:
                x = changed(site.hooks.after_skip, x, site)
        return x, skips

    def middle(
        self, x: Tensor, embedding: Tensor, context: Tensor | Text, hooks: Hooks | None = None
    ) -> Tensor:
        """Run the lowest block."""
        site = _site(hooks, "middle", 0)
        x = self.middle_block(x, embedding, context, site=site)
        return x if site is None else changed(site.hooks.after_middle, x, site)

    def up(
        self,
        x: Tensor,
        skips: Sequence[Tensor],
        embedding: Tensor,
        context: Tensor | Text,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """Run the way up from the middle's output, joining `skips` last to first, and predict."""
        for index, block in enumerate(self.output_blocks):
            skip = skips[-1 - index]
            following = skips[max(0, len(skips) - 2 - index)]
            size = (following.shape[-2], following.shape[-1])
            site = _site(hooks, "output", index)
            if site is not None:
                for change in site.hooks.before_output:
                    x, skip = change(x, skip, site)
            x = block(torch.cat([x, skip], dim=1), embedding, context, size, site)
        return self.out(x)


class Block(nn.Sequential):
    """Layers in a row, each given what it takes: the time embedding, the text, or the size to grow to."""

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        x: Tensor,
        embedding: Tensor,
        context: Tensor | Text,
        size: tuple[int, int] = (0, 0),
        site: Site | None = None,
    ) -> Tensor:
        for layer in self:
            if isinstance(layer, ResamplingBlock):
                x = layer(x, embedding, size)
            elif isinstance(layer, ResBlock):
                x = layer(x, embedding)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, context, site)
            elif isinstance(layer, Upsample):
                x = layer(x, size)
            else:
                x = layer(x)
        return x


def _site(hooks: Hooks | None, side: Side, block: int) -> Site | None:
    return None if hooks is None else Site(hooks, side, block)


def _added(x: Tensor, residual: Tensor | None) -> Tensor:
    return x if residual is None else x + residual


class _Plan:
    """Builds the blocks in order and remembers the channels of each skip connection."""

    def __init__(self, config: UNetConfig, embedding: int) -> None:
        self.config = config
        self.embedding = embedding
        self.skips: list[int] = []

    def down(self) -> list[Block]:
        config, width = self.config, self.config.widths[0]
        blocks = [Block(Conv2d(config.in_channels, width, 3, padding=1))]
        self.skips.append(width)
        for level, (outer, depths) in enumerate(zip(config.widths, config.down_depths, strict=True)):
            for depth in depths:
                blocks.append(self._block(width, outer, depth))
                width = outer
                self.skips.append(width)
            if level < len(config.widths) - 1:
                blocks.append(Block(self._resampling(width, up=False)))
                self.skips.append(width)
        return blocks

    def middle(self) -> Block:
        width = self.config.widths[-1]
        return Block(*self._block(width, width, self.config.middle_depth), self._residual(width, width))

    def up(self) -> list[Block]:
        config, width = self.config, self.config.widths[-1]
        blocks: list[Block] = []
        for level, (outer, depths) in enumerate(zip(reversed(config.widths), config.up_depths, strict=True)):
            for depth in depths:
                blocks.append(self._block(width + self.skips.pop(), outer, depth))
                width = outer
            if level < len(config.widths) - 1:
                blocks[-1].append(self._resampling(width, up=True))
        return blocks

    def _block(self, inner: int, outer: int, depth: int) -> Block:
        block = Block(self._residual(inner, outer))
        if depth:
            block.append(self._attention(outer, depth))
        return block

    def _residual(self, inner: int, outer: int) -> ResBlock:
        return ResBlock(inner, outer, self.embedding, scale_shift=self.config.scale_shift)

    def _resampling(self, width: int, *, up: bool) -> nn.Module:
        if self.config.residual_resampling:
            return ResamplingBlock(width, self.embedding, up=up, scale_shift=self.config.scale_shift)
        return Upsample(width) if up else Downsample(width)

    def _attention(self, width: int, depth: int) -> SpatialTransformer | AttentionBlock:
        config = self.config
        heads = config.heads if config.head_dim is None else width // config.head_dim
        if heads is None:
            raise ValueError("UNetConfig needs heads or head_dim")
        if config.plain_attention:
            return AttentionBlock(width, heads)
        return SpatialTransformer(width, config.context_dim, heads, depth, linear=config.linear_projection)


def _perceptron(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inner, outer), nn.SiLU(), nn.Linear(outer, outer))


@dataclass(frozen=True)
class _BlockSize:
    width: int
    depth: int


_RESAMPLES = re.compile(r"output_blocks\.\d+\.[12]\.in_layers\.2\.weight")
_GROWS = ("output_blocks.{}.{}.conv.weight", "output_blocks.{}.{}.in_layers.2.weight")


def _levels(
    shapes: Mapping[str, Sequence[int]], side: str, *, first: int, boundary: tuple[str, ...]
) -> list[list[_BlockSize]]:
    """Group the residual blocks of one side by resolution; `boundary` names what changes it."""
    levels: list[list[_BlockSize]] = [[]]
    for index in count(first):
        block = f"{side}.{index}"
        name = f"{block}.0.out_layers.3.weight"
        if name in shapes:
            levels[-1].append(_BlockSize(shapes[name][0], _depth(shapes, f"{block}.1")))
        elif not levels[-1]:
            raise KeyError(name)
        if any(end.format(index, place) in shapes for end in boundary for place in (1, 2)):
            levels.append([])
        elif name not in shapes:
            break
    return levels


def _even_levels(shapes: Mapping[str, Sequence[int]], counts: Sequence[int]) -> list[list[_BlockSize]]:
    """The way down in levels of so many blocks, where the block that halves looks like any other."""
    levels: list[list[_BlockSize]] = []
    start = 1
    for number in counts:
        blocks = [f"input_blocks.{index}" for index in range(start, start + number)]
        levels.append(
            [
                _BlockSize(shapes[f"{block}.0.out_layers.3.weight"][0], _depth(shapes, f"{block}.1"))
                for block in blocks
            ]
        )
        start += number + 1
    return levels


def _depth(shapes: Mapping[str, Sequence[int]], transformer: str) -> int:
    if f"{transformer}.qkv.weight" in shapes:
        return 1
    return next(n for n in count() if f"{transformer}.transformer_blocks.{n}.norm1.weight" not in shapes)
