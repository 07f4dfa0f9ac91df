"""CompVis' samplers: against stored runs of the original, and against the papers' equations in float64."""

import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.model import DiffusionModel, Latent, LatentFormat
from diffusion.prediction import Eps, Flow, Lcm, V
from diffusion.reference.dpm_solver import sample_dpm_solver
from diffusion.reference.run import noise_stream, sample_reference
from diffusion.reference.samplers import sample_ddim, sample_ddpm, sample_plms
from diffusion.reference.schedule import ddim_steps, ddim_timesteps, ddpm_steps, dpm_solver_points
from diffusion.samplers.common import numbers
from diffusion.timesteps import scaled_linear
from tests.diffusion.toy import GOLDEN, NEGATIVE, POSITIVE, ToyNetwork, relative_error, toy_model
from tests.tensors import load_file

ALPHAS = scaled_linear()
EMPTY = Latent(samples=torch.zeros(1, 4, 8, 8))


@cache
def tensors() -> dict[str, Tensor]:
    return load_file(GOLDEN / "compvis.safetensors")


@cache
def calls() -> dict[str, list[float]]:
    return json.loads((GOLDEN / "compvis.json").read_text())["calls"]


def sample(model: DiffusionModel | None = None, latent: Latent = EMPTY, **settings: Any) -> Tensor:
    defaults: dict[str, Any] = {"seed": 1, "steps": 5, "scale": 3.0}
    return sample_reference(model or toy_model(), POSITIVE, NEGATIVE, latent, **{**defaults, **settings})


# --- the original's runs ------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["ddim", "plms", "dpm_solver"])
def test_a_seed_gives_the_original_s_latent_by_the_same_network_calls(sampler: str) -> None:
    keys = [key for key in tensors() if key.startswith(f"{sampler}/")]
    assert len(keys) >= 24
    for key in keys:
        eta, steps, seed, batch, scale = (part.lstrip("abcdelst") for part in key.split("/")[1:])
        network = ToyNetwork()
        got = sample(
            toy_model(network=network),
            Latent(samples=torch.zeros(int(batch), 4, 8, 8)),
            sampler=sampler,
            **{"eta": float(eta), "steps": int(steps), "seed": int(seed), "scale": float(scale)},
        )
        # The README's bound. Measured: 3e-6.
        assert relative_error(got, tensors()[key]) <= 2e-5, key
        if key in calls():
            assert network.times == pytest.approx(calls()[key], abs=1e-3), key


@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("strength", [0.4, 0.75])
def test_img2img_gives_the_original_s_latent(steps: int, strength: float) -> None:
    start = Latent(samples=tensors()["img2img/x0"])
    got = sample(toy_model(), start, seed=0, steps=steps, scale=7.5, strength=strength)
    assert relative_error(got, tensors()[f"img2img/s{steps}/strength{strength}/out"]) <= 2e-5


def test_the_timesteps_and_signal_shares_are_the_original_s() -> None:
    counts = [int(key.rpartition("/s")[2]) for key in tensors() if key.startswith("schedule/timesteps/")]
    assert 30 in counts, "which comes out as 31 steps"
    for count in counts:
        steps = ddim_steps(ALPHAS, count, "uniform", eta=1)[::-1]
        assert [step.t for step in steps] == numbers(tensors()[f"schedule/timesteps/s{count}"])
        for name, got in (
            ("alphas", [step.alpha for step in steps]),
            ("alphas_prev", [step.alpha_prev for step in steps]),
            ("sigmas_eta1", [step.sigma for step in steps]),
        ):
            want = numbers(tensors()[f"schedule/{name}/s{count}"])
            assert got == pytest.approx(want, rel=1e-5, abs=1e-7), (name, count)  # theirs are float32


# --- the papers, in float64 -----------------------------------------------------------------------------


def shares() -> list[float]:
    """alpha-bar: beta is linear in its root from 0.00085 to 0.012 (arXiv 2112.10752)."""
    found, product = list[float](), 1.0
    for t in range(1000):
        root = math.sqrt(0.00085) + (math.sqrt(0.012) - math.sqrt(0.00085)) * t / 999
        product *= 1 - root**2
        found.append(product)
    return found


