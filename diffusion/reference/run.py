"""One run of CompVis' txt2img or img2img, from a node's inputs to a latent."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.guiders import CfgGuider
from diffusion.masks import MaskedDenoiser, noise_mask
from diffusion.model import DiffusionModel, Latent
from diffusion.noise import SEEDS, initial_noise
from diffusion.prediction import Edm
from diffusion.reference.dpm_solver import sample_dpm_solver
from diffusion.reference.samplers import Draw, noised, sample_ddim, sample_ddpm, sample_plms
from diffusion.reference.schedule import Discretization, Step, ddim_steps, ddpm_steps, dpm_solver_points
from diffusion.samplers import OnStep
from diffusion.sampling import NonFiniteLatent, fitted
from diffusion.timesteps import Discrete, Timesteps

ReferenceSampler = Literal["ddim", "plms", "dpm_solver", "ddpm"]
NoiseDevice = Literal["cpu", "gpu"]


@torch.no_grad()
def sample_reference(
    model: DiffusionModel,
    positive: Conditioning,
    negative: Conditioning,
    latent: Latent,
    *,
    seed: int,
    steps: int,
    scale: float,
    sampler: ReferenceSampler = "ddim",
    eta: float = 0.0,
    discretize: Discretization = "uniform",
    strength: float = 1.0,
    noise_device: NoiseDevice = "cpu",
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample as CompVis' scripts do: the same seed gives the same latent.

    Args:
        latent: For `strength` 1 only its shape matters. Values are in the autoencoder's space. A noise mask
            works as in `diffusion.sampling.sample`.
        seed: 0 .. 2^64 - 1, of the one stream all noise comes from: the starting noise first.
        steps: How many; `uniform` DDIM and PLMS may run more (see `schedule.ddim_timesteps`).
        scale: Guidance scale; 1 leaves the negative conditioning out.
        eta: Share of DDIM's random part: 0 is deterministic, 1 as random as DDPM.
        discretize: How DDIM and PLMS choose their timesteps.
        strength: Below 1, img2img: the latent is noised and only the last int(strength * steps) steps run;
            where that is none, it comes back unchanged.
        noise_device: "gpu" draws where the model is, as the scripts do; that stream differs from the CPU's.
        on_step: on_step(step, total, denoised, x) once a step, counted from 0; tensors are in model space.

    Returns:
        The new samples [B, C, H, W], float32, in the autoencoder's space, on the device of the old ones.

    Raises:
        ValueError: the model has other timesteps than Stable Diffusion's, or the settings do not go together.
        NonFiniteLatent: the result holds NaN or infinity.
    """
    alphas = alphas_of(model)
    samples = fitted(latent["samples"], model)
    start = samples.to(model.device, torch.float32)
    if start.any():  # an empty latent stays zero in model space, whatever the format's shift
        start = model.latent_format.to_model(start)
    draw = noise_stream(seed, start, noise_device, latent.get("batch_index"))

    if sampler == "dpm_solver":
        if strength < 1:
            raise ValueError(
                "dpm_solver starts from noise alone: for a strength below 1 take ddim, plms or ddpm"
            )
        points = dpm_solver_points(alphas, steps)
        run = partial(sample_dpm_solver, points=points)
        x = draw()
    else:
        plan = _plan(alphas, sampler, steps, discretize, eta)
        if strength < 1:
            # The share of the steps asked for, noised to the level one step before those that run.
            last = int(strength * steps)
            if last == 0:
                return samples
            x = noised(start, draw(), plan[-last - 1].alpha)
            plan = plan[-last:]
        else:
            x = draw()
        points = [(float(step.t), step.alpha) for step in plan]
        run = partial(_SAMPLERS[sampler], steps=plan)

    predict = NoisePredictor(model, positive, negative, start, scale, points, latent.get("noise_mask"), seed)
    x = run(predict, x, noise=draw, on_step=on_step or _ignore)
    if not x.isfinite().all():
        raise NonFiniteLatent(sampler, len(points), len(points))
    return model.latent_format.from_model(x).to(samples.device)


_SAMPLERS = {"ddim": sample_ddim, "plms": sample_plms, "ddpm": sample_ddpm}


