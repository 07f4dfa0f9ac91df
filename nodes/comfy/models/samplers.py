"""The SAMPLER socket as packs expect it: a name of the list with options, or a function of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from torch import Tensor

from diffusion.noise import BrownianNoise, GaussianNoise
from diffusion.samplers import SAMPLERS, Denoiser, Noise, OnStep, Sampler
from diffusion.samplers.varied import varied
from nodes.comfy.models.parts import ModelSampling

PostGuidance = Callable[[dict[str, Any]], Tensor]


class PackDenoiser:
    """`model` as sampler functions of packs call it: states x and sigma [B] to clean latents.

    Functions under `sampler_post_cfg_function` of `model_options` are told the unconditional prediction and
    may change the guided one: what CFG++ takes.
    """

    def __init__(self, denoise: Denoiser) -> None:
        self._denoise = denoise
        sampling = ModelSampling(denoise.prediction)
        self.inner_model = SimpleNamespace(inner_model=SimpleNamespace(model_sampling=sampling))

    def __call__(
        self, x: Tensor, sigma: Tensor, model_options: Mapping[str, Any] | None = None, **extra_args: Any
    ) -> Tensor:
        level = sigma.reshape(-1)[0].cpu()
        functions: list[PostGuidance] = (model_options or {}).get("sampler_post_cfg_function", [])
        if not functions:
            return self._denoise(x, level)
        denoised, uncond = self._denoise.guided(x, level)
        told = {"uncond_denoised": uncond, "input": x, "sigma": sigma, "model_options": model_options}
        for function in functions:
            denoised = function({**told, "denoised": denoised})
        return denoised


def set_model_options_post_cfg_function(
    model_options: Mapping[str, Any], post_cfg_function: PostGuidance, disable_cfg1_optimization: bool = False
) -> dict[str, Any]:
    """`comfy.model_patcher`'s: a copy of the options with one more function after guidance."""
    functions = [*model_options.get("sampler_post_cfg_function", []), post_cfg_function]
    made = {**model_options, "sampler_post_cfg_function": functions}
    return {**made, "disable_cfg1_optimization": True} if disable_cfg1_optimization else made


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
        def callback(state: Mapping[str, Any]) -> None:
            on_step(int(state["i"]), len(sigmas) - 1, state["denoised"], state["x"])

        assert self.sampler_function is not None
        seed = noise.seed if isinstance(noise, GaussianNoise | BrownianNoise) else None
        return self.sampler_function(
            PackDenoiser(denoise),
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
