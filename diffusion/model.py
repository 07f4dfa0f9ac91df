"""A loaded diffusion model: the network with everything needed to sample from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NotRequired, Protocol, TypedDict

import torch
from torch import Tensor

from diffusion.hooks import Hooks
from diffusion.layers.text import Text
from diffusion.placement import Placement
from diffusion.prediction import Prediction


class Latent(TypedDict):
    """The LATENT socket: `samples` [B, C, H/8, W/8] float32 in the autoencoder's own (unscaled) space."""

    samples: Tensor
    noise_mask: NotRequired[Tensor]
    """[B, 1, H, W] of any resolution, 1 where the picture is to change."""
    batch_index: NotRequired[list[int]]
    """Which noise of the seed each latent gets."""


@dataclass(frozen=True)
class LatentFormat:
    """How a family scales its latents: model space = (autoencoder space - shift) * scale."""

    channels: int
    scale: float = 1.0
    shift: float = 0.0
    rgb: tuple[tuple[float, float, float], ...] = ()
    """For each channel its share of red, green and blue (-1..1) in a preview."""
    rgb_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    means: tuple[float, ...] = ()
    """For each channel the mean to subtract before scaling; empty for none."""
    deviations: tuple[float, ...] = ()
    """For each channel the standard deviation to divide by."""
    taesd: str = ""
    """What the files of the tiny autoencoder for these latents begin with; empty where there is none."""

    def to_model(self, latent: Tensor) -> Tensor:
        mean, deviation = self._statistics(latent)
        return (latent - mean) * self.scale / deviation

    def from_model(self, latent: Tensor) -> Tensor:
        mean, deviation = self._statistics(latent)
        return latent * deviation / self.scale + mean

    def _statistics(self, like: Tensor) -> tuple[Tensor | float, Tensor | float]:
        """Mean and deviation as they go with latents [B, C, ...]."""
        shape = (-1, *(1 for _ in like.shape[2:]))
        mean = like.new_tensor(self.means).view(shape) if self.means else self.shift
        return mean, like.new_tensor(self.deviations).view(shape) if self.deviations else 1.0


SD1_LATENT = LatentFormat(
    channels=4,
    scale=0.18215,
    taesd="taesd",
    rgb=(
        (0.3512, 0.2297, 0.3227),
        (0.3250, 0.4974, 0.2350),
        (-0.2829, 0.1762, 0.2721),
        (-0.2120, -0.2616, -0.7177),
    ),
)

SDXL_LATENT = LatentFormat(
    channels=4,
    scale=0.13025,
    taesd="taesdxl",
    rgb=(
        (0.3651, 0.4232, 0.4341),
        (-0.2533, -0.0042, 0.1068),
        (0.1076, 0.1111, -0.0362),
        (-0.3165, -0.2492, -0.2188),
    ),
    rgb_bias=(0.1084, -0.0175, -0.0011),
)


PLAYGROUND_LATENT = LatentFormat(
    channels=4,
    scale=0.5,
    means=(-1.6574, 1.886, -1.383, 2.5155),
    deviations=(8.4927, 5.9022, 6.5498, 5.2299),
    taesd="taesdxl",
    rgb=SDXL_LATENT.rgb,
    rgb_bias=SDXL_LATENT.rgb_bias,
)
"""Playground 2.5: the latents of SDXL's autoencoder brought to a deviation of 0.5."""


class Guidance(Protocol):
    """How the conditional and the unconditional prediction become one; all are clean latents like x."""

    def __call__(
        self, cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction, /
    ) -> Tensor: ...


