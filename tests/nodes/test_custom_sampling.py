"""Sampling in parts: the same latents as KSampler, and the stored results of partial runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.guiders import CfgGuider
from diffusion.model import DiffusionModel, Latent, LatentFormat
from diffusion.noise import NoNoise, SeededNoise
from diffusion.prediction import Flow
from diffusion.samplers import SAMPLERS, Sampler
from diffusion.samplers.varied import varied
from diffusion.sampling import sample_guided
from engine.context import Context
from nodes.custom.guiders import basic_guider, cfg_guider, dual_cfg_guider, perp_neg_guider
from nodes.custom.samplers import (
    ksampler_select,
    sampler_dpm_adaptive,
    sampler_dpmpp_2m_sde,
    sampler_dpmpp_sde,
    sampler_er_sde,
    sampler_euler_ancestral,
    sampler_sa_solver,
)
from nodes.custom.sampling import (
    add_noise,
    disable_noise,
    random_noise,
    sampler_custom,
    sampler_custom_advanced,
)
from nodes.custom.schedules import basic_scheduler
from nodes.custom.sigmas import split_sigmas
from nodes.sampling import ksampler
from tests.diffusion.toy import (
    NEGATIVE,
    POSITIVE,
    ToyNetwork,
    context,
    golden,
    relative_error,
    tensors,
    tolerance,
    toy_model,
)

CONTEXT = Context()
EMPTY = Latent(samples=torch.zeros(1, 4, 8, 8))


def by_parts(name: str = "euler", model: DiffusionModel | None = None, **given: Any) -> Tensor:
    model = model or toy_model()
    settings: dict[str, Any] = {
        "noise": random_noise(noise_seed=7),
        "guider": cfg_guider(model=model, positive=list(POSITIVE), negative=list(NEGATIVE), cfg=7.5),
        "sampler": ksampler_select(sampler_name=name),
        "sigmas": basic_scheduler(model=model, scheduler="karras", steps=4),
        "latent_image": EMPTY,
        **given,
    }
    return sampler_custom_advanced(**settings, context=CONTEXT).output["samples"]


def whole(name: str, latent: Latent = EMPTY, denoise: float = 1.0, cfg: float = 7.5) -> Tensor:
    return ksampler(
        model=toy_model(),
        seed=7,
        steps=4,
        cfg=cfg,
        sampler_name=name,
        scheduler="karras",
        positive=list(POSITIVE),
        negative=list(NEGATIVE),
        latent_image=latent,
        denoise=denoise,
        context=CONTEXT,
    )["samples"]


@pytest.mark.parametrize("name", ["euler", "euler_ancestral", "dpmpp_2m_sde", "euler_cfg_pp", "sa_solver"])
def test_sampling_in_parts_is_bit_equal_to_the_sampler_node(name: str) -> None:
    want = whole(name)
    assert torch.equal(by_parts(name), want)
    result = sampler_custom(
        model=toy_model(),
        noise_seed=7,
        cfg=7.5,
        positive=list(POSITIVE),
        negative=list(NEGATIVE),
        sampler=ksampler_select(sampler_name=name),
        sigmas=basic_scheduler(model=toy_model(), scheduler="karras", steps=4),
        latent_image=EMPTY,
        context=CONTEXT,
    )
    assert torch.equal(result.output["samples"], want)


def test_part_of_a_schedule_a_mask_and_a_batch_index_are_as_the_sampler_node_takes_them() -> None:
    generator = torch.Generator().manual_seed(0)
    latent = Latent(
        samples=torch.randn(2, 4, 8, 8, generator=generator),
        noise_mask=torch.rand(1, 1, 8, 8, generator=generator),
        batch_index=[3, 1],
    )
    sigmas = basic_scheduler(model=toy_model(), scheduler="karras", steps=4, denoise=0.5)
    assert torch.equal(by_parts("ddim", latent_image=latent, sigmas=sigmas), whole("ddim", latent, 0.5))


def test_following_one_conditioning_is_guidance_at_scale_one() -> None:
    guider = basic_guider(model=toy_model(), conditioning=list(POSITIVE))
    assert torch.equal(by_parts(guider=guider), whole("euler", cfg=1.0))


PARTIAL = [
    key
    for key, case in golden()["extra"].items()
    if key.startswith("advanced/")
    and key.endswith("/resume12")
    # whose schedule in the sampler node is one step longer than that of the scheduler node
    and not SAMPLERS[case["sampler"]].discard_penultimate
]


@pytest.mark.parametrize("key", PARTIAL)
def test_a_run_cut_in_two_equals_the_stored_halves(key: str) -> None:
    case, network = golden()["extra"][key], ToyNetwork()
    model = toy_model(case["kind"], network)
    whole = basic_scheduler(model=model, scheduler=case["scheduler"], steps=case["steps"])
    high, low = split_sigmas(sigmas=whole, step=12)
    given: dict[str, Any] = {
        "guider": cfg_guider(model=model, positive=list(POSITIVE), negative=list(NEGATIVE), cfg=case["cfg"]),
        "sampler": ksampler_select(sampler_name=case["sampler"]),
        "context": CONTEXT,
    }
    noise = random_noise(noise_seed=case["seed"])
    empty = Latent(samples=torch.zeros(case["shape"]))
    first = sampler_custom_advanced(noise=noise, sigmas=high, latent_image=empty, **given).output
    stored = key.replace("resume12", "end12")
    allowed = tolerance(case, [], [])
    assert relative_error(first["samples"], tensors()[f"out/{stored}"]) <= allowed
    # Ancestral samplers draw on the way by the seed, which DisableNoise has none of.
    none = disable_noise() if case["sampler"] != "euler_ancestral" else NoNoise(case["seed"])
    second = sampler_custom_advanced(noise=none, sigmas=low, latent_image=first, **given).output
    assert relative_error(second["samples"], tensors()[f"out/{key}"]) <= allowed


def test_the_second_output_is_the_clean_latent_of_the_last_step() -> None:
    model = replace(toy_model(), latent_format=LatentFormat(channels=4, scale=0.5, shift=0.25))
    sigmas = basic_scheduler(model=model, scheduler="karras", steps=4)[:3]
    seen: list[Tensor] = []
    guider = CfgGuider(model, POSITIVE, NEGATIVE, 7.5)
    sample_guided(
        guider, EMPTY, noise=SeededNoise(7).generate_noise(EMPTY), sigmas=sigmas, seed=7, sampler="euler",
        on_step=lambda step, total, denoised, x: seen.append(denoised),
    )  # fmt: skip
    given: dict[str, Any] = {"guider": guider, "sampler": varied("euler"), "context": CONTEXT}
    latent = Latent(samples=EMPTY["samples"], batch_index=[0])
    result = sampler_custom_advanced(noise=SeededNoise(7), sigmas=sigmas, latent_image=latent, **given)
    assert torch.equal(result.denoised_output["samples"], seen[-1] / 0.5 + 0.25)
    assert not torch.equal(result.output["samples"], result.denoised_output["samples"])
    assert result.output.get("batch_index") == result.denoised_output.get("batch_index") == [0]
    nothing = sampler_custom_advanced(
        noise=SeededNoise(7), sigmas=torch.empty(0), latent_image=EMPTY, **given
    )
    assert torch.equal(nothing.output["samples"], EMPTY["samples"])
    assert torch.equal(nothing.denoised_output["samples"], EMPTY["samples"])


def test_noise_of_another_shape_and_impossible_levels_are_refused_before_anything_runs() -> None:
    class Wide:
        seed = 0

        def generate_noise(self, latent: Latent) -> Tensor:
            return torch.zeros(1, 4, 8, 9)

    network = ToyNetwork()
    model = toy_model("eps", network)
    with pytest.raises(ValueError, match=r"the noise is \[1, 4, 8, 9\] and the latent \[1, 4, 8, 8\]"):
        by_parts(model=model, noise=Wide())
    with pytest.raises(ValueError, match="noise levels of 0 and above"):
        by_parts(model=model, sigmas=torch.tensor([1.0, -1.0]))
    with pytest.raises(ValueError, match="number 2 of 3 sigmas is 0"):
        by_parts(model=model, sigmas=torch.tensor([1.0, 0.0, 0.0]))
    assert network.times == []


# --- samplers with other numbers -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (sampler_euler_ancestral(), "euler_ancestral"),
        (sampler_dpmpp_sde(noise_device="cpu"), "dpmpp_sde"),
        (sampler_dpmpp_2m_sde(solver_type="heun", noise_device="cpu"), "dpmpp_2m_sde_heun"),
        (sampler_dpm_adaptive(), "dpm_adaptive"),
        (sampler_er_sde(solver_type="ER-SDE"), "er_sde"),
        (sampler_sa_solver(model=toy_model()), "sa_solver"),
        (sampler_sa_solver(model=toy_model(), use_pece=True), "sa_solver_pece"),
    ],
)
def test_a_sampler_node_left_as_it_is_equals_the_sampler_of_the_list(node: Sampler, name: str) -> None:
    assert torch.equal(by_parts(sampler=node), whole(name))


@pytest.mark.parametrize(
    "quiet",
    [
        sampler_euler_ancestral(eta=0.0),
        sampler_er_sde(solver_type="ODE", max_stage=1),
        sampler_er_sde(solver_type="Reverse-time SDE", eta=0.0, max_stage=1),
    ],
)
def test_without_noise_first_order_samplers_are_euler(quiet: Sampler) -> None:
    torch.testing.assert_close(by_parts(sampler=quiet), whole("euler"), rtol=1e-4, atol=1e-4)


def test_the_strength_of_noise_multiplies_every_draw() -> None:
    def doubled(denoise: Any, x: Tensor, sigmas: Tensor, *, noise: Any, on_step: Any) -> Tensor:
        row = SAMPLERS["dpmpp_2s_ancestral"]
        return row.run(denoise, x, sigmas, noise=lambda s, t: 2 * noise(s, t), on_step=on_step)

    varied_row = varied("dpmpp_2s_ancestral", noise_strength=2.0)
    assert torch.equal(by_parts(sampler=varied_row), by_parts(sampler=Sampler(doubled)))


@pytest.mark.parametrize("order", [2, 3])
def test_an_adaptive_run_comes_closer_to_the_solution_the_less_error_it_allows(order: int) -> None:
    def run(tolerance: float) -> Tensor:
        return by_parts(sampler=sampler_dpm_adaptive(order=order, rtol=tolerance, atol=tolerance / 4))

    exact = run(1e-5)
    assert (run(1e-3) - exact).abs().max() < (run(0.3) - exact).abs().max() / 5


def test_an_adaptive_run_with_noise_keeps_the_spread_of_its_seed() -> None:
    one = by_parts(sampler=sampler_dpm_adaptive(eta=1.0))
    assert torch.equal(one, by_parts(sampler=sampler_dpm_adaptive(eta=1.0)))
    assert not torch.allclose(one, by_parts(sampler=sampler_dpm_adaptive()), atol=1e-2)


def test_an_option_a_sampler_has_not_is_named_with_those_it_has() -> None:
    with pytest.raises(ValueError, match="the sampler 'lms' has no option 'eta': its options are order"):
        varied("lms", eta=0.5)
    with pytest.raises(ValueError, match="r must be above 0"):
        sampler_dpmpp_sde(r=0.0, noise_device="cpu")
    with pytest.raises(ValueError, match="would never end"):
        sampler_dpm_adaptive(h_init=0.0)


def test_every_number_of_steps_works_without_a_corrector() -> None:
    plain = sampler_sa_solver(model=toy_model(), corrector_order=0, predictor_order=6, eta=0.0)
    assert by_parts(sampler=plain).isfinite().all()
    assert not torch.equal(by_parts(sampler=plain), whole("sa_solver"))


# --- guiders and noise -----------------------------------------------------------------------------


def test_every_guider_samples() -> None:
    given: dict[str, Any] = {"model": toy_model(), "negative": list(NEGATIVE)}
    other: list[Any] = [[context(0.4), {}]]
    results = [
        by_parts(guider=dual_cfg_guider(cond1=list(POSITIVE), cond2=other, **given)),
        by_parts(guider=dual_cfg_guider(cond1=list(POSITIVE), cond2=other, style="nested", **given)),
        by_parts(guider=perp_neg_guider(positive=list(POSITIVE), empty_conditioning=other, **given)),
        by_parts(),
    ]
    assert all(result.isfinite().all() for result in results)
    assert len({float(result.sum()) for result in results}) == 4


def test_noise_added_by_hand_gives_the_run_of_the_sampler() -> None:
    model = toy_model()
    latent = Latent(samples=torch.ones(1, 4, 8, 8))
    sigmas = basic_scheduler(model=model, scheduler="karras", steps=4, denoise=0.5)
    noised = add_noise(model=model, noise=SeededNoise(7), sigmas=sigmas, latent_image=latent)
    by_hand = by_parts(noise=NoNoise(7), sigmas=sigmas, latent_image=noised)
    torch.testing.assert_close(by_hand, by_parts(sigmas=sigmas, latent_image=latent), rtol=1e-5, atol=1e-5)


def test_noise_added_to_a_flow_keeps_its_share_of_the_picture() -> None:
    model = replace(toy_model(), prediction=Flow())
    latent = Latent(samples=torch.ones(1, 4, 8, 8))
    noised = add_noise(model=model, noise=SeededNoise(1), sigmas=torch.tensor([0.25]), latent_image=latent)
    want = 0.25 * SeededNoise(1).generate_noise(latent) + 0.75
    torch.testing.assert_close(noised["samples"], want)
