"""Every sampler against stored latents of the reference implementation, and what samplers have in common."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from diffusion.prediction import Eps, Flow, Prediction
from diffusion.samplers import SAMPLERS, Guided, find_sampler
from diffusion.schedules import schedule
from tests.diffusion.toy import ToyNetwork, golden, relative_error, run, tensors, tolerance


def groups() -> dict[tuple[str, str], list[str]]:
    """Golden keys by kind of model and sampler; of the `_gpu` names, the same code here, one slice."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, case in golden()["cases"].items():
        slim = case["sampler"].endswith("_gpu") and (case["seed"] or case["scheduler"] != "normal")
        if not slim and not case.get("nonfinite"):
            found.setdefault((case["kind"], case["sampler"]), []).append(key)
    return found


@pytest.mark.parametrize(("kind", "sampler"), list(groups()))
def test_a_sampler_gives_the_reference_s_latents_by_the_same_network_calls(kind: str, sampler: str) -> None:
    keys = groups()[kind, sampler]
    assert len(keys) >= 6
    for key in keys:
        case = golden()["cases"][key]
        network = ToyNetwork()
        error = relative_error(run(case, network), tensors()[key])
        want = golden()["calls"][case["calls"]]["t"]
        assert network.times == pytest.approx(want, rel=1e-4, abs=1.01), key
        assert error <= tolerance(case, network.times, want), f"{key}: {error:.1e}"


def test_the_names_and_their_order_are_the_reference_s() -> None:
    assert list(SAMPLERS) == list(golden()["sensitivity"])


def test_an_unknown_sampler_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no sampler named 'eular': did you mean 'euler'"):
        find_sampler("eular")


class PointDenoiser:
    """A perfect model of one picture: whatever the state, the clean latent is `target`."""

    def __init__(self, prediction: Prediction, target: Tensor) -> None:
        self.prediction = prediction
        self.target = target
        self.sigmas: list[float] = []

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        self.sigmas.append(float(sigma))
        return self.target.expand_as(x)

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        return Guided(self(x, sigma), self.target.expand_as(x))


def sample_point(name: str, prediction: Prediction, steps: int, on_step: Callable[..., None]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    target = torch.linspace(-1, 1, 64).view(1, 4, 4, 4)

    def noise(sigma: Tensor, sigma_next: Tensor) -> Tensor:
        return torch.randn(target.shape, generator=generator)

    row = SAMPLERS[name]
    sigmas = row.path(schedule("karras", steps, prediction))
    x = prediction.initial(noise(sigmas[0], sigmas[1]), target, sigmas[0])
    denoise = PointDenoiser(prediction, target)
    x = row.run(denoise, x, sigmas, noise=noise, on_step=on_step)
    return prediction.finish(x, sigmas[-1]) - target


def ignore(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
    pass


# These leave the noise of their last sigma in, by construction.
STOP_EARLY = {"dpm_fast", "dpm_adaptive", "uni_pc", "uni_pc_bh2"}


PERFECT = [(name, prediction) for name in SAMPLERS for prediction in (Eps(), Flow())]


@pytest.mark.parametrize(("name", "prediction"), PERFECT)
def test_a_perfect_model_s_picture_comes_out(name: str, prediction: Prediction) -> None:
    """dx/dsigma is then the same everywhere, so every consistent solver is exact."""
    left = sample_point(name, prediction, 8, ignore).abs().max()
    assert left < (0.2 if name in STOP_EARLY else 1e-4)


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"dpm_fast", "dpm_adaptive"}))
def test_on_step_is_called_once_a_step(name: str) -> None:
    seen: list[tuple[int, int]] = []

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        assert denoised.shape == x.shape
        seen.append((step, total))

    sample_point(name, Eps(), 7, on_step)
    assert seen == [(i, 7) for i in range(7)]


@pytest.mark.parametrize("name", ["dpm_fast", "dpm_adaptive"])
def test_solvers_with_steps_of_their_own_count_them(name: str) -> None:
    seen: list[tuple[int, int]] = []

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        seen.append((step, total))

    sample_point(name, Eps(), 7, on_step)
    assert [step for step, _ in seen] == list(range(len(seen)))
    assert all(step < total for step, total in seen)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_adaptive_steps_end_when_the_model_fails(bad: float) -> None:
    denoise = PointDenoiser(Eps(), torch.full((1, 4, 4, 4), bad))

    def noise(sigma: Tensor, sigma_next: Tensor) -> Tensor:
        return torch.zeros(1, 4, 4, 4)

    def limit(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        assert step < 100, "the solver repeats a step that cannot succeed"

    sigmas = schedule("karras", 5, Eps())
    x = SAMPLERS["dpm_adaptive"].run(denoise, torch.ones(1, 4, 4, 4), sigmas, noise=noise, on_step=limit)
    assert not x.isfinite().any()


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_on_step_raises_cancels_the_run(name: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        if step == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample_point(name, Eps(), 7, cancel)


@pytest.mark.parametrize("name", SAMPLERS)
def test_without_steps_the_state_comes_back(name: str) -> None:
    x = torch.ones(1, 4, 4, 4)

    def noise(sigma: Tensor, sigma_next: Tensor) -> Tensor:
        return x

    denoise, sigmas = PointDenoiser(Eps(), x), torch.tensor([1.0])
    assert torch.equal(SAMPLERS[name].run(denoise, x, sigmas, noise=noise, on_step=ignore), x)


def test_cfg_plus_plus_evaluates_the_negative_side_even_at_scale_one() -> None:
    case = golden()["cases"]["eps/euler/normal/s5/seed0/b1/cfg1"]
    plain, plus_plus = ToyNetwork(), ToyNetwork()
    run(case, plain)
    run(case, plus_plus, sampler="euler_cfg_pp")
    assert [shape[0] for shape in plain.shapes] == [1] * 5
    assert [shape[0] for shape in plus_plus.shapes] == [2] * 5