class Again(Protocol):
    """Evaluates one side of a run's conditioning once more, with further hooks in the network."""

    def __call__(self, x: Tensor, hooks: Hooks, /, *, negative: bool = False) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one step of a run predicts, for those that change guidance: clean latents [B, C, H, W] like x."""

    cond: Tensor
    uncond: Tensor | None
    """None where guidance scale 1 leaves the negative side out."""
    x: Tensor
    sigma: Tensor
    scale: float
    prediction: Prediction
    again: Again


BeforeGuidance = Callable[[Predictions], Predictions]
"""Changes both predictions before they become one, or the one there is."""

AfterGuidance = Callable[[Tensor, Predictions], Tensor]
"""(guided prediction, what it was made from) -> the prediction the sampler gets."""


class Evaluate(Protocol):
    """One call of the network: the clean latents it sees in states x [B, C, H, W] at the scalar sigma."""

    def __call__(
        self, x: Tensor, sigma: Tensor, context: Tensor, extra: Mapping[str, Tensor], /
    ) -> Tensor: ...


class Around(Protocol):
    """Takes the place of a call of the network, which it is handed; it returns clean latents like x.

    `sides` says for each equal part of the batch whether it is positive (0) or negative (1).
    """

    def __call__(
        self,
        evaluate: Evaluate,
        x: Tensor,
        sigma: Tensor,
        context: Tensor,
        extra: Mapping[str, Tensor],
        sides: tuple[int, ...],
        /,
    ) -> Tensor: ...


MaskSchedule = Callable[[Tensor, Tensor, Tensor, Prediction], Tensor]
"""(mask, sigma, sigmas of the run, prediction) -> the noise mask to use at sigma."""

Extra = Callable[[Mapping[str, object], Tensor], Mapping[str, Tensor]]
"""(conditioning options, latent in model space) -> keyword tensors for the network, e.g. SDXL's vector `y` or
the channels an inpainting model takes. Batch first; one of the latent's size is cropped with it.

Beside the options of the conditioning there are `prompt_type`, "positive" or "negative", `noise_mask`, that
of the latent, or None, and the run's `seed`."""


def no_extra(options: Mapping[str, object], latent: Tensor) -> Mapping[str, Tensor]:
    """For networks that take nothing but x, t and the context."""
    return {}


def classifier_free(
    cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
) -> Tensor:
    """Classifier-free guidance (arXiv 2207.12598, eq. 6 in the usual form): from uncond through cond."""
    return uncond + scale * (cond - uncond)


@dataclass(frozen=True)
class DiffusionModel:
    """The MODEL socket. To change one, copy it with `dataclasses.replace`: the weights are shared.

    `network(x, t, context, **extra) -> Tensor` gets x [B, C, H, W] and context [B, T, D] in `dtype`, and t
    [B] in float32, all on `device`; its output has the shape of x.
    """

    network: Callable[..., Tensor]
    prediction: Prediction
    latent_format: LatentFormat = SD1_LATENT
    dtype: torch.dtype = torch.float32
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the network to the device when it is used; `sampling` and `guidance` ask it to."""
    extra: Extra = no_extra
    before_guidance: tuple[BeforeGuidance, ...] = ()
    guidance: Guidance = classifier_free
    after_guidance: tuple[AfterGuidance, ...] = ()
    """Called at guidance scale 1 as well, where `guidance` has nothing to join."""
    always_negative: bool = False
    """Predict the negative side even at guidance scale 1."""
    per_run: tuple[Callable[[DiffusionModel], DiffusionModel], ...] = ()
    """What makes the model of one run out of this one: changes that remember what a run did."""
    around: Around | None = None
    mask_schedule: MaskSchedule | None = None
    hooks: Hooks = field(default_factory=Hooks)
    """Called inside the network, which must have the places they are for."""
    context_width: int | None = None
    """Channels of the text the network reads; None where any will do."""
    family: str = ""
    """What it is called in messages, e.g. "SDXL"; empty for a model that no checkpoint was read for."""

    texts: dict[tuple[object, ...], Text] | None = field(default=None, compare=False)
    """Within a run, what its network has read of the prompts, by network, prompts and size of the batch."""

    def for_run(self) -> DiffusionModel:
        """The model of one run, with whatever that run has to remember."""
        model = replace(self, per_run=(), texts={})
        for start in self.per_run:
            model = start(model)
        return model
