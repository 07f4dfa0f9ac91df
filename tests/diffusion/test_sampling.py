"""Whole runs: stored results of img2img, partial runs, masks and batch indices, and how a run fails."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.masks import DifferentialDiffusion
from diffusion.model import Latent, LatentFormat
from diffusion.sampling import NonFiniteLatent, sample
from tests.diffusion.toy import (
    KINDS,
    NEGATIVE,
    POSITIVE,
    ToyNetwork,
    golden,
    relative_error,
    run,
    tensors,
    tolerance,
    toy_model,
)

PARTS: dict[str, dict[str, Any]] = {
    "start3": {"start_step": 3},
    "end12": {"end_step": 12, "force_full_denoise": False},
    "end12_full": {"end_step": 12},
    "resume12": {"start_step": 12, "add_noise": False},
}


def arguments(key: str) -> dict[str, Any]:
    """The arguments of a golden case img2img/..., advanced/..., mask/... or batch_index/..."""
    family, *_, last = key.split("/")
    given = tensors()
    latent = Latent(samples=given["in/latent"])
    if family == "batch_index":
        return {"latent": Latent(samples=torch.zeros(3, 4, 8, 8), batch_index=[3, 1, 1])}
    if family == "mask":
        latent["noise_mask"] = given["in/hard_mask" if last == "hard" else "in/soft_mask"]
        strength = re.fullmatch(r"differential_strength(.*)", last)
        model = {"mask_schedule": DifferentialDiffusion(float(strength[1]))} if strength else {}
        return {"latent": latent, "model": model, "denoise": 0.5 if last == "soft_denoise0.5" else 1.0}
    if family == "advanced":
        if last == "resume12":
            latent["samples"] = given[f"out/{key.replace('resume12', 'end12')}"]
        return PARTS[last] if last.startswith("end") else {"latent": latent, **PARTS[last]}
    return {"latent": latent, "denoise": float(last.removeprefix("denoise"))}


RUNS = [key for key in golden()["extra"] if not key.startswith("cond/")]


@pytest.mark.parametrize("key", RUNS)
def test_a_run_equals_the_reference(key: str) -> None:
    case, network = golden()["extra"][key], ToyNetwork()
    got = run(case, network, **arguments(key))
    want = [float(KINDS[case["kind"]].timestep(torch.tensor(sigma))) for sigma in case["call_sigmas"]]
    assert network.times == pytest.approx(want, rel=1e-4, abs=1.01)
    assert relative_error(got, tensors()[f"out/{key}"]) <= tolerance(case, network.times, want)


def euler(latent: Latent | None = None, **changes: Any) -> Tensor:
    options: dict[str, Any] = {
        "seed": 1,
        "steps": 5,
        "cfg": 3.0,
        "sampler": "euler",
        "scheduler": "normal",
        "model": toy_model(),
        **changes,
    }
    model = options.pop("model")
    return sample(model, POSITIVE, NEGATIVE, latent or Latent(samples=torch.zeros(1, 4, 8, 8)), **options)


def test_the_same_seed_gives_the_same_latent_and_another_seed_another() -> None:
    assert torch.equal(euler(), euler())
    assert not torch.allclose(euler(), euler(seed=2))


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
@pytest.mark.parametrize("sampler", ["ddim", "dpmpp_2m_sde", "euler_ancestral"])
def test_every_seed_of_the_range_works_with_a_mask(seed: int, sampler: str) -> None:
    latent = Latent(samples=torch.ones(1, 4, 8, 8), noise_mask=torch.ones(1, 1, 64, 64))
    assert euler(latent, seed=seed, sampler=sampler).isfinite().all()


def test_sampling_leaves_its_inputs_and_the_global_generator_alone() -> None:
    samples = torch.ones(1, 4, 8, 8)
    before = torch.random.get_rng_state()
    euler(Latent(samples=samples), sampler="dpmpp_sde")
    assert torch.equal(samples, torch.ones(1, 4, 8, 8))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_nothing_to_denoise_returns_the_latent() -> None:
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    network = ToyNetwork()
    for changes in ({"denoise": 0.0}, {"start_step": 5}, {"start_step": 99}):
        assert torch.equal(
            euler(Latent(samples=samples), model=toy_model("eps", network), **changes), samples
        )
    assert network.times == []


def test_where_the_mask_is_zero_the_latent_comes_back_unchanged() -> None:
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :32] = 1.0
    result = euler(Latent(samples=samples, noise_mask=mask))
    torch.testing.assert_close(result[..., 5:], samples[..., 5:], rtol=0, atol=1e-6)
    assert not torch.allclose(result[..., :3], samples[..., :3])


def test_a_mask_may_be_a_plain_picture_of_any_size() -> None:
    samples = torch.ones(2, 4, 8, 8)
    flat = euler(Latent(samples=samples, noise_mask=torch.full((20, 30), 0.5)))
    full = euler(Latent(samples=samples, noise_mask=torch.full((2, 1, 8, 8), 0.5)))
    torch.testing.assert_close(flat, full)


def test_latents_go_through_the_format_s_scale_and_shift() -> None:
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    scaled = replace(toy_model(), latent_format=LatentFormat(channels=4, scale=0.5, shift=0.25))
    plain = euler(Latent(samples=(samples - 0.25) * 0.5), denoise=0.5)
    torch.testing.assert_close(euler(Latent(samples=samples), denoise=0.5, model=scaled), plain / 0.5 + 0.25)


def test_an_empty_latent_is_fitted_to_the_model_s_channels() -> None:
    assert torch.equal(euler(Latent(samples=torch.zeros(1, 16, 8, 8))), euler())


def test_a_picture_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="the latent has 16 channels and the model works on 4"):
        euler(Latent(samples=torch.ones(1, 16, 8, 8)))


def test_on_step_sees_every_step_in_order() -> None:
    seen: list[tuple[int, int, tuple[int, ...]]] = []

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        seen.append((step, total, tuple(denoised.shape)))

    euler(on_step=on_step)
    assert seen == [(i, 5, (1, 4, 8, 8)) for i in range(5)]


def test_cancelling_stops_before_the_next_network_call() -> None:
    network = ToyNetwork()

    def cancel(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        euler(model=toy_model("eps", network), on_step=cancel)
    assert len(network.times) == 3


class Failing(ToyNetwork):
    """A toy whose third call overflows."""

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, **extra: Any) -> Tensor:
        out = super().__call__(x, t, context)
        return out * float("nan") if len(self.times) == 3 else out


def test_a_prediction_that_is_not_finite_stops_the_run_and_names_step_and_sampler() -> None:
    network = Failing()
    with pytest.raises(NonFiniteLatent, match="sampler 'euler' met NaN or infinity at step 3 of 5") as caught:
        euler(model=toy_model("eps", network))
    assert (caught.value.step, caught.value.total, caught.value.sampler) == (3, 5, "euler")
    assert len(network.times) == 3


def test_a_result_that_is_not_finite_is_never_returned() -> None:
    """Here the second call of the last step overflows: no prediction shown to on_step reveals that."""

    class Late(ToyNetwork):
        def __call__(self, x: Tensor, t: Tensor, context: Tensor, **extra: Any) -> Tensor:
            out = super().__call__(x, t, context)
            return out / 0 if len(self.times) == 4 else out

    with pytest.raises(NonFiniteLatent, match="sampler 'heun' met NaN or infinity at step 2 of 2"):
        euler(model=toy_model("eps", Late()), sampler="heun", end_step=2, force_full_denoise=False)


def test_gradients_are_not_kept() -> None:
    weight = torch.ones((), requires_grad=True)
    network = ToyNetwork()

    def weighted(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        return network(x, t, context) * weight

    result = euler(model=replace(toy_model(), network=weighted))
    assert not result.requires_grad
    result += 1  # an ordinary tensor: nodes may change it in place