def _plan(
    alphas: Tensor, sampler: ReferenceSampler, steps: int, discretize: Discretization, eta: float
) -> list[Step]:
    if sampler == "ddpm":
        return ddpm_steps(alphas, steps)
    if sampler == "plms" and eta != 0:
        raise ValueError(f"plms has no random part: set eta to 0, not {eta:g}, or take ddim")
    return ddim_steps(alphas, steps, discretize, eta)


def alphas_of(model: DiffusionModel) -> Tensor:
    """alpha-bar [T] of a model with discrete timesteps, float64.

    Raises:
        ValueError: the model's time is continuous (flow, EDM) or has gaps (LCM).
    """
    times = model.prediction.timesteps
    if not isinstance(times, Discrete) or times.stride != 1 or isinstance(model.prediction, Edm):
        raise ValueError(
            f"CompVis' samplers walk the 1000 timesteps of Stable Diffusion 1, 2 and XL; this "
            f"{model.family or type(model.prediction).__name__} model has others: use KSampler"
        )
    return 1 / (1 + times.sigmas.double() ** 2)


def noise_stream(
    seed: int, like: Tensor, device: NoiseDevice = "cpu", indices: Sequence[int] | None = None
) -> Draw:
    """Draws of the shape of `like`, one after another from the generator the seed gives on that device.

    `indices` (a LATENT's `batch_index`) picks the first draw for each batch item, as in `initial_noise`.
    """
    generator = torch.Generator(like.device if device == "gpu" else "cpu").manual_seed(seed)
    first = None if indices is None else initial_noise(like.shape, seed, indices)

    def draw() -> Tensor:
        nonlocal first
        drawn = torch.randn(like.shape, generator=generator, device=generator.device)
        if first is not None:
            drawn, first = first, None
        return drawn.to(like.device)

    return draw


class NoisePredictor:
    """The guided model as the noise it sees in a state of unit variance; see `samplers.Predict`.

    `points` are all (t, alpha-bar) it will be asked at. Timesteps need not be whole numbers.
    """

    def __init__(
        self,
        model: DiffusionModel,
        positive: Conditioning,
        negative: Conditioning,
        start: Tensor,
        scale: float,
        points: Sequence[tuple[float, float]],
        mask: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        sigmas = torch.tensor([((1 - alpha) / alpha) ** 0.5 for _, alpha in points])
        self._sigmas = {t: sigma for (t, _), sigma in zip(points, sigmas, strict=True)}
        prediction = copy.copy(model.prediction)
        prediction.timesteps = VisitedTimes(model.prediction.timesteps, [t for t, _ in points], sigmas)
        told = replace(model, prediction=prediction)
        guided = CfgGuider(told, positive, negative, scale).denoiser(start, seed=seed)
        if mask is not None:
            kept = initial_noise(start.shape, (seed + 1) % SEEDS).to(start)
            guided = MaskedDenoiser(guided, noise_mask(mask, start), start, kept, sigmas, model.mask_schedule)
        self._denoise = guided

    def __call__(self, x: Tensor, t: float) -> Tensor:
        sigma = self._sigmas[t]
        scaled = x * (sigma**2 + 1).sqrt()
        return (scaled - self._denoise(scaled, sigma)) / sigma


class VisitedTimes(Timesteps):
    """A network's clock that knows the exact times of a run, whole numbers or not."""

    def __init__(self, base: Timesteps, times: Sequence[float], sigmas: Tensor) -> None:
        self._base = base
        self._times = torch.tensor(times, dtype=torch.float32)
        self._log_sigmas = sigmas.log()
        self.sigmas = base.sigmas

    def timestep(self, sigma: Tensor) -> Tensor:
        distance = (sigma.log().unsqueeze(-1) - self._log_sigmas.to(sigma.device)).abs()
        return self._times.to(sigma.device)[distance.argmin(dim=-1)]

    def sigma(self, t: Tensor) -> Tensor:
        return self._base.sigma(t)

    def percent_to_sigma(self, percent: float) -> float:
        return self._base.percent_to_sigma(percent)


def _ignore(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
    pass
