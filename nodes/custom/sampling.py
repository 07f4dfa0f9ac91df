"""Nodes that sample from parts: noise, guider, sampler and sigmas of their own."""

from typing import NamedTuple

import torch
from torch import Tensor

from diffusion.guiders import CfgGuider
from diffusion.model import DiffusionModel
from diffusion.noise import NoiseSource, NoNoise, SeededNoise
from diffusion.sampling import fitted, sample_guided
from engine.context import Context
from engine.node import node
from nodes.previews import report_steps
from nodes.types import (
    Cfg,
    Conditioning,
    Guider,
    Latent,
    Model,
    Noise,
    Sampler,
    Seed,
    Sigmas,
)


class Sampled(NamedTuple):
    """What a run left, and what the network took it to be."""

    output: Latent
    denoised_output: Latent


@node("SamplerCustom", title="SamplerCustom", category="sampling/custom_sampling")
def sampler_custom(
    *,
    model: Model,
    add_noise: bool = True,
    noise_seed: Seed = 0,
    cfg: Cfg = 8.0,
    positive: Conditioning,
    negative: Conditioning,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
    context: Context,
) -> Sampled:
    """Denoise a latent with a sampler and noise levels of your own.

    Args:
        model: The model used for denoising the input latent.
        add_noise: Whether noise is added to the latent before the first step.
        noise_seed: The random seed used for creating the noise.
        cfg: Classifier-free guidance scale; 1 leaves the negative conditioning out.
        positive: The conditioning describing the attributes to include in the image.
        negative: The conditioning describing the attributes to exclude from the image.
        sampler: The algorithm, with its settings.
        sigmas: The noise levels to go through; an empty list returns the latent as it is.
        latent_image: The latent image to denoise.

    Returns:
        output: The latent at the last noise level.
        denoised_output: The clean latent the model saw at the last step; the same where the run ends at 0.
    """
    noise = SeededNoise(noise_seed) if add_noise else NoNoise(noise_seed)
    return _sampled(CfgGuider(model, positive, negative, cfg), noise, sampler, sigmas, latent_image, context)


@node("SamplerCustomAdvanced", title="SamplerCustomAdvanced", category="sampling/custom_sampling")
def sampler_custom_advanced(
    *,
    noise: Noise,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
    context: Context,
) -> Sampled:
    """Denoise a latent with noise, guidance, sampler and noise levels of your own.

    Args:
        noise: What the run starts from, and the seed of every draw on the way.
        guider: The model with its conditioning.
        sampler: The algorithm, with its settings.
        sigmas: The noise levels to go through; an empty list returns the latent as it is.
        latent_image: The latent image to denoise.

    Returns:
        output: The latent at the last noise level.
        denoised_output: The clean latent the model saw at the last step; the same where the run ends at 0.
    """
    return _sampled(guider, noise, sampler, sigmas, latent_image, context)


def _sampled(
    guider: Guider, noise: NoiseSource, sampler: Sampler, sigmas: Tensor, latent: Latent, context: Context
) -> Sampled:
    model = guider.model
    start: Latent = {**latent, "samples": fitted(latent["samples"], model)}
    report = report_steps(model, context)
    seen: list[Tensor] = []

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        seen[:] = [denoised]
        report(step, total, denoised, x)

    samples = sample_guided(
        guider,
        start,
        noise=noise.generate_noise(start),
        sigmas=sigmas,
        seed=noise.seed,
        sampler=sampler,
        on_step=on_step,
    )
    clean = model.latent_format.from_model(seen[0]).to(samples.device) if seen else samples
    return Sampled({**latent, "samples": samples}, {**latent, "samples": clean})


@node("AddNoise", title="AddNoise", category="_for_testing/custom_sampling/noise")
def add_noise(*, model: Model, noise: Noise, sigmas: Sigmas, latent_image: Latent) -> Latent:
    """Put a latent at a noise level: as if a run had got to the last of the sigmas from the first.

    Args:
        model: The model the noise levels belong to.
        noise: The noise to add.
        sigmas: One noise level is taken as it is; of several, what lies between the first and the last.
        latent_image: The latent to add noise to.
    """
    if len(sigmas) == 0:
        return latent_image
    samples = fitted(latent_image["samples"], model)
    made = noise.generate_noise({**latent_image, "samples": samples})
    sigma = sigmas[0] if len(sigmas) == 1 else (sigmas[0] - sigmas[-1]).abs()
    return {**latent_image, "samples": noised(model, made, samples, sigma)}


@torch.no_grad()
def noised(model: DiffusionModel, noise: Tensor, samples: Tensor, sigma: Tensor) -> Tensor:
    """Samples [B, C, H, W] of the autoencoder's space under noise of the level `sigma`, in the same space."""
    clean = model.latent_format.to_model(samples) if samples.any() else samples
    state = model.prediction.initial(noise.to(clean), clean.float(), sigma, max_denoise=False)
    return model.latent_format.from_model(state)


@node("RandomNoise", title="RandomNoise", category="sampling/custom_sampling/noise", lane="cpu")
def random_noise(*, noise_seed: Seed = 0) -> Noise:
    """The noise of a seed, as KSampler makes it.

    Args:
        noise_seed: The random seed of the noise and of every draw on the way.
    """
    return SeededNoise(noise_seed)


@node("DisableNoise", title="DisableNoise", category="sampling/custom_sampling/noise", lane="cpu")
def disable_noise() -> Noise:
    """No noise: for a latent that still holds what an earlier run left."""
    return NoNoise()
