"""Nodes that denoise."""

from typing import Annotated, Literal

from diffusion.sampling import sample
from engine.context import Context
from engine.node import node
from engine.types import Range
from nodes.previews import report_steps
from nodes.types import Cfg, Conditioning, Latent, Model, SamplerName, SchedulerName, Seed, Steps


@node("KSampler", title="KSampler", category="sampling")
def ksampler(
    *,
    model: Model,
    seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
    context: Context,
) -> Latent:
    """Use the provided model, positive and negative conditioning to denoise the latent image.

    Args:
        model: The model used for denoising the input latent.
        seed: The random seed used for creating the noise.
        steps: The number of steps used in the denoising process.
        cfg: Classifier-free guidance scale: higher values follow the prompt more closely,
            too high ones hurt quality.
        sampler_name: The algorithm used when sampling; it affects quality, speed and style.
        scheduler: Controls how noise is gradually removed to form the image.
        positive: The conditioning describing the attributes to include in the image.
        negative: The conditioning describing the attributes to exclude from the image.
        latent_image: The latent image to denoise.
        denoise: The amount of denoising applied; lower values keep the structure of the input
            for image to image.

    Returns:
        LATENT: The denoised latent.
    """
    samples = sample(
        model,
        positive,
        negative,
        latent_image,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
        on_step=report_steps(model, context),
    )
    return {**latent_image, "samples": samples}


@node("KSamplerAdvanced", title="KSampler (Advanced)", category="sampling")
def ksampler_advanced(
    *,
    model: Model,
    add_noise: Literal["enable", "disable"],
    noise_seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: Annotated[int, Range(0, 10_000)] = 0,
    end_at_step: Annotated[int, Range(0, 10_000)] = 10_000,
    return_with_leftover_noise: Literal["disable", "enable"],
    context: Context,
) -> Latent:
    """Denoise part of a schedule: stop early with noise left over, or go on where another sampler stopped.

    Args:
        model: The model used for denoising the input latent.
        add_noise: Whether noise is added to the latent before the first step.
        noise_seed: The random seed used for creating the noise.
        steps: The number of steps of the whole schedule.
        cfg: Classifier-free guidance scale.
        sampler_name: The algorithm used when sampling.
        scheduler: Controls how noise is gradually removed to form the image.
        positive: The conditioning describing the attributes to include in the image.
        negative: The conditioning describing the attributes to exclude from the image.
        latent_image: The latent image to denoise.
        start_at_step: The first step of the schedule to run.
        end_at_step: The step to stop before.
        return_with_leftover_noise: Keep the noise that the steps not run would have removed.
    """
    samples = sample(
        model,
        positive,
        negative,
        latent_image,
        seed=noise_seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        add_noise=add_noise == "enable",
        start_step=start_at_step,
        end_step=end_at_step,
        force_full_denoise=return_with_leftover_noise == "disable",
        on_step=report_steps(model, context),
    )
    return {**latent_image, "samples": samples}
