"""Samplers: pure functions from a noisy state to a clean latent, and the table that names them.

`sample_x(denoise, x, sigmas, *, noise, on_step)` walks the descending `sigmas` (float32, on the CPU) from the
state x at sigmas[0] to the one at sigmas[-1]. `denoise(x, sigma)` is the model with its guidance. What kind
of model it is, a sampler asks as mathematics only: alpha, lambda and the ancestral step of its process.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from diffusion.samplers.cfg_pp import (
    sample_dpmpp_2m_cfg_pp,
    sample_dpmpp_2s_ancestral_cfg_pp,
    sample_euler_ancestral_cfg_pp,
    sample_euler_cfg_pp,
    sample_gradient_estimation_cfg_pp,
    sample_res_multistep_ancestral_cfg_pp,
    sample_res_multistep_cfg_pp,
)
from diffusion.samplers.common import Denoiser, Guided, Noise, OnStep, SampleFunction
from diffusion.samplers.consistency import sample_ddpm, sample_lcm
from diffusion.samplers.dpm_solver import sample_dpm_adaptive, sample_dpm_fast
from diffusion.samplers.dpmpp import (
    sample_dpmpp_2m,
    sample_dpmpp_2m_sde,
    sample_dpmpp_2m_sde_heun,
    sample_dpmpp_2s_ancestral,
    sample_dpmpp_3m_sde,
    sample_dpmpp_sde,
)
from diffusion.samplers.euler import (
    sample_dpm_2,
    sample_dpm_2_ancestral,
    sample_euler,
    sample_euler_ancestral,
    sample_heun,
    sample_heunpp2,
)
from diffusion.samplers.exponential import sample_er_sde, sample_seeds_2, sample_seeds_3
from diffusion.samplers.multistep import (
    sample_deis,
    sample_gradient_estimation,
    sample_ipndm,
    sample_ipndm_v,
    sample_lms,
    sample_res_multistep,
    sample_res_multistep_ancestral,
)
from diffusion.samplers.sa_solver import sample_sa_solver, sample_sa_solver_pece
from diffusion.samplers.uni_pc import ending_above_zero, sample_uni_pc, sample_uni_pc_bh2

__all__ = ["SAMPLERS", "Denoiser", "Guided", "Noise", "OnStep", "SampleFunction", "Sampler", "find_sampler"]


def _as_given(sigmas: Tensor) -> Tensor:
    return sigmas


@dataclass(frozen=True)
class Sampler:
    """A sampler and what a run with it needs beyond the function."""

    run: SampleFunction
    brownian: bool = False
    """Its noise is a Brownian path over sigma instead of independent draws."""
    noise_on_device: bool = False
    """The Brownian path lives on the model's device; the CPU's gives the same picture on every machine."""
    discard_penultimate: bool = False
    """Its schedules are made with one step more, and their last sigma above zero is left out."""
    path: Callable[[Tensor], Tensor] = _as_given
    """The sigmas it really goes through."""
    own_mask_noise: bool = False
    """What a noise mask keeps is noised with seed + 1 instead of the initial noise."""
    name: str = "custom"
    """What messages call one that is not in the table."""


SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "euler": Sampler(sample_euler),
        "euler_cfg_pp": Sampler(sample_euler_cfg_pp),
        "euler_ancestral": Sampler(sample_euler_ancestral),
        "euler_ancestral_cfg_pp": Sampler(sample_euler_ancestral_cfg_pp),
        "heun": Sampler(sample_heun),
        "heunpp2": Sampler(sample_heunpp2),
        "dpm_2": Sampler(sample_dpm_2, discard_penultimate=True),
        "dpm_2_ancestral": Sampler(sample_dpm_2_ancestral, discard_penultimate=True),
        "lms": Sampler(sample_lms),
        "dpm_fast": Sampler(sample_dpm_fast),
        "dpm_adaptive": Sampler(sample_dpm_adaptive),
        "dpmpp_2s_ancestral": Sampler(sample_dpmpp_2s_ancestral),
        "dpmpp_2s_ancestral_cfg_pp": Sampler(sample_dpmpp_2s_ancestral_cfg_pp),
        "dpmpp_sde": Sampler(sample_dpmpp_sde, brownian=True),
        "dpmpp_sde_gpu": Sampler(sample_dpmpp_sde, brownian=True, noise_on_device=True),
        "dpmpp_2m": Sampler(sample_dpmpp_2m),
        "dpmpp_2m_cfg_pp": Sampler(sample_dpmpp_2m_cfg_pp),
        "dpmpp_2m_sde": Sampler(sample_dpmpp_2m_sde, brownian=True),
        "dpmpp_2m_sde_gpu": Sampler(sample_dpmpp_2m_sde, brownian=True, noise_on_device=True),
        "dpmpp_2m_sde_heun": Sampler(sample_dpmpp_2m_sde_heun, brownian=True),
        "dpmpp_2m_sde_heun_gpu": Sampler(sample_dpmpp_2m_sde_heun, brownian=True, noise_on_device=True),
        "dpmpp_3m_sde": Sampler(sample_dpmpp_3m_sde, brownian=True),
        "dpmpp_3m_sde_gpu": Sampler(sample_dpmpp_3m_sde, brownian=True, noise_on_device=True),
        "ddpm": Sampler(sample_ddpm),
        "lcm": Sampler(sample_lcm),
        "ipndm": Sampler(sample_ipndm),
        "ipndm_v": Sampler(sample_ipndm_v),
        "deis": Sampler(sample_deis),
        "res_multistep": Sampler(sample_res_multistep),
        "res_multistep_cfg_pp": Sampler(sample_res_multistep_cfg_pp),
        "res_multistep_ancestral": Sampler(sample_res_multistep_ancestral),
        "res_multistep_ancestral_cfg_pp": Sampler(sample_res_multistep_ancestral_cfg_pp),
        "gradient_estimation": Sampler(sample_gradient_estimation),
        "gradient_estimation_cfg_pp": Sampler(sample_gradient_estimation_cfg_pp),
        "er_sde": Sampler(sample_er_sde),
        "seeds_2": Sampler(sample_seeds_2),
        "seeds_3": Sampler(sample_seeds_3),
        "sa_solver": Sampler(sample_sa_solver),
        "sa_solver_pece": Sampler(sample_sa_solver_pece),
        "ddim": Sampler(sample_euler, own_mask_noise=True),
        "uni_pc": Sampler(sample_uni_pc, discard_penultimate=True, path=ending_above_zero),
        "uni_pc_bh2": Sampler(sample_uni_pc_bh2, discard_penultimate=True, path=ending_above_zero),
    }
)


def find_sampler(name: str) -> Sampler:
    """The named row of `SAMPLERS`.

    Raises:
        ValueError: there is none of that name; the message has the nearest one.
    """
    if name not in SAMPLERS:
        near = difflib.get_close_matches(name, SAMPLERS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SAMPLERS)}"
        raise ValueError(f"no sampler named {name!r}: {hint}")
    return SAMPLERS[name]