def network(x: Tensor, t: float) -> Tensor:
    return 0.9 * x + 0.3 * torch.tanh(x * math.cos(0.003 * t) + 0.2)


def draws(seed: int) -> Callable[[], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(2, 4, 4, 4, generator=generator, dtype=torch.float64)


def nothing(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
    pass


def pairs(times: list[int]) -> Iterator[tuple[int, int]]:
    """(t, the timestep after it) of a run over ascending timesteps; the last leads to timestep 0."""
    return zip(reversed(times), [*reversed(times[:-1]), 0], strict=True)


@pytest.mark.parametrize("discretize", ["uniform", "quad"])
@pytest.mark.parametrize("steps", [1, 4, 7, 50])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_solves_its_paper_s_equations(discretize: Any, steps: int, eta: float) -> None:
    noise, abar = draws(3), shares()
    x = want = draws(9)()
    for t, s in pairs(ddim_timesteps(steps, discretize)):
        e = network(want, t)
        sigma = eta * math.sqrt((1 - abar[s]) / (1 - abar[t])) * math.sqrt(1 - abar[t] / abar[s])  # eq. 16
        predicted = (want - math.sqrt(1 - abar[t]) * e) / math.sqrt(abar[t])
        towards = math.sqrt(1 - abar[s] - sigma * sigma) * e
        want = math.sqrt(abar[s]) * predicted + towards + sigma * noise()  # eq. 12
    got = sample_ddim(network, x, ddim_steps(ALPHAS, steps, discretize, eta), noise=draws(3), on_step=nothing)
    assert relative_error(got, want) <= 1e-6


@pytest.mark.parametrize("discretize", ["uniform", "quad"])
@pytest.mark.parametrize("steps", [1, 2, 4, 20])
def test_plms_solves_its_paper_s_equations(discretize: Any, steps: int) -> None:
    abar = shares()

    def transfer(x: Tensor, e: Tensor, t: int, s: int) -> Tensor:  # arXiv 2202.09778, eq. 11
        change = abar[s] - abar[t]
        root_t, root_s = math.sqrt(abar[t]), math.sqrt(abar[s])
        across = math.sqrt((1 - abar[s]) * abar[t]) + math.sqrt((1 - abar[t]) * abar[s])
        return root_s / root_t * x - change / (root_t * across) * e

    x = want = draws(9)()
    times = ddim_timesteps(steps, discretize)
    found: list[Tensor] = []
    for t, s in pairs(times):
        e = network(want, t)
        found.append(e)
        if (
            len(found) == 1
        ):  # The improved Euler step; where there is one step only, the network sees it twice.
            e = (e + network(transfer(want, e, t, s), s if steps > 1 else t)) / 2
        elif len(found) == 2:
            e = (3 * e - found[-2]) / 2
        elif len(found) == 3:
            e = (23 * e - 16 * found[-2] + 5 * found[-3]) / 12
        else:
            e = (55 * e - 59 * found[-2] + 37 * found[-3] - 9 * found[-4]) / 24  # eq. 12
        want = transfer(want, e, t, s)
    plan = ddim_steps(ALPHAS, steps, discretize, eta=0)
    assert relative_error(sample_plms(network, x, plan, noise=draws(3), on_step=nothing), want) <= 1e-6


@pytest.mark.parametrize("steps", [1000, 40])
def test_ddpm_solves_its_paper_s_equations(steps: int) -> None:
    noise, abar = draws(3), shares()
    x = want = draws(9)()
    plan = ddpm_steps(ALPHAS, steps)
    times = [step.t for step in plan]
    assert (times[0], times[-1], len(set(times))) == (999, 0, steps)
    for t, s in zip(times, [*times[1:], None], strict=True):
        before = 1.0 if s is None else abar[s]
        alpha = abar[t] / before
        beta = 1 - alpha
        mean = (want - beta / math.sqrt(1 - abar[t]) * network(want, t)) / math.sqrt(alpha)  # algorithm 2
        want = mean + math.sqrt(beta * (1 - before) / (1 - abar[t])) * noise()
    got = sample_ddpm(network, x, plan, noise=draws(3), on_step=nothing)
    assert relative_error(got, want) <= 1e-6


@pytest.mark.parametrize("steps", [2, 5, 14, 15, 30])
def test_dpm_solver_solves_its_paper_s_equations(steps: int) -> None:
    abar = shares()

    def at(t: float) -> tuple[float, float, float]:
        """alpha, sigma and lambda."""
        low = min(int(t), 998)
        log = (1 - (t - low)) * math.log(abar[low]) + (t - low) * math.log(abar[low + 1])
        alpha, sigma = math.exp(log / 2), math.sqrt(1 - math.exp(log))
        return alpha, sigma, math.log(alpha / sigma)

    x = want = draws(9)()
    times = [999 * (1 - i / steps) for i in range(steps + 1)]
    old: Tensor | None = None
    for i, (t, s) in enumerate(pairwise(times)):
        (alpha, sigma, lam), (alpha_s, sigma_s, lam_s) = at(t), at(s)
        clean = (want - sigma * network(want, t)) / alpha
        h = lam_s - lam
        d = clean
        if old is not None and not (steps < 15 and i == steps - 1):
            r = (lam - at(times[i - 1])[2]) / h
            d = (1 + 1 / (2 * r)) * clean - 1 / (2 * r) * old  # arXiv 2211.01095, algorithm 2
        want = sigma_s / sigma * want - alpha_s * (math.exp(-h) - 1) * d
        old = clean
    got = sample_dpm_solver(network, x, dpm_solver_points(ALPHAS, steps), noise=draws(3), on_step=nothing)
    assert relative_error(got, want) <= 1e-6


# --- a run --------------------------------------------------------------------------------------------


def test_counts_that_run_past_the_table_name_the_nearest_that_does_not() -> None:
    past = {3, 9, 27, 36, 37, *range(101, 112), *range(251, 334), *range(501, 1001)}  # as in the original
    for steps in range(1, 1001):
        assert max(ddim_timesteps(steps, "quad")) <= 999
        if steps not in past:
            assert max(ddim_timesteps(steps, "uniform")) <= 999
            continue
        with pytest.raises(ValueError, match=f"^{steps} steps cannot be spread uniformly") as caught:
            ddim_timesteps(steps, "uniform")
        near = int(str(caught.value).partition("Take ")[2].partition(" ")[0])
        assert near not in past
        assert all(other in past for other in range(steps - abs(near - steps) + 1, steps))


def test_plms_and_ddim_draw_once_an_update_so_that_the_next_batch_gets_its_own_noise() -> None:
    for sampler, updates in ((sample_ddim, 5), (sample_plms, 6)):
        noise, following = draws(3), draws(3)
        sampler(network, draws(9)(), ddim_steps(ALPHAS, 5, "uniform", 0), noise=noise, on_step=nothing)
        for _ in range(updates):
            following()
        assert noise().equal(following())


def test_a_model_of_velocities_gives_the_picture_of_one_of_noises() -> None:
    toy = ToyNetwork()

    def velocity(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        """v = sqrt(alpha-bar) e - sqrt(1 - alpha-bar) x_0 of what the toy says (arXiv 2202.00512)."""
        share = ALPHAS[t.long()].view(-1, 1, 1, 1)
        return ((toy(x, t, context) - (1 - share).sqrt() * x) / share.sqrt()).float()

    got = sample(DiffusionModel(velocity, V(), LatentFormat(channels=4)), steps=20)
    assert relative_error(got, sample(steps=20)) <= 1e-4


def test_the_latent_s_format_is_taken_off_and_put_back() -> None:
    scaled = DiffusionModel(ToyNetwork(), Eps(), LatentFormat(channels=4, scale=0.5, shift=0.25))
    start = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(5))
    plain = sample(latent=Latent(samples=start), strength=0.6, steps=10)
    got = sample(scaled, Latent(samples=start / 0.5 + 0.25), strength=0.6, steps=10)
    assert relative_error(got, plain / 0.5 + 0.25) <= 1e-5


@pytest.mark.parametrize("sampler", ["ddim", "plms", "ddpm"])
def test_little_strength_stays_near_the_picture_and_none_leaves_it(sampler: str) -> None:
    start = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(5))
    latent = Latent(samples=start)
    assert sample(latent=latent, sampler=sampler, strength=0.0).equal(start)
    far = [
        float((sample(latent=latent, sampler=sampler, steps=50, strength=strength) - start).abs().mean())
        for strength in (0.1, 0.5, 0.9)
    ]
    assert 0 < far[0] < far[1] < far[2]


@pytest.mark.parametrize("sampler", ["ddim", "plms", "dpm_solver", "ddpm"])
def test_a_noise_mask_keeps_what_it_does_not_cover(sampler: str) -> None:
    start = 3 + torch.zeros(1, 4, 8, 8)
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    got = sample(latent=Latent(samples=start, noise_mask=mask), sampler=sampler, steps=20)
    # The trace of noise that the last step of DDIM leaves has a deviation of 0.03.
    assert (got[..., 4:] - start[..., 4:]).abs().max() < 0.2
    assert (got[..., :4] - start[..., :4]).abs().mean() > 0.5


def test_scale_1_leaves_the_negative_side_out() -> None:
    toy = ToyNetwork()
    sample(toy_model(network=toy), scale=1.0)
    assert {shape[0] for shape in toy.shapes} == {1}


def test_steps_are_reported_with_the_clean_latent_they_lead_to() -> None:
    seen: list[tuple[int, int]] = []
    last: list[Tensor] = []

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        seen.append((step, total))
        last[:] = [denoised]

    got = sample(steps=7, on_step=on_step)
    assert seen == [(step, 8) for step in range(8)]
    assert relative_error(last[0], got) < 0.1


def test_a_picked_latent_starts_from_its_own_noise() -> None:
    both = sample(latent=Latent(samples=torch.zeros(2, 4, 8, 8)))
    second = sample(latent=Latent(samples=torch.zeros(1, 4, 8, 8), batch_index=[1]))
    assert relative_error(second, both[1:]) <= 1e-5


def test_one_stream_feeds_every_draw() -> None:
    torch.manual_seed(11)  # pyright: ignore[reportUnknownMemberType]
    want = [torch.randn(2, 3) for _ in range(3)]
    draw = noise_stream(11, torch.zeros(2, 3))
    assert all(draw().equal(drawn) for drawn in want)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="draws on the GPU")
