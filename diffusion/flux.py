"""Flux.1, the rectified-flow transformer of Black Forest Labs.

Blocks with a stream each for text and picture come first, then blocks that treat all tokens alike. Attribute
names are the tensor names of the published files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.hooks import Hooks, Residuals, through
from diffusion.layers.embedding import timestep_embedding
from diffusion.layers.modulation import (
    NORM_EPS,
    FinalLayer,
    attend,
    heads,
    modulated,
    unflattened,
    vectors,
    whole_patches,
)
from diffusion.layers.rotary import axes_of, rotated, rotations

PATCH = 2
"""Latent cells to a token, along each side."""
_SINUSOID = 256
_CLOCK = 1000.0
"""What time and guidance are multiplied by before they become sinusoids."""


@dataclass(frozen=True)
class FluxConfig:
    """Sizes of a Flux transformer. Flux.1 dev: `FluxConfig()`."""

    width: int = 3072
    head_dim: int = 128
    double_blocks: int = 19
    single_blocks: int = 38
    context_dim: int = 4096
    """Width of T5's text embedding."""
    vector_dim: int = 768
    """Width of CLIP's pooled text `y`."""
    channels: int = 16
    """Of the latent, in and out."""
    beside: int = 0
    """Channels of what is seen beside the noisy latent: 16 in Flux Canny and Depth, 80 in Flux Fill."""
    guided: bool = True
    """Whether the strength of the guidance is told to the network (dev), or there is none (schnell)."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes, given by their published names.

        Raises KeyError naming the first tensor that a Flux would have and `shapes` lacks.
        """
        width, values = shapes["img_in.weight"]
        drawn = shapes.get("final_layer.linear.weight", [values])[0]  # which control networks lack
        return cls(
            width=width,
            head_dim=shapes["double_blocks.0.img_attn.norm.query_norm.scale"][0],
            double_blocks=_length(shapes, "double_blocks.{}.img_attn.qkv.weight"),
            single_blocks=_length(shapes, "single_blocks.{}.linear1.weight"),
            context_dim=shapes["txt_in.weight"][1],
            vector_dim=shapes["vector_in.in_layer.weight"][1],
            channels=drawn // PATCH**2,
            beside=(values - drawn) // PATCH**2,
            guided="guidance_in.in_layer.weight" in shapes,
        )


class Flux(nn.Module):
    """Predict the flow's velocity in a latent, given how noisy it is and what it should show."""

    def __init__(self, config: FluxConfig) -> None:
        super().__init__()
        self.config = config
        width, values = config.width, config.channels * PATCH**2
        self.img_in = nn.Linear(values + config.beside * PATCH**2, width)
        self.txt_in = nn.Linear(config.context_dim, width)
        self.time_in = VectorEmbedding(_SINUSOID, width)
        self.vector_in = VectorEmbedding(config.vector_dim, width)
        if config.guided:
            self.guidance_in = VectorEmbedding(_SINUSOID, width)
        self.double_blocks = nn.ModuleList(DoubleStreamBlock(config) for _ in range(config.double_blocks))
        self.single_blocks = nn.ModuleList(SingleStreamBlock(config) for _ in range(config.single_blocks))
        self.final_layer = FinalLayer(width, values)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        *,
        y: Tensor,
        guidance: Tensor | None = None,
        concat: Tensor | None = None,
        control: Residuals | None = None,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """Return the velocity [B, C, H, W].

        `x` [B, C, H, W] is the noisy latent, `t` [B] the noise level 0..1, `context` [B, N, context_dim] the
        embedding by T5, `y` [B, vector_dim] the pooled text by CLIP, `guidance` [B] the strength that guided
        networks are told, `concat` [B, beside, H, W] what is seen beside the latent. All share one dtype
        except `t`. Odd sides are padded, and the result cropped. `control` holds tokens [B, N, width] to add
        to the picture's after the blocks of these numbers, the single ones counted after the double ones;
        `hooks` may take the place of blocks.
        """
        added = Residuals().inputs if control is None else control.inputs
        padded = whole_patches(x if concat is None else torch.cat([x, concat], dim=1), PATCH)
        rows, columns = (side // PATCH for side in padded.shape[-2:])
        embedding = self.embed(t, y, guidance)
        picture, text = self.img_in(to_patches(padded)), self.txt_in(context)
        turns = rotations(places(text.shape[1], rows, columns, x.device), axes_of(self.config.head_dim))
        for number, block in enumerate(self.double_blocks):
            step = partial(block, embedding=embedding, turns=turns)
            picture, text = through(hooks, ("double", number), step, picture, text)
            picture = picture + added[number] if number in added else picture
        tokens, words = torch.cat([text, picture], dim=1), text.shape[1]
        for number, block in enumerate(self.single_blocks, len(self.double_blocks)):
            alone = partial(_alone, block, embedding, turns)
            [tokens] = through(hooks, ("single", number - len(self.double_blocks)), alone, tokens)
            if number in added:
                tokens = torch.cat([tokens[:, :words], tokens[:, words:] + added[number]], dim=1)
        out = _from_patches(self.final_layer(tokens[:, words:], embedding), rows, columns)
        return out[..., : x.shape[-2], : x.shape[-1]]

    def embed(self, t: Tensor, y: Tensor, guidance: Tensor | None) -> Tensor:
        """What steers every block [B, width]: time, pooled text, and the guidance where the network takes it.

        Raises:
            ValueError: a guided network is not told the strength.
        """
        embedding = self.time_in(timestep_embedding(t * _CLOCK, _SINUSOID).to(y.dtype))
        if self.config.guided:
            if guidance is None:
                raise ValueError("this Flux was trained to be told the strength of the guidance [B]")
            told = timestep_embedding(guidance.float() * _CLOCK, _SINUSOID)
            embedding = embedding + self.guidance_in(told.to(y.dtype))
        return embedding + self.vector_in(y)


def _alone(block: nn.Module, embedding: Tensor, turns: Tensor, tokens: Tensor) -> tuple[Tensor]:
    return (block(tokens, embedding, turns),)


class VectorEmbedding(nn.Module):
    """A perceptron from a vector [B, D] to the embedding that steers every block."""

    def __init__(self, inner: int, width: int) -> None:
        super().__init__()
        self.in_layer = nn.Linear(inner, width)
        self.out_layer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_layer(F.silu(self.in_layer(x)))


class Modulation(nn.Module):
    """Shifts, scales and gates for one or two steps of a stream."""

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        self.numbers = 3 * steps
        self.lin = nn.Linear(width, self.numbers * width)

    def forward(self, embedding: Tensor) -> tuple[Tensor, ...]:
        return vectors(self.lin, embedding, self.numbers)


class RMSNorm(nn.Module):
    """Root-mean-square normalisation of a head's channels, with the published name of its gains."""

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(head_dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.scale, NORM_EPS)


class QKNorm(nn.Module):
    """Normalises queries and keys, so that attention stays calm however long training goes on."""

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.query_norm = RMSNorm(head_dim)
        self.key_norm = RMSNorm(head_dim)

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return self.query_norm(q), self.key_norm(k)


class SelfAttention(nn.Module):
    """The projections of attention, on one stream's side of it."""

    def __init__(self, config: FluxConfig) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.norm = QKNorm(config.head_dim)
        self.proj = nn.Linear(config.width, config.width)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = heads(self.qkv(x), self.head_dim)
        return *self.norm(q, k), v


class DoubleStreamBlock(nn.Module):
    """Text and picture attend to all tokens of both, then go through perceptrons of their own."""

    def __init__(self, config: FluxConfig) -> None:
        super().__init__()
        self.img_mod = Modulation(config.width, 2)
        self.img_attn = SelfAttention(config)
        self.img_mlp = _perceptron(config.width)
        self.txt_mod = Modulation(config.width, 2)
        self.txt_attn = SelfAttention(config)
        self.txt_mlp = _perceptron(config.width)

    def forward(
        self, picture: Tensor, text: Tensor, embedding: Tensor, turns: Tensor
    ) -> tuple[Tensor, Tensor]:
        steer_picture, steer_text = self.img_mod(embedding), self.txt_mod(embedding)
        of_text = self.txt_attn.heads(modulated(text, *steer_text[:2]))
        of_picture = self.img_attn.heads(modulated(picture, *steer_picture[:2]))
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(of_text, of_picture, strict=True))
        attended = attend(rotated(q, turns), rotated(k, turns), v)
        words = text.shape[1]
        text = _finish(text, self.txt_attn.proj(attended[:, :words]), self.txt_mlp, steer_text)
        return _finish(picture, self.img_attn.proj(attended[:, words:]), self.img_mlp, steer_picture), text


