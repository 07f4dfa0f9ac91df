"""Perturbed-attention guidance (arXiv 2403.17377): away from a prediction that sees no structure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from diffusion.hooked import need_unet
from diffusion.hooks import Hooks, Site, Spot
from diffusion.model import DiffusionModel, Predictions


def _identity(q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
    """Attention in which every token sees itself alone."""
    return v


_PERTURBED = Hooks(attention_instead={Spot("self", "middle", 0): _identity})


@dataclass(frozen=True)
class PerturbedAttention:
    """The prediction moved by `scale` away from one with the identity for lowest attention (eq. 9)."""

    scale: float = 3.0

    def attached(self, model: DiffusionModel, who: str) -> DiffusionModel:
        """The model with it. Raises ValueError for one without a U-Net."""
        need_unet(model, who, attention=True)
        return replace(model, after_guidance=(*model.after_guidance, self))

    def __call__(self, denoised: Tensor, seen: Predictions) -> Tensor:
        if self.scale == 0:
            return denoised
        return denoised + self.scale * (seen.cond - seen.again(seen.x, _PERTURBED))
