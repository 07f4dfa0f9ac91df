"""The GUIDER socket as packs expect it: derived from, given conditionings, and sampled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.entries import Entry, prepare
from diffusion.evaluation import predict
from diffusion.guidance import GuidedDenoiser
from diffusion.guiders import CfgGuider, Guider
from diffusion.model import DiffusionModel, Latent
from diffusion.prediction import Prediction
from diffusion.samplers.common import Denoiser, Guided
from diffusion.sampling import sample_guided
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.parts import BaseModel
from nodes.comfy.models.samplers import KSAMPLER
from nodes.comfy.models.sampling import Callback, on_step

Side = Sequence[Entry]


class Inner(BaseModel):
    """`guider.inner_model`: the network during a run."""

    def __init__(self, model: DiffusionModel) -> None:
        super().__init__(model)
        self.running = model


class CFGGuider:
    """Classifier-free guidance; packs derive from it and override `predict_noise`.

    `original_conds` holds the conditionings by name, and `conds`, while it samples, what was made of them.
    """

    def __init__(self, model_patcher: PackModel) -> None:
        self.model_patcher = model_patcher
        self.model_options = model_patcher.model_options
        self.original_conds: dict[str, Conditioning] = {}
        self.conds: dict[str, Any] = {}
        self.cfg = 1.0
        self.inner_model: Inner | None = None

    @property
    def model(self) -> DiffusionModel:
        """The engine's model."""
        return self.model_patcher.wrapped

    def set_conds(self, positive: Conditioning, negative: Conditioning) -> None:
        """What the picture should show, and what not."""
        self.inner_set_conds({"positive": positive, "negative": negative})

    def inner_set_conds(self, conds: Mapping[str, Conditioning]) -> None:
        """Conditionings by name; the one called `positive` is what others are guidance away from."""
        self.original_conds.update(conds)

    def set_cfg(self, cfg: float) -> None:
        """The guidance scale."""
        self.cfg = cfg

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        """As `diffusion.guiders.Guider` has it."""
        model = self.model.for_run()
        names = ["positive", *(name for name in self.original_conds if name != "positive")]
        given = [self.original_conds.get(name, ()) for name in names]
        sides = prepare(model, given[0], given[1:], latent, noise_mask, seed)
        self.conds = dict(zip(names, sides, strict=True))
        self.inner_model = Inner(model)
        return _PackDenoiser(self, model, seed)

    def predict_noise(
        self,
        x: Tensor,
        timestep: Tensor,
        model_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> Tensor:
        """The guided clean latent for states x at sigma `timestep`."""
        negative, positive = self.conds.get("negative"), self.conds.get("positive")
        assert self.inner_model is not None, "predict_noise works while a run goes on"
        return sampling_function(self.inner_model, x, timestep, negative, positive, self.cfg, model_options)

    def __call__(self, *arguments: Any, **named: Any) -> Tensor:
        return self.predict_noise(*arguments, **named)

    def sample(
        self,
        noise: Tensor,
        latent_image: Tensor,
        sampler: KSAMPLER,
        sigmas: Tensor,
        denoise_mask: Tensor | None = None,
        callback: Callback | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Sample; see `comfy.sample.sample_custom`."""
        latent: dict[str, Any] = {"samples": latent_image}
        if denoise_mask is not None:
            latent["noise_mask"] = denoise_mask
        return sample_guided(
            self,
            cast(Latent, latent),
            noise=noise,
            sigmas=sigmas,
            seed=seed or 0,
            sampler=sampler.wrapped,
            on_step=on_step(callback),
        ).cpu()


@dataclass(frozen=True, eq=False)
class _PackDenoiser:
    """A pack's guider as a sampler calls it."""

    guider: CFGGuider
    model: DiffusionModel
    seed: int
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def prediction(self) -> Prediction:
        return self.model.prediction

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.guider.predict_noise(x, sigma.expand(len(x)).to(x.device), self.options, self.seed)

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        [negative] = predict(self.model, x, sigma, [self.guider.conds.get("negative") or []])
        return Guided(self(x, sigma), negative)


class EngineGuider(CFGGuider):
    """A guider of the engine that packs have no class for; it guides as it does."""

    def __init__(self, guider: Guider) -> None:
        super().__init__(PackModel(guider.model))
        self.guider = guider

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        return self.guider.denoiser(latent, noise_mask, seed)


def of_engine(guider: Guider) -> CFGGuider:
    """A guider of the engine for packs."""
    if not isinstance(guider, CfgGuider):
        return EngineGuider(guider)
    made = CFGGuider(PackModel(guider.model))
    made.set_conds(guider.positive, guider.negative)
    made.set_cfg(guider.scale)
    return made


@torch.no_grad()
def sampling_function(
    model: Inner,
    x: Tensor,
    timestep: Tensor,
    uncond: Side | None,
    cond: Side | None,
    cond_scale: float,
    model_options: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Tensor:
    """`comfy.samplers.sampling_function`: the guided clean latent of two sides of a guider's `conds`."""
    sigma = timestep.reshape(-1)[0].cpu()
    return GuidedDenoiser(model.running, cond or [], uncond or [], cond_scale)(x, sigma)


@torch.no_grad()
def calc_cond_batch(
    model: Inner,
    conds: Sequence[Side | None],
    x_in: Tensor,
    timestep: Tensor,
    model_options: Mapping[str, Any] | None = None,
) -> list[Tensor]:
    """`comfy.samplers.calc_cond_batch`: the clean latent each of a guider's `conds` predicts."""
    return predict(model.running, x_in, timestep.reshape(-1)[0].cpu(), [side or [] for side in conds])
