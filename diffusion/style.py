"""Style models: what a vision encoder saw of a picture, as tokens that follow those of the prompt.

T2I-Adapter's style adapter (arXiv 2302.08453) for SD 1.x, and Redux for Flux.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.clip_vision import ClipVisionOutput
from diffusion.families.naming import Shape
from diffusion.placement import Placement

_HEADS = 8
"""Of the published style adapter; no shape tells."""


class StyleConfig(NamedTuple):
    """Sizes of a style adapter."""

    width: int
    tokens: int
    context: int
    layers: int


class StyleAdapter(nn.Module):
    """Learned tokens look at a picture's, in a small transformer, and go on to the prompt."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        # The spelling is that of the published tensors.
        self.transformer_layes = nn.Sequential(*(_Layer(config.width) for _ in range(config.layers)))
        self.style_embedding = nn.Parameter(torch.empty(1, config.tokens, config.width))
        self.ln_post = nn.LayerNorm(config.width)
        self.ln_pre = nn.LayerNorm(config.width)
        self.proj = nn.Parameter(torch.empty(config.width, config.context))

    @property
    def reads(self) -> int:
        """Channels of the states it takes."""
        return self.proj.shape[0]

    def forward(self, states: Tensor) -> Tensor:
        """States [B, N, W] of a picture to tokens [B, tokens, context]."""
        tokens = self.style_embedding.expand(len(states), -1, -1)
        seen = self.transformer_layes(self.ln_pre(torch.cat([states, tokens], dim=1)))
        return self.ln_post(seen[:, -tokens.shape[1] :]) @ self.proj


class _Layer(nn.Module):
    """A transformer layer as CLIP has them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, _HEADS, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.ln_1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        inner = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](inner * torch.sigmoid(1.702 * inner))


class Redux(nn.Module):
    """Flux.1 Redux: each of a picture's states becomes a token beside T5's."""

    def __init__(self, reads: int, inner: int, context: int) -> None:
        super().__init__()
        self.redux_up = nn.Linear(reads, inner)
        self.redux_down = nn.Linear(inner, context)

    @property
    def reads(self) -> int:
        """Channels of the states it takes."""
        return self.redux_up.in_features

    def forward(self, states: Tensor) -> Tensor:
        """States [B, N, W] of a picture to tokens [B, N, context]."""
        return self.redux_down(F.silu(self.redux_up(states)))


@dataclass(frozen=True, eq=False)
class StyleModel:
    """The STYLE_MODEL socket; always float32."""

    model: StyleAdapter | Redux
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the network to the device when it is used."""

    @torch.no_grad()
    def get_cond(self, seen: ClipVisionOutput) -> Tensor:
        """Tokens [B, T, context] for encoded pictures, float32 on the CPU.

        Raises:
            ValueError: the pictures were encoded with another encoder than the model was made for.
        """
        states = seen.last_hidden_state
        if states.shape[-1] != self.model.reads:
            raise ValueError(
                f"the picture's states are {states.shape[-1]} wide and this style model reads "
                f"{self.model.reads}: encode it with the vision encoder the model was made for, CLIP-L for "
                "the style adapter of SD 1.x, SigLIP for Flux Redux"
            )
        states = states.to(self.placement.device_for(next(self.model.parameters())), torch.float32)
        with self.placement.use(self.model, needs=(16 * states.nbytes,)):
            return self.placement.call(self.model, states).float().cpu()


def load_style_model(path: Path, device: torch.device) -> StyleModel:
    """Load a style model; which one it is shows in its tensors.

    Raises:
        CheckpointError: the file is damaged or no style model.
    """
    file = open_model(path)
    names = file.header.tensors
    if "style_embedding" in names:
        style = sizes(_style_config, file, "")
        return StyleModel(assemble(lambda: StyleAdapter(style), file, "", torch.float32, device))
    if "redux_up.weight" in names:
        redux = sizes(_redux_sizes, file, "")
        return StyleModel(assemble(lambda: Redux(*redux), file, "", torch.float32, device))
    raise CheckpointError(
        path,
        "it is no style model (it has neither style_embedding nor redux_up.weight)",
        "choose one, such as t2iadapter_style_sd14v1.pth or flux1-redux-dev.safetensors",
    )


def _style_config(shapes: Mapping[str, Shape]) -> StyleConfig:
    _, tokens, width = shapes["style_embedding"]
    layers = next(n for n in count() if f"transformer_layes.{n}.ln_1.weight" not in shapes)
    return StyleConfig(width, tokens, shapes["proj"][1], layers)


def _redux_sizes(shapes: Mapping[str, Shape]) -> tuple[int, int, int]:
    inner, reads = shapes["redux_up.weight"]
    return reads, inner, shapes["redux_down.weight"][0]
