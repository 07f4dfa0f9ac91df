"""Self-attention guidance, SAG (arXiv 2210.00939): away from a prediction whose salient parts are blurred."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.hooked import need_unet
from diffusion.hooks import Hooks, Site, Spot
from diffusion.layers.attention import attend
from diffusion.model import DiffusionModel, Predictions

_KERNEL = 9
_THRESHOLD = 1.0
"""A place is salient when it gets more attention than it would if all got the same."""


@dataclass(frozen=True)
class SelfAttentionGuidance:
    """The prediction moved by `scale` away from the one for a state with salient parts blurred (algorithm 1).

    The unconditional side says what is salient. Latents of fewer than five cells a side stay as they are: the
    blur would reach over both edges.
    """

    scale: float = 0.5
    blur: float = 2.0
    """Deviation of the blur, in latent cells."""

    def attached(self, model: DiffusionModel, who: str) -> DiffusionModel:
        """The model with it. Raises ValueError for one without a U-Net."""
        need_unet(model, who, attention=True)
        return replace(model, always_negative=True, per_run=(*model.per_run, self.begin))

    def begin(self, model: DiffusionModel) -> DiffusionModel:
        """The model of one run, which notes the attention of every step."""
        salience = _Salience()

        def guide(denoised: Tensor, seen: Predictions) -> Tensor:
            mask = salience.mask(seen.x)
            if seen.uncond is None or mask is None or min(seen.x.shape[2:]) <= _KERNEL // 2:
                return denoised
            degraded = torch.lerp(seen.uncond, blurred(seen.uncond, self.blur), mask)
            signal = seen.prediction.process.alpha(seen.sigma)
            again = seen.again(seen.x + signal * (degraded - seen.uncond), Hooks(), negative=True)
            return denoised + self.scale * (degraded - again)

        hooks = Hooks(attention_instead={Spot("self", "middle", 0, 0): salience})
        return replace(model, hooks=model.hooks + hooks, after_guidance=(*model.after_guidance, guide))


@dataclass(eq=False)
class _Salience:
    """Attends as usual, and keeps how much attention each place of the negative side gets."""

    received: Tensor | None = None
    grid: tuple[int, int] | None = None
    size: tuple[int, int] = (0, 0)

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
        if 1 in site.sides:
            part, parts = site.sides.index(1), len(site.sides)
            self.received = _received(q.chunk(parts)[part], k.chunk(parts)[part], site.heads)
            self.grid, self.size = site.grid(q.shape[1]), site.hooks.size
        return attend(q, k, v, site.heads)

    def mask(self, x: Tensor) -> Tensor | None:
        """[B, 1, H, W], 1 where the last call found the states x salient; None if it saw a part of them."""
        if self.received is None or self.grid is None or self.size != (x.shape[2], x.shape[3]):
            return None
        salient = (self.received > _THRESHOLD).to(x.dtype).view(-1, 1, *self.grid)
        return F.interpolate(salient, size=self.size)


def _received(q: Tensor, k: Tensor, heads: int) -> Tensor:
    """The sum of all attention each token gets, the mean of the heads: [B, N], float32."""
    q, k = (x.float().view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k))
    attention = (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1)
    return attention.mean(dim=1).sum(dim=1)


def blurred(x: Tensor, deviation: float) -> Tensor:
    """Maps [B, C, H, W] under a Gaussian blur of 9x9 cells, mirrored at the edges."""
    if deviation == 0:
        return x
    places = torch.linspace(-(_KERNEL - 1) / 2, (_KERNEL - 1) / 2, _KERNEL, device=x.device, dtype=x.dtype)
    row = (-0.5 * (places / deviation) ** 2).exp()
    row = row / row.sum()
    kernel = torch.outer(row, row).expand(x.shape[1], 1, _KERNEL, _KERNEL)
    return F.conv2d(F.pad(x, [_KERNEL // 2] * 4, mode="reflect"), kernel, groups=x.shape[1])
