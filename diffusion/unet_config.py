"""The sizes of a U-Net, and how they are read off the shapes of its tensors."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Self


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
