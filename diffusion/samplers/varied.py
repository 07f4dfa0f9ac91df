"""Samplers of the table with their numbers changed."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from typing import Any

from torch import Tensor

from diffusion.samplers import Sampler, find_sampler
from diffusion.samplers.common import Denoiser, Noise, OnStep, SampleFunction


def varied(
    name: str, *, noise_strength: float = 1.0, noise_on_device: bool | None = None, **options: Any
) -> Sampler:
    """The named sampler with other numbers.

    Args:
        noise_strength: What every draw is multiplied with.
        noise_on_device: Where a Brownian path lives; None leaves it where it is.
        options: Keyword arguments of the sampler's function, such as `eta`.

    Raises:
        ValueError: no such sampler, or it has no such option.
    """
    row = find_sampler(name)
    known = options_of(row)
    if unknown := [option for option in options if option not in known]:
        has = f"its options are {', '.join(known)}" if known else "it has none"
        raise ValueError(f"the sampler {name!r} has no option {unknown[0]!r}: {has}")
    function = functools.partial(row.run, **options) if options else row.run
    if noise_strength != 1:
        function = _with_noise(function, noise_strength)
    on_device = row.noise_on_device if noise_on_device is None else noise_on_device
    return replace(row, run=function, noise_on_device=on_device, name=name)


def options_of(row: Sampler) -> tuple[str, ...]:
    """What may be changed about a sampler."""
    given = {"denoise", "x", "sigmas", "noise", "on_step"}
    return tuple(name for name in inspect.signature(row.run).parameters if name not in given)


def _with_noise(function: SampleFunction, strength: float) -> SampleFunction:
    def run(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
        def scaled(sigma: Tensor, sigma_next: Tensor) -> Tensor:
            return strength * noise(sigma, sigma_next)

        return function(denoise, x, sigmas, noise=scaled, on_step=on_step)

    return run