class SingleStreamBlock(nn.Module):
    """Attention and perceptron side by side on all tokens, with one projection in and one out."""

    def __init__(self, config: FluxConfig) -> None:
        super().__init__()
        self.width, self.head_dim = config.width, config.head_dim
        self.linear1 = nn.Linear(config.width, 7 * config.width)
        self.linear2 = nn.Linear(5 * config.width, config.width)
        self.norm = QKNorm(config.head_dim)
        self.modulation = Modulation(config.width, 1)

    def forward(self, x: Tensor, embedding: Tensor, turns: Tensor) -> Tensor:
        shift, scale, gate = self.modulation(embedding)
        qkv, inner = self.linear1(modulated(x, shift, scale)).split([3 * self.width, 4 * self.width], dim=-1)
        q, k, v = heads(qkv, self.head_dim)
        q, k = self.norm(q, k)
        attended = attend(rotated(q, turns), rotated(k, turns), v)
        out = self.linear2(torch.cat([attended, F.gelu(inner, approximate="tanh")], dim=-1))
        return x + gate[:, None] * out


def _perceptron(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
    )


def _finish(x: Tensor, attended: Tensor, mlp: nn.Module, steer: Sequence[Tensor]) -> Tensor:
    _, _, gate, shift_mlp, scale_mlp, gate_mlp = steer
    x = x + gate[:, None] * attended
    return x + gate_mlp[:, None] * mlp(modulated(x, shift_mlp, scale_mlp))


def to_patches(x: Tensor) -> Tensor:
    """[B, C, H, W] as [B, H/2 * W/2, C * 4], each patch channel by channel."""
    x = unflattened(unflattened(x, 3, -1, PATCH), 2, -1, PATCH)
    return x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def _from_patches(tokens: Tensor, rows: int, columns: int) -> Tensor:
    x = unflattened(unflattened(tokens, 1, rows, columns), 3, -1, PATCH, PATCH)
    return x.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def places(words: int, rows: int, columns: int, device: torch.device) -> Tensor:
    """Where each token is, [words + rows * columns, 3]: words at the origin, patches at (0, row, column)."""
    grid = torch.zeros(rows, columns, 3, device=device)
    grid[..., 1] = torch.arange(rows, device=device)[:, None]
    grid[..., 2] = torch.arange(columns, device=device)
    return torch.cat([torch.zeros(words, 3, device=device), grid.flatten(0, 1)])


def _length(shapes: Mapping[str, Sequence[int]], name: str) -> int:
    found = next(n for n in count() if name.format(n) not in shapes)
    if not found:
        raise KeyError(name.format(0))
    return found
