"""The samplers of CompVis' scripts as a node."""

from typing import Annotated

from diffusion.reference.run import NoiseDevice, ReferenceSampler, sample_reference
from diffusion.reference.schedule import Discretization
from engine.context import Context
from engine.node import node
from engine.types import OptionalInput, Range
from nodes.previews import report_steps
from nodes.types import Cfg, Conditioning, Latent, Model, Seed


@node("CompVisSampler", title="CompVis Sampler", category="sampling")
def compvis_sampler(
    *,
    model: Model,
    seed: Seed = 42,
    steps: Annotated[int, Range(1, 1000)] = 50,
    scale: Cfg = 7.5,
    sampler: ReferenceSampler = "ddim",
    eta: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.0,
    discretize: Discretization = "uniform",
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    strength: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
    noise_device: Annotated[NoiseDevice, OptionalInput()] = "cpu",
    context: Context,
) -> Latent:
    """Sample as the scripts that came with Stable Diffusion do: txt2img, and img2img with strength below 1.

    The same seed and settings give those scripts' picture. For models of Stable Diffusion 1, 2 and XL.

    Args:
        model: The model used for denoising.
        seed: The seed of all noise, that of the start and that of every step.
        steps: How many steps (ddim_steps). Uniform steps that do not divide 1000 come out as a few more.
        scale: Classifier-free guidance scale; 1 leaves the negative prompt out.
        sampler: ddim, plms and dpm_solver as in txt2img; ddpm is ancestral sampling, made for all 1000 steps.
        eta: How random DDIM's steps are: 0 not at all, 1 as DDPM's. The others do without.
        discretize: Which timesteps DDIM and PLMS take: `uniform` ones, or with `quad` more of the late ones.
        positive: The conditioning describing what to include in the picture.
        negative: The conditioning describing what to exclude; the scripts use that of an empty prompt.
        latent_image: Gives the size of the picture; with strength below 1, the picture to start from.
        strength: 1 starts from noise alone. Below, the latent is noised, and that share of the steps runs.
        noise_device: Where noise is drawn. `gpu` has another stream of numbers: that of scripts run on one.

    Returns:
        LATENT: The denoised latent.
    """
    samples = sample_reference(
        model,
        positive,
        negative,
        latent_image,
        seed=seed,
        steps=steps,
        scale=scale,
        sampler=sampler,
        eta=eta,
        discretize=discretize,
        strength=strength,
        noise_device=noise_device,
        on_step=report_steps(model, context),
    )
    return {**latent_image, "samples": samples}
