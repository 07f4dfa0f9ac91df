"""Changes of a latent as functions, to apply to one or to what a model predicts in each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from diffusion.model import Predictions

Operation = Callable[[Tensor], Tensor]
"""[B,C,H,W] to the same shape."""

_LEAST = 1e-10
_DARKEST = 1e-6
_SHARPENING = 10.0


@dataclass(frozen=True)
class TonemapReinhard:
    """Compress what is bright (Reinhard et al. 2002, eq. 3), on the lengths of the cells' channel vectors.

    The white point is five standard deviations above the mean, times `multiplier`.
    """

    multiplier: float = 1.0

    def __call__(self, latent: Tensor) -> Tensor:
        length = _length(latent) + _LEAST
        axes = tuple(range(1, latent.ndim))
        mean, spread = length.mean(axes, keepdim=True), length.std(axes, keepdim=True)
        white = (5 * spread + mean) * self.multiplier
        compressed = length / white
        return latent / length * (compressed / (compressed + 1) * white)


@dataclass(frozen=True)
class Sharpen:
    """Make the directions of the cells' channel vectors differ more from their neighbours'.

    `radius` is in cells, `sigma` in units of the radius; ten times the difference is added at `alpha` 1.
    """

    radius: int = 9
    sigma: float = 1.0
    alpha: float = 0.1

    def __call__(self, latent: Tensor) -> Tensor:
        length = _length(latent) + _DARKEST
        direction = latent / length
        smooth = gaussian_blur(direction, self.radius, self.sigma)
        return length * (direction + _SHARPENING * self.alpha * (direction - smooth))


@dataclass(frozen=True)
class InGuidance:
    """Applies an operation to the direction of guidance: conditional minus unconditional prediction.

    Without guidance, at a cfg of 1, that is the conditional prediction alone: models that need no guidance
    can be changed, too.
    """

    operation: Operation

    def __call__(self, predictions: Predictions) -> Predictions:
        uncond = predictions.uncond
        if uncond is None:
            return replace(predictions, cond=self.operation(predictions.cond))
        return replace(predictions, cond=uncond + self.operation(predictions.cond - uncond))


class TooSmall(ValueError):
    """A filter reaches over more pixels than there are."""

    remedy = "Use a smaller radius, or scale the picture up first."


def gaussian_blur(x: Tensor, radius: int, sigma: float) -> Tensor:
    """[B,C,H,W] under a Gaussian bell cut off at `radius`; `sigma` is in units of the radius.

    Past the edges the picture is mirrored. Raises `TooSmall` if it has not that many pixels.
    """
    if min(x.shape[-2:]) <= radius:
        size = "x".join(map(str, reversed(x.shape[-2:])))
        raise TooSmall(
            f"a radius of {radius} needs more than {radius} pixels (of latents: cells) along each side; "
            f"there are {size}"
        )
    bell = torch.exp(-torch.linspace(-1, 1, 2 * radius + 1).square() / (2 * sigma**2))
    bell = (bell / bell.sum()).to(x).repeat(x.shape[1], 1, 1, 1)
    around = pad(x, (radius, radius, radius, radius), "reflect")
    down = conv2d(around, bell.transpose(-1, -2), groups=x.shape[1])
    return conv2d(down, bell, groups=x.shape[1])


def _length(latent: Tensor) -> Tensor:
    return latent.square().sum(1, keepdim=True).sqrt()
