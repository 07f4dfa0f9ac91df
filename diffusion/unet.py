"""The U-Net of latent diffusion: SD 1.x, SD 2.x, SDXL and the paper's own models are rows of sizes.

Attribute names are the tensor names of the published checkpoints after `model.diffusion_model.`.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from diffusion.hooks import Hooks, Residuals, Side, Site, changed
from diffusion.layers.attention import BasicTransformerBlock, CrossAttention, SpatialTransformer
from diffusion.layers.convolution import Conv2d
from diffusion.layers.embedding import timestep_embedding
from diffusion.layers.resnet import Downsample, ResamplingBlock, ResBlock, Upsample
from diffusion.layers.self_attention import AttentionBlock
from diffusion.layers.text import Text
from diffusion.unet_config import UNetConfig


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
        skips: list[Tensor],
        embedding: Tensor,
        context: Tensor | Text,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """Run the way up from the middle's output, joining `skips` last to first, and predict.

        Takes them off the list, so that none outlives its use.
        """
        for index, block in enumerate(self.output_blocks):
            skip = skips.pop()
            following = skips[-1] if skips else skip
            size = (following.shape[-2], following.shape[-1])
            site = _site(hooks, "output", index)
            if site is not None:
                for change in site.hooks.before_output:
                    x, skip = change(x, skip, site)
            x = torch.cat([x, skip], dim=1)
            del skip, following
            x = block(x, embedding, context, size, site)
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