def test_noise_of_the_gpu_is_that_of_a_script_run_there() -> None:
    torch.cuda.manual_seed(11)
    want = [torch.randn(2, 3, device="cuda") for _ in range(3)]
    draw = noise_stream(11, torch.zeros(2, 3, device="cuda"), "gpu")
    assert all(draw().equal(drawn) for drawn in want)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "plms", "eta": 0.5}, "set eta to 0, not 0.5, or take ddim"),
        ({"sampler": "dpm_solver", "strength": 0.5}, "take ddim, plms or ddpm"),
        ({"sampler": "dpm_solver", "steps": 1}, "at least 2 steps"),
        ({"sampler": "ddpm", "steps": 1001}, "1 to 1000 steps, not 1001"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], message: str) -> None:
    toy = ToyNetwork()
    with pytest.raises(ValueError, match=message):
        sample(toy_model(network=toy), **settings)
    assert not toy.times, "before the network is asked"


@pytest.mark.parametrize("prediction", [Flow(), Lcm()])
def test_models_with_other_timesteps_are_sent_to_ksampler(prediction: Any) -> None:
    model = DiffusionModel(ToyNetwork(), prediction, LatentFormat(channels=4), family="Another")
    with pytest.raises(ValueError, match="this Another model has others: use KSampler"):
        sample(model)
