"""A control network with its picture, strength and part of the run: what a conditioning carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.conditioning import Conditioning, Control, Steering
from diffusion.control.hint import fitted_to
from diffusion.control.residuals import scaled
from diffusion.hooks import Residuals
from diffusion.mixing import Pairs
from diffusion.model import DiffusionModel
from diffusion.regions import to_batch

Features = tuple[Tensor, ...]
"""What a control network knows of its picture before the first step, each [B, ...]."""


class Fitted(Protocol):
    """A control network that goes with a model."""

    @property
    def multiple(self) -> int:
        """Sides of the picture it reads must be multiples of that many pixels."""
        ...

    def read(self, hint: Tensor, vae: Vae | None) -> Features:
        """Encode a picture [B, C, H, W] in 0..1.

        Raises:
            ValueError: it has no such number of channels, or the VAE it takes is missing.
        """
        ...

    def steer(
        self, x: Tensor, t: Tensor, context: Tensor, extra: Mapping[str, Tensor], features: Features
    ) -> Residuals:
        """What is added to the network that gets the same x, t, context and extra tensors."""
        ...


class ControlModel(Protocol):
    """The CONTROL_NET socket: a loaded control network."""

    def fit(self, model: DiffusionModel) -> Fitted:
        """The network as it goes with `model`.

        Raises:
            ValueError: it was made for another family of models.
        """
        ...


@dataclass(frozen=True, eq=False)
class Applied:
    """A control network applied to a conditioning; `prepare` makes it ready for a run."""

    net: ControlModel
    hint: Tensor
    """The picture [B, H, W, C] in 0..1; pictures are repeated where there are more latents."""
    strength: float = 1.0
    start_percent: float = 0.0
    end_percent: float = 1.0
    previous: Control | None = None
    """What steers as well: their results add."""
    vae: Vae | None = None
    """For networks that read a latent instead of the picture."""

    def prepare(self, model: DiffusionModel, latent: Tensor) -> Steering:
        run = _Run(
            fitted=self.net.fit(model),
            hint=self.hint.movedim(-1, 1),
            vae=self.vae,
            strength=self.strength,
            start_sigma=model.prediction.percent_to_sigma(self.start_percent),
            end_sigma=model.prediction.percent_to_sigma(self.end_percent),
            previous=None if self.previous is None else self.previous.prepare(model, latent),
        )
        run.features(latent)  # what is wrong with picture or VAE is told before the first step
        return run


@dataclass(eq=False)
class _Run:
    """One run of an applied control network; the picture is encoded once for each size it is asked for.

    An area of the latent is steered by the whole picture, brought to the area's size.
    """

    fitted: Fitted
    hint: Tensor
    vae: Vae | None
    strength: float
    start_sigma: float
    end_sigma: float
    previous: Steering | None
    _read: dict[tuple[int, int], Features] = field(default_factory=dict["tuple[int, int]", Features])

    def __call__(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        extra: Mapping[str, Tensor],
        sigma: Tensor,
        parts: int,
    ) -> Residuals | None:
        before: Residuals | None = None
        if self.previous is not None:
            before = cast("Residuals | None", self.previous(x, t, context, extra, sigma, parts))
        if self.strength == 0 or not self.end_sigma <= float(sigma) <= self.start_sigma:
            return before
        residuals = self.fitted.steer(x, t, context, extra, self._batched(x, parts))
        residuals = scaled(residuals, self.strength, x)
        return residuals if before is None else before + residuals

    def features(self, x: Tensor) -> Features:
        """The picture encoded at the size of a latent [..., h, w]."""
        size = (x.shape[-2], x.shape[-1])
        if size not in self._read:
            hint = fitted_to(self.hint, *size, self.fitted.multiple)
            self._read[size] = self.fitted.read(hint, self.vae)
        return self._read[size]

    def _batched(self, x: Tensor, parts: int) -> Features:
        """The pictures for a batch of equal parts: in each of them one for every latent."""
        each = len(x) // parts
        return tuple(torch.cat([to_batch(level, each)] * parts) for level in self.features(x))


def apply_control(
    conditionings: Sequence[Conditioning],
    net: ControlModel,
    hint: Tensor,
    strength: float,
    *,
    start: float = 0.0,
    end: float = 1.0,
    vae: Vae | None = None,
    both: bool = False,
) -> list[Pairs]:
    """Conditionings steered by a control network, beside what steers them already.

    Entries steered by the same before are steered by the same after, so that both sides of guidance share a
    call of the network.

    Args:
        hint: the picture [B, H, W, C] in 0..1.
        start: from which part of the run on, 0..1.
        end: up to which part of the run.
        vae: for networks that read a latent.
        both: whether the negative side is to follow the positive one given here.
    """
    made: dict[int, Applied] = {}

    def steered(previous: Control | None) -> Applied:
        if id(previous) not in made:
            made[id(previous)] = Applied(net, hint, strength, start, end, previous, vae)
        return made[id(previous)]

    return [
        [
            [text, {**options, "control": steered(options.get("control")), "control_apply_to_uncond": both}]
            for text, options in conditioning
        ]
        for conditioning in conditionings
    ]
