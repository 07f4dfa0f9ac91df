"""`comfy.sample`, `comfy.samplers` and `nodes.common_ksampler`: sampling by call, as packs do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.model import DiffusionModel, Latent
from diffusion.noise import initial_noise
from diffusion.samplers import SAMPLERS, OnStep
from diffusion.sampling import fitted, sample_sigmas
from diffusion.schedules import schedule, sigmas_for
from engine.context import current_call
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.parts import ModelSampling
from nodes.comfy.models.previews import prepare_callback
from nodes.comfy.models.samplers import KSAMPLER, ksampler, sampler_object

__all__ = [
    "KSAMPLER",
    "KSampler",
    "calculate_sigmas",
    "common_ksampler",
    "fix_empty_latent_channels",
    "ksampler",
    "on_step",
    "prepare_noise",
    "sample",
    "sample_custom",
    "sampler_object",
]

Callback = Callable[[int, Tensor, Tensor, int], Any]
"""callback(step, denoised, x, total): tensors in model space, steps counted from 0."""


def prepare_noise(latent_image: Tensor, seed: int, noise_inds: Sequence[int] | None = None) -> Tensor:
    """Unit normal noise of the latent's shape, on the CPU; `noise_inds` picks the noise of each item."""
    indices = None if noise_inds is None else [int(index) for index in noise_inds]
    noise = initial_noise(latent_image.shape, seed, indices)
    return noise.to(latent_image.dtype)


def fix_empty_latent_channels(model: PackModel, latent_image: Tensor) -> Tensor:
    """An empty latent with the model's channels. Raises ValueError for another family's latent."""
    return fitted(latent_image, model.wrapped)


def calculate_sigmas(model_sampling: ModelSampling, scheduler_name: str, steps: int) -> Tensor:
    """The named schedule: float32 on the CPU, `steps + 1` long, ending in 0."""
    return schedule(scheduler_name, steps, model_sampling.prediction)


def sample(
    model: PackModel,
    noise: Tensor,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Any,
    negative: Any,
    latent_image: Tensor,
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
    noise_mask: Tensor | None = None,
    sigmas: Tensor | None = None,
    callback: Callback | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Sample as the KSampler node does, from noise that is given. Returns the samples, on the CPU."""
    if sigmas is None:
        sigmas = sigmas_for(
            model.wrapped.prediction,
            sampler_name,
            scheduler,
            steps,
            denoise,
            start_step,
            last_step,
            force_full_denoise,
        )
    if disable_noise:
        noise = torch.zeros_like(noise)
    sampler = sampler_object(sampler_name)
    return sample_custom(
        model, noise, cfg, sampler, sigmas, positive, negative, latent_image, noise_mask, callback, seed=seed
    )


def sample_custom(
    model: PackModel,
    noise: Tensor,
    cfg: float,
    sampler: KSAMPLER,
    sigmas: Tensor,
    positive: Any,
    negative: Any,
    latent_image: Tensor,
    noise_mask: Tensor | None = None,
    callback: Callback | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """The same with a SAMPLER and SIGMAS. Raises Interrupted at the next step when the run is cancelled."""
    latent: dict[str, Any] = {"samples": latent_image}
    if noise_mask is not None:
        latent["noise_mask"] = noise_mask
    return sample_sigmas(
        model.wrapped,
        positive,
        negative,
        cast(Latent, latent),
        noise=noise,
        sigmas=sigmas,
        seed=seed or 0,
        cfg=cfg,
        sampler=sampler.wrapped,
        on_step=on_step(callback),
    ).cpu()


def on_step(callback: Callback | None) -> OnStep:
    """What the engine calls once a step, for a pack's callback; it raises when the run is cancelled."""
    call = current_call()

    def step_done(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        if call is not None:
            call.context.check()
        if callback is not None:
            callback(step, denoised, x, total)

    return step_done


class KSampler:
    """A sampler and a schedule for a model; `sigmas` is what it will go through."""

    def __init__(
        self,
        model: PackModel,
        steps: int,
        device: Any = None,
        sampler: str | None = None,
        scheduler: str | None = None,
        denoise: float | None = None,
        model_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.device = device
        self.sampler = sampler or next(iter(SAMPLERS))
        self.scheduler = scheduler or "simple"
        self.model_options = dict(model_options or {})
        self.set_steps(steps, denoise)

    def set_steps(self, steps: int, denoise: float | None = None) -> None:
        """Change the number of steps, of which the last `denoise` share is run."""
        self.steps, self.denoise = steps, denoise
        prediction = self._wrapped.prediction
        share = 1.0 if denoise is None else denoise
        self.sigmas = sigmas_for(prediction, self.sampler, self.scheduler, steps, share)

    def calculate_sigmas(self, steps: int) -> Tensor:
        """The whole schedule of so many steps."""
        return sigmas_for(self._wrapped.prediction, self.sampler, self.scheduler, steps)

    def sample(
        self,
        noise: Tensor,
        positive: Any,
        negative: Any,
        cfg: float,
        latent_image: Tensor | None = None,
        start_step: int | None = None,
        last_step: int | None = None,
        force_full_denoise: bool = False,
        denoise_mask: Tensor | None = None,
        sigmas: Tensor | None = None,
        callback: Callback | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Sample; see the function of that name."""
        return sample(
            self.model,
            noise,
            self.steps,
            cfg,
            self.sampler,
            self.scheduler,
            positive,
            negative,
            torch.zeros_like(noise) if latent_image is None else latent_image,
            denoise=1.0 if self.denoise is None else self.denoise,
            start_step=start_step,
            last_step=last_step,
            force_full_denoise=force_full_denoise,
            noise_mask=denoise_mask,
            sigmas=sigmas,
            callback=callback,
            seed=seed,
        )

    @property
    def _wrapped(self) -> DiffusionModel:
        return self.model.wrapped


def common_ksampler(
    model: PackModel,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Any,
    negative: Any,
    latent: dict[str, Any],
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
) -> tuple[dict[str, Any]]:
    """What the KSampler nodes do: a LATENT, in a tuple of one."""
    samples = fix_empty_latent_channels(model, latent["samples"])
    if disable_noise:
        noise = torch.zeros_like(samples)
    else:
        noise = prepare_noise(samples, seed, latent.get("batch_index"))
    made = sample(
        model,
        noise,
        steps,
        cfg,
        sampler_name,
        scheduler,
        positive,
        negative,
        samples,
        denoise=denoise,
        start_step=start_step,
        last_step=last_step,
        force_full_denoise=force_full_denoise,
        noise_mask=latent.get("noise_mask"),
        callback=prepare_callback(model, steps),
        seed=seed,
    )
    return ({**latent, "samples": made},)
