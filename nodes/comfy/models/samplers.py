"""The SAMPLER socket as packs expect it: a name of the list with options, or a function of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from diffusion.noise import BrownianNoise, GaussianNoise
from diffusion.samplers import SAMPLERS, Denoiser, Noise, OnStep, Sampler
from diffusion.samplers.varied import varied


@dataclass
class KSAMPLER:
    """A function `f(model, x, sigmas, extra_args, callback, disable, **extra_options)`, or a built-in one."""

    sampler_function: Callable[..., Tensor] | None
    extra_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inpaint_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    built_in: Sampler | None = None
    """The engine's sampler to use in place of a function."""

    @property
    def wrapped(self) -> Sampler:
        """What the engine samples with."""
        if self.sampler_function is None:
            assert self.built_in is not None
            return self.built_in
        return Sampler(self._run)

    def _run(self, denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
        def model(x: Tensor, sigma: Tensor, **extra_args: Any) -> Tensor:
            return denoise(x, sigma.reshape(-1)[0].cpu())

        def callback(state: Mapping[str, Any]) -> None:
            on_step(int(state["i"]), len(sigmas) - 1, state["denoised"], state["x"])

        assert self.sampler_function is not None
        seed = noise.seed if isinstance(noise, GaussianNoise | BrownianNoise) else None
        return self.sampler_function(
            model,
            x,
            sigmas.to(x.device),
            extra_args={"seed": seed, "model_options": {}},
            callback=callback,
            disable=True,
            **self.extra_options,
        )


def of_engine(row: Sampler) -> KSAMPLER:
    """A sampler of the engine for packs."""
    return KSAMPLER(None, built_in=row)


def sampler_object(name: str) -> KSAMPLER:
    """The built-in sampler of a name. Raises ValueError if there is none."""
    return ksampler(name)


def ksampler(
    sampler_name: str,
    extra_options: Mapping[str, Any] | None = None,
    inpaint_options: Mapping[str, Any] | None = None,
) -> KSAMPLER:
    """The same with other numbers, such as `eta` or `s_noise`. Raises ValueError for options it has not."""
    if sampler_name not in SAMPLERS:
        raise ValueError(f"no sampler named {sampler_name!r}; there are {', '.join(SAMPLERS)}")
    options = dict(extra_options or {})
    strength = float(options.pop("s_noise", 1.0))
    row = varied(sampler_name, noise_strength=strength, **options)
    return KSAMPLER(None, dict(extra_options or {}), inpaint_options or {}, row)
