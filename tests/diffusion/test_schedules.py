"""Every schedule against the reference implementation's sigma lists (golden/schedules.safetensors)."""

import os
import subprocess
import sys
from functools import cache

import pytest
import torch
from torch import Tensor

from diffusion.prediction import Edm, Eps, Flow, Flux, Prediction, V
from diffusion.schedules import SCHEDULERS, schedule, sigmas_for
from diffusion.timesteps import Discrete, scaled_linear, zero_terminal_snr
from tests.diffusion.toy import GOLDEN
from tests.tensors import load_file

KINDS: dict[str, Prediction] = {
    "eps": Eps(),
    "flow": Flow(),
    "flux": Flux(),
    "zsnr": V(Discrete(zero_terminal_snr(scaled_linear()))),
    "edm": Edm(),
}


@cache
def golden() -> dict[str, Tensor]:
    """The stored lists, without `kl_optimal` at one step, which the reference makes NaN."""
    stored = load_file(GOLDEN / "schedules.safetensors")
    return {key: value for key, value in stored.items() if not key.endswith("kl_optimal/s1")}


def computed(key: str) -> Tensor:
    """What we make of a golden key KIND/SCHEDULER/sN[/denoiseD][/discard_penultimate]."""
    kind, scheduler, steps, *rest = key.split("/")
    denoise = next((float(part.removeprefix("denoise")) for part in rest if part.startswith("denoise")), 1.0)
    sampler = "dpm_2" if "discard_penultimate" in rest else "euler"
    return sigmas_for(KINDS[kind], sampler, scheduler, int(steps[1:]), denoise)


def lists() -> list[str]:
    return [key for key in golden() if key.split("/")[1] in SCHEDULERS]


@pytest.mark.parametrize("kind", KINDS)
def test_schedules_equal_the_reference(kind: str) -> None:
    """To 3e-7: maths libraries round exp and tan differently in the last bit from processor to processor."""
    keys = [key for key in lists() if key.startswith(kind + "/")]
    assert len(keys) >= 53
    for key in keys:
        torch.testing.assert_close(
            computed(key), golden()[key], rtol=3e-7, atol=0, msg=lambda m, k=key: f"{k}: {m}"
        )


def differing() -> list[str]:
    return [key for key in lists() if not torch.equal(computed(key), golden()[key])]


@pytest.mark.skipif(
    not torch.backends.mkl.is_available() or torch.backends.cpu.get_cpu_capability() != "AVX512",
    reason="the stored bits are those of MKL and AVX-512",
)
def test_schedules_are_bit_equal_with_the_maths_library_s_common_code_path() -> None:
    """MKL_CBWR=COMPATIBLE makes MKL round alike on every processor; it must be set before torch is loaded."""
    command = [
        sys.executable,
        "-c",
        "from tests.diffusion.test_schedules import differing; print(differing())",
    ]
    environment = {**os.environ, "MKL_CBWR": "COMPATIBLE"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_schedule_descends_to_zero(name: str) -> None:
    for prediction in KINDS.values():
        sigmas = schedule(name, 12, prediction)
        assert sigmas.dtype == torch.float32
        assert sigmas[-1] == 0
        assert (sigmas.diff() < 0).all()


def test_the_order_of_names_is_the_one_menus_show() -> None:
    assert list(SCHEDULERS) == [
        "simple",
        "sgm_uniform",
        "karras",
        "exponential",
        "ddim_uniform",
        "beta",
        "normal",
        "linear_quadratic",
        "kl_optimal",
    ]


def test_no_denoising_leaves_nothing_to_do() -> None:
    assert len(sigmas_for(Eps(), "euler", "normal", 20, denoise=0.0)) == 0


def test_denoise_keeps_the_last_steps_of_a_longer_schedule() -> None:
    part = sigmas_for(Eps(), "euler", "karras", 20, denoise=0.5)
    assert torch.equal(part, schedule("karras", 40, Eps())[-21:])


def test_end_step_stops_early_and_forcing_full_denoise_ends_at_zero() -> None:
    whole = schedule("normal", 20, Eps())
    forced = sigmas_for(Eps(), "euler", "normal", 20, end=12)
    left = sigmas_for(Eps(), "euler", "normal", 20, end=12, force_full_denoise=False)
    assert torch.equal(left, whole[:13])
    assert torch.equal(forced[:-1], whole[:12])
    assert forced[-1] == 0


def test_start_step_drops_steps_and_at_the_end_leaves_nothing() -> None:
    whole = schedule("normal", 20, Eps())
    assert torch.equal(sigmas_for(Eps(), "euler", "normal", 20, start=3), whole[3:])
    assert len(sigmas_for(Eps(), "euler", "normal", 20, start=20)) == 0
    assert len(sigmas_for(Eps(), "euler", "normal", 20, start=12, end=12)) == 0


def test_two_runs_split_at_a_step_cover_the_whole_schedule() -> None:
    first = sigmas_for(Eps(), "euler", "karras", 20, end=7, force_full_denoise=False)
    second = sigmas_for(Eps(), "euler", "karras", 20, start=7)
    assert torch.equal(torch.cat([first, second[1:]]), schedule("karras", 20, Eps()))


def test_an_unknown_scheduler_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no scheduler named 'karas': did you mean 'karras'"):
        schedule("karas", 20, Eps())


@pytest.mark.parametrize("steps", [0, -1])
def test_a_schedule_without_steps_is_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="at least 1 step"):
        schedule("normal", steps, Eps())


def test_kl_optimal_refuses_a_single_step_instead_of_giving_nan() -> None:
    with pytest.raises(ValueError, match="not defined for 1 step"):
        schedule("kl_optimal", 1, Eps())
