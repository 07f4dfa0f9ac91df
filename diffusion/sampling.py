"""One sampling run, from a node's inputs to a latent: what KSampler and its relatives call."""

from __future__ import annotations

import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.guiders import CfgGuider, Guider
from diffusion.masks import MaskedDenoiser, noise_mask
from diffusion.model import DiffusionModel, Latent
from diffusion.noise import SEEDS, BrownianNoise, GaussianNoise, initial_noise
from diffusion.samplers import Noise, OnStep, Sampler, find_sampler
from diffusion.schedules import sigmas_for


class NonFiniteLatent(ArithmeticError):
    """A prediction or the result of a run holds NaN or infinity. `step` counts from 1."""

    def __init__(self, sampler: str, step: int, total: int) -> None:
        self.sampler = sampler
        self.step = step
        self.total = total
        super().__init__(
            f"sampler {sampler!r} met NaN or infinity at step {step} of {total}: "
            "try float32 precision, a lower guidance scale, or check that the checkpoint file is intact"
        )


def sample(
    model: DiffusionModel,
    positive: Conditioning,
    negative: Conditioning,
    latent: Latent,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler: str,
    scheduler: str,
    denoise: float = 1.0,
    add_noise: bool = True,
    start_step: int | None = None,
    end_step: int | None = None,
    force_full_denoise: bool = True,
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample from a model: what the nodes KSampler and KSampler (Advanced) do.

    Args:
        latent: Where to start; all zeros stands for an empty picture. Values are in the autoencoder's space.
        seed: 0 .. 2^64 - 1, of the initial noise and of every draw on the way.
        steps: How many steps the schedule has (see `schedules.sigmas_for` for `denoise`, start and end).
        cfg: Guidance scale; 1 leaves the negative conditioning out.
        add_noise: False starts from `latent` as it is, e.g. one that holds leftover noise.
        force_full_denoise: False leaves the noise of the last sigma in when `end_step` cuts the run.
        on_step: on_step(step, total, denoised, x) once a step, counted from 0; tensors are in model space.
            What it raises cancels the run and comes out of here.

    Returns:
        The new samples [B, C, H, W], float32, in the autoencoder's space, on the device of the old ones.

    Raises:
        ValueError: unknown sampler or scheduler, or impossible inputs.
        NonFiniteLatent: the run met NaN or infinity.
    """
    sigmas = sigmas_for(
        model.prediction, sampler, scheduler, steps, denoise, start_step, end_step, force_full_denoise
    )
    samples = fitted(latent["samples"], model)
    if add_noise:
        noise = initial_noise(samples.shape, seed, latent.get("batch_index"))
    else:
        noise = torch.zeros(samples.shape)
    return sample_sigmas(
        model,
        positive,
        negative,
        latent,
        noise=noise,
        sigmas=sigmas,
        seed=seed,
        cfg=cfg,
        sampler=sampler,
        on_step=on_step,
    )


def sample_sigmas(
    model: DiffusionModel,
    positive: Conditioning,
    negative: Conditioning,
    latent: Latent,
    *,
    noise: Tensor,
    sigmas: Tensor,
    seed: int,
    cfg: float,
    sampler: str | Sampler,
    on_step: OnStep | None = None,
) -> Tensor:
    """As `sample`, with the initial noise (unit normal, shape of the samples) and the sigmas given."""
    guider = CfgGuider(model, positive, negative, cfg)
    return sample_guided(
        guider, latent, noise=noise, sigmas=sigmas, seed=seed, sampler=sampler, on_step=on_step
    )


@torch.no_grad()
def sample_guided(
    guider: Guider,
    latent: Latent,
    *,
    noise: Tensor,
    sigmas: Tensor,
    seed: int,
    sampler: str | Sampler,
    on_step: OnStep | None = None,
) -> Tensor:
    """As `sample_sigmas`, steered by a guider.

    `sampler` may be one that is not in the table. An empty `sigmas` returns the latent as it is.

    Raises:
        ValueError: the noise is not of the latent's shape, or `sigmas` is no list of noise levels.
        NonFiniteLatent: the run met NaN or infinity.
        TooLittleMemory: the device cannot compute this, not even layer by layer.
    """
    row, name = (find_sampler(sampler), sampler) if isinstance(sampler, str) else (sampler, sampler.name)
    model = guider.model
    samples = fitted(latent["samples"], model)
    if len(sigmas) == 0:
        return samples
    _check(samples, noise, sigmas)
    sigmas = row.path(sigmas.to("cpu", torch.float32))
    start = samples.to(model.device, torch.float32)
    if start.any():  # an empty latent stays zero in model space, whatever the format's shift
        start = model.latent_format.to_model(start)
    noise = noise.to(model.device, torch.float32)

    mask = latent.get("noise_mask")
    guided = guider.denoiser(start, mask, seed)
    if mask is not None:
        kept = initial_noise(noise.shape, (seed + 1) % SEEDS).to(noise) if row.own_mask_noise else noise
        guided = MaskedDenoiser(guided, noise_mask(mask, start), start, kept, sigmas, model.mask_schedule)

    x = model.prediction.initial(noise, start, sigmas[0])
    watch = _Watch(name, on_step)
    with model.placement.pin(model.network):
        x = row.run(guided, x, sigmas, noise=_noise(row, seed, x, sigmas), on_step=watch)
    x = model.prediction.finish(x, sigmas[-1])
    watch.finish(x)
    return model.latent_format.from_model(x).to(samples.device)


def _check(samples: Tensor, noise: Tensor, sigmas: Tensor) -> None:
    if noise.shape != samples.shape:
        raise ValueError(
            f"the noise is {list(noise.shape)} and the latent {list(samples.shape)}: "
            "make the noise for this latent"
        )
    if sigmas.ndim != 1:
        raise ValueError(f"sigmas are a list of noise levels, and these are {list(sigmas.shape)}")
    if not sigmas.isfinite().all() or (sigmas < 0).any():
        raise ValueError("sigmas are noise levels of 0 and above, and these hold others")
    if len(zeros := (sigmas[:-1] == 0).nonzero()):
        raise ValueError(
            f"number {int(zeros[0]) + 1} of {len(sigmas)} sigmas is 0, where no step can begin: "
            "only the last may be 0"
        )


def fitted(samples: Tensor, model: DiffusionModel) -> Tensor:
    """The samples with the model's channel count: an empty latent of another family is made to fit.

    Raises:
        ValueError: the latent is not empty and belongs to another family.
    """
    channels = model.latent_format.channels
    if samples.shape[1] == channels:
        return samples
    if samples.any():
        raise ValueError(
            f"the latent has {samples.shape[1]} channels and the model works on {channels}: "
            "encode the picture with the VAE that belongs to this model"
        )
    return samples.new_zeros((samples.shape[0], channels, *samples.shape[2:]))


def _noise(row: Sampler, seed: int, x: Tensor, sigmas: Tensor) -> Noise:
    if row.brownian:
        return BrownianNoise(seed, x, sigmas, x.device if row.noise_on_device else None)
    return GaussianNoise(seed, x)


class _Watch:
    """Passes steps on and looks for NaN and infinity in their predictions.

    On an accelerator a look would stall the queue at every step: flags are kept there and read at the end.
    """

    def __init__(self, sampler: str, on_step: OnStep | None) -> None:
        self._sampler = sampler
        self._on_step = on_step
        self._unread: list[tuple[int, Tensor]] = []
        self._total = 0

    def __call__(self, step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        self._total = total
        self._unread.append((step, denoised.sum().isfinite()))
        if denoised.device.type == "cpu":
            self._read()
        if self._on_step is not None:
            self._on_step(step, total, denoised, x)

    def finish(self, x: Tensor) -> None:
        """Look at the steps not looked at yet, then at the result."""
        self._read()
        if not x.isfinite().all():
            raise NonFiniteLatent(self._sampler, self._total, self._total)

    def _read(self) -> None:
        for step, finite in self._unread:
            if not finite:
                raise NonFiniteLatent(self._sampler, step + 1, self._total)
        self._unread.clear()
