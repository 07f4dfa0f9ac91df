"""Lists of sigmas that graphs make themselves, against their formulas in float64 and published tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_utils import AysSchedules  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from diffusion import sigmas as lists
from diffusion.prediction import Eps
from diffusion.samplers.common import numbers
from diffusion.schedules import schedule

LOW, HIGH = float(Eps().sigma_min), float(Eps().sigma_max)
TEN = torch.linspace(10, 0, 11)


def close(got: Tensor, want: Sequence[float]) -> None:
    torch.testing.assert_close(got, torch.tensor(np.array(want), dtype=torch.float32), rtol=2e-5, atol=1e-6)


def test_between_the_model_s_ends_they_are_the_schedules_of_the_list() -> None:
    assert torch.equal(lists.karras(9, LOW, HIGH), schedule("karras", 9, Eps()))
    assert torch.equal(lists.exponential(9, LOW, HIGH), schedule("exponential", 9, Eps()))
    torch.testing.assert_close(lists.polyexponential(9, LOW, HIGH), lists.exponential(9, LOW, HIGH))


def test_the_polyexponential_schedule_is_a_power_in_the_logarithm() -> None:
    ramp = np.linspace(1, 0, 5) ** 2.5
    close(lists.polyexponential(5, 0.1, 10, 2.5), [*np.exp(ramp * math.log(100) + math.log(0.1)), 0])


def test_the_laplace_schedule_has_the_distribution_s_quantiles() -> None:
    got = lists.laplace(9, 0.01, 100, mu=0.3, beta=0.7)
    quantiles = [0.3 + 0.7 * math.log(2 * p) for p in (0.125, 0.25, 0.375)]
    torch.testing.assert_close(got[5:8].flip(0), torch.tensor(quantiles).exp(), rtol=1e-4, atol=0)
    assert got[4] == pytest.approx(math.exp(0.3), rel=1e-4)
    assert (got[0], got[8], got[9]) == (100, pytest.approx(0.01), 0)


def test_the_variance_preserving_schedule_equals_its_formula() -> None:
    t = np.linspace(1, 1e-3, 7)
    close(lists.variance_preserving(7), [*np.sqrt(np.exp(19.9 * t**2 / 2 + 0.1 * t) - 1), 0])


@pytest.mark.parametrize(("steps", "denoise", "times"), [(1, 1.0, [999]), (3, 1.0, [999, 899, 799])])
def test_turbo_models_get_the_times_they_were_distilled_for(
    steps: int, denoise: float, times: list[int]
) -> None:
    got = lists.turbo(Eps(), steps, denoise)
    assert [int(Eps().timestep(s)) for s in got[:-1]] == times and got[-1] == 0


def test_turbo_models_start_later_for_pictures_to_be_changed() -> None:
    assert [int(Eps().timestep(s)) for s in lists.turbo(Eps(), 2, 0.5)[:-1]] == [499, 399]
    assert len(lists.turbo(Eps(), 2, 0.0)) == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("SD1", "StableDiffusionSigmas"),
        ("SDXL", "StableDiffusionXLSigmas"),
        ("SVD", "StableDiffusionVideoSigmas"),
    ],
)
def test_aligned_steps_are_the_published_ones(kind: str, name: str) -> None:
    torch.testing.assert_close(
        lists.align_your_steps(kind, 10), torch.tensor(AysSchedules[name]), rtol=1e-2, atol=5e-4
    )


def test_other_numbers_of_aligned_steps_lie_between_in_the_logarithm() -> None:
    ten, twenty = lists.align_your_steps("SDXL", 10), lists.align_your_steps("SDXL", 20)
    torch.testing.assert_close(twenty[0:19:2], ten[:-1], rtol=1e-4, atol=0)
    torch.testing.assert_close(twenty[1:18:2], (ten[:-2] * ten[1:-1]).sqrt(), rtol=1e-4, atol=0)
    assert torch.equal(lists.align_your_steps("SDXL", 20, 0.5), twenty[-11:])
    assert len(lists.align_your_steps("SDXL", 20, 0.0)) == 0


def test_a_cut_list_meets_itself() -> None:
    high, low = lists.split(TEN, 4)
    assert (numbers(high), low[0]) == ([10, 9, 8, 7, 6], 6) and len(low) == 7
    assert [len(part) for part in lists.split_share(TEN, 0.3)] == [8, 4]
    assert [len(part) for part in lists.split_share(TEN, 0.0)] == [11, 1]
    assert [len(part) for part in lists.split_share(torch.empty(0), 0.3)] == [0, 0]


def test_a_list_turned_round_begins_just_above_zero() -> None:
    flipped = lists.flip(TEN)
    assert flipped[0] == pytest.approx(1e-4) and numbers(flipped[1:]) == list(range(1, 11))
    assert len(lists.flip(torch.empty(0))) == 0 and TEN[-1] == 0


def test_another_first_level_leaves_the_list_it_was_made_of() -> None:
    assert numbers(lists.with_first(TEN, 136.0)[:2]) == [136, 9] and TEN[0] == 10


def test_steps_of_a_range_are_made_smaller() -> None:
    assert numbers(lists.extended(TEN[:4], 2, -1, 9, "linear")) == [10, 9.5, 9, 8.5, 8, 7]
    close(lists.extended(TEN[:2], 3, -1, 0, "cosine"), [10, 9.5, 10 - math.sin(math.pi / 3), 9])
    assert numbers(lists.extended(TEN, 1, -1, 0, "sine")) == numbers(TEN)
    assert numbers(lists.extended(TEN[:4], 2, 9, 9, "linear")) == [10, 9, 8.5, 8, 7]


def test_levels_without_a_logarithm_are_refused() -> None:
    with pytest.raises(ValueError, match="sigma_min 0 and sigma_max 10 must be above 0"):
        lists.exponential(4, 0.0, 10.0)
    with pytest.raises(ValueError, match="rho cannot be 0"):
        lists.karras(4, 0.1, 10.0, 0.0)
