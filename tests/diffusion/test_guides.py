"""Published changes of guidance, against the equations of their papers in float64."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.guidance import GuidedDenoiser
from diffusion.guiders import CfgGuider, DualGuider, Guider, PerpendicularGuider
from diffusion.guides.directions import (
    LimitedNorm,
    ProjectedGuidance,
    RenormedGuidance,
    ScaledEpsilon,
    tangential,
    zero_star,
)
from diffusion.guides.rescaled import RescaledGuidance
from diffusion.latent_operations import InGuidance
from diffusion.model import DiffusionModel, Predictions
from tests.diffusion.toy import NEGATIVE, POSITIVE, ToyNetwork, context, toy_model

X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(3))
SIGMA = torch.tensor(2.0)
EMPTY: Conditioning = [(context(0.05), {})]


def denoised(guider: Guider) -> Tensor:
    return guider.denoiser(torch.zeros_like(X))(X, SIGMA)


def guided(scale: float = 7.5, **changes: Any) -> Tensor:
    return denoised(CfgGuider(replace(toy_model(), **changes), POSITIVE, NEGATIVE, scale))


def sides() -> tuple[Tensor, Tensor]:
    """The predictions of the positive and of the negative prompt."""
    model = toy_model()
    return denoised(CfgGuider(model, POSITIVE)), denoised(CfgGuider(model, NEGATIVE))


def each(image: Any) -> Tensor:
    """A paper's formula, stated for vectors in float64, on each image of the batch."""
    cond, uncond = sides()
    rows = [
        image(X[i].double().flatten(), cond[i].double().flatten(), uncond[i].double().flatten())
        for i in range(len(X))
    ]
    return torch.stack(rows).reshape(X.shape).float()


def inner(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum()


def length(vector: Tensor) -> Tensor:
    return vector.square().sum().sqrt()


def close(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


def test_rescaled_guidance_at_amount_zero_is_plain_guidance() -> None:
    close(guided(guidance=RescaledGuidance(0.0)), guided())


def test_rescaled_guidance_restores_the_contrast_of_the_conditional_velocity() -> None:
    def velocity(prediction: Tensor) -> Tensor:
        return (X / (SIGMA**2 + 1) - prediction) * (SIGMA**2 + 1).sqrt() / SIGMA

    want = velocity(sides()[0]).std(dim=(1, 2, 3))
    got = velocity(guided(guidance=RescaledGuidance(1.0))).std(dim=(1, 2, 3))
    torch.testing.assert_close(got, want, rtol=1e-4, atol=0)


def test_projected_guidance_without_any_of_its_changes_is_plain_guidance_of_the_next_scale() -> None:
    cond, uncond = sides()
    close(guided(guidance=ProjectedGuidance(1.0, 0.0, 0.0)), uncond + 8.5 * (cond - uncond))


@pytest.mark.parametrize(("eta", "threshold"), [(0.0, 0.0), (0.5, 0.0), (0.0, 1.5)])
def test_projected_guidance_is_the_papers_but_for_where_scales_begin(eta: float, threshold: float) -> None:
    def image(x: Tensor, cond: Tensor, uncond: Tensor) -> Tensor:
        update = cond - uncond
        if threshold:
            update = update * min(1.0, threshold / float(length(update)))
        unit = cond / length(cond)
        along = (update @ unit) * unit
        return cond + 7.5 * (update - along + eta * along)

    close(guided(guidance=ProjectedGuidance(eta, threshold)), each(image))


def test_the_momentum_of_projected_guidance_lasts_for_one_run() -> None:
    model = replace(toy_model(), per_run=(ProjectedGuidance(1.0, 0.0, -0.5).begin,))
    guider = CfgGuider(model, POSITIVE, NEGATIVE, 7.5)
    cond, uncond = sides()
    run = guider.denoiser(X)
    first, second = run(X, SIGMA), run(X, SIGMA)
    close(first, cond + 7.5 * (cond - uncond))
    close(second, cond + 7.5 * 0.5 * (cond - uncond))
    assert torch.equal(guider.denoiser(X)(X, SIGMA), first)


def test_zero_star_fits_the_unconditional_prediction_by_the_papers_factor() -> None:
    def image(x: Tensor, cond: Tensor, uncond: Tensor) -> Tensor:
        v_cond, v_uncond = (x - cond) / 2, (x - uncond) / 2
        a = (v_cond @ v_uncond) / (v_uncond @ v_uncond)
        return (1 - 7.5) * a * uncond + 7.5 * cond

    close(guided(guidance=zero_star), each(image))


def leading(rows: Tensor) -> Tensor:
    """The first right singular vector of [2, N]."""
    return torch.linalg.svd(rows, full_matrices=False)[2][0]  # pyright: ignore


def test_tangential_damping_equals_a_singular_value_decomposition() -> None:
    def image(x: Tensor, cond: Tensor, uncond: Tensor) -> Tensor:
        score = x - uncond
        shared = leading(torch.stack([x - cond, score]))
        damped = x - inner(score, shared) * shared
        return damped + 7.5 * (cond - damped)

    close(guided(before_guidance=(tangential,)), each(image))


def test_a_limited_norm_is_at_most_that_of_the_conditional_prediction() -> None:
    def halved_in_places(value: Tensor, predictions: Predictions) -> Tensor:
        return predictions.cond * torch.where(X[:, :1] > 0, 3.0, 0.5)

    result = guided(after_guidance=(halved_in_places, LimitedNorm()))
    close(result, sides()[0] * torch.where(X[:, :1] > 0, 1.0, 0.5))


@pytest.mark.parametrize("limit", [0.0, 0.5, 1.0, 100.0])
def test_renormed_guidance_is_at_most_as_long_as_it_may_be(limit: float) -> None:
    def image(x: Tensor, cond: Tensor, uncond: Tensor) -> Tensor:
        plain = uncond + 7.5 * (cond - uncond)
        most = limit * length(cond)
        return plain * (most / length(plain)) if limit > 0 and length(plain) > most else plain

    close(guided(guidance=RenormedGuidance(limit=limit)), each(image))


def test_renormed_guidance_works_below_its_noise_level_alone() -> None:
    cond, _ = sides()
    close(guided(guidance=RenormedGuidance(truncation=2.0)), cond)
    assert not torch.allclose(guided(guidance=RenormedGuidance(truncation=2.1)), cond)


def test_epsilon_scaling_divides_the_predicted_noise() -> None:
    noise = (X - guided()) / SIGMA
    close((X - guided(after_guidance=(ScaledEpsilon(1.25),))) / SIGMA, noise / 1.25)


def test_changes_after_guidance_count_at_scale_one_too_and_come_in_order() -> None:
    seen: list[bool] = []

    def note(value: Tensor, predictions: Predictions) -> Tensor:
        seen.append(predictions.uncond is None)
        return value + 1

    def double(value: Tensor, predictions: Predictions) -> Tensor:
        return value * 2

    changes: dict[str, Any] = {"after_guidance": (note, double)}
    close(guided(1.0, **changes), (sides()[0] + 1) * 2)
    close(guided(**changes), (guided() + 1) * 2)
    guided(1.0, always_negative=True, **changes)
    assert seen == [True, False, False]


def test_changes_before_guidance_count_at_scale_one_too() -> None:
    change = InGuidance(lambda x: x * 0.5)
    close(guided(1.0, before_guidance=(change,)), sides()[0] * 0.5)
    cond, uncond = sides()
    close(guided(before_guidance=(change,)), uncond + 7.5 * 0.5 * (cond - uncond))


# --- guiders ---------------------------------------------------------------------------------------


def dual(network: ToyNetwork | None = None, **settings: Any) -> DualGuider:
    given: dict[str, Any] = {"first_scale": 5.0, "second_scale": 2.0, **settings}
    return DualGuider(toy_model("eps", network), POSITIVE, EMPTY, NEGATIVE, **given)


def test_dual_guidance_goes_from_the_negative_over_the_second_to_the_first() -> None:
    (first, negative), second = sides(), denoised(CfgGuider(toy_model(), EMPTY))
    close(denoised(dual()), negative + 2.0 * (second - negative) + 5.0 * (first - second))
    towards = second + 5.0 * (first - second)
    close(denoised(dual(nested=True)), negative + 2.0 * (towards - negative))


@pytest.mark.parametrize(("scales", "batch"), [((5.0, 2.0), 6), ((5.0, 1.0), 4), ((1.0, 1.0), 2)])
def test_dual_guidance_leaves_out_what_its_scales_cancel(scales: tuple[float, float], batch: int) -> None:
    network = ToyNetwork()
    guider = dual(network, first_scale=scales[0], second_scale=scales[1])
    run = guider.denoiser(torch.zeros_like(X))
    close(run(X, SIGMA), run.guided(X, SIGMA).denoised)
    assert network.shapes[0][0] == batch


def test_dual_guidance_keeps_the_changes_of_a_model_where_its_scales_cancel_something() -> None:
    model = replace(toy_model(), after_guidance=(ScaledEpsilon(1.25),))
    run = DualGuider(model, POSITIVE, EMPTY, NEGATIVE, 5.0, 1.0).denoiser(torch.zeros_like(X))
    close(run(X, SIGMA), run.guided(X, SIGMA).denoised)
    plain = DualGuider(model, POSITIVE, EMPTY, NEGATIVE, 1.0, 1.0)
    close(denoised(plain), denoised(CfgGuider(model, POSITIVE)))


def test_of_a_perpendicular_negative_only_that_part_counts() -> None:
    empty = denoised(CfgGuider(toy_model(), EMPTY))

    def image(i: int) -> Tensor:
        cond, negative = ((side[i] - empty[i]).double() for side in sides())
        unit = cond / length(cond)
        perpendicular = negative - (negative * unit).sum() * unit
        return (empty[i] + 6.0 * (cond - 0.8 * perpendicular)).float()

    guider = PerpendicularGuider(toy_model(), POSITIVE, NEGATIVE, EMPTY, 6.0, 0.8)
    close(denoised(guider), torch.stack([image(0), image(1)]))


def test_areas_of_the_first_prompt_are_matched_on_every_other_side() -> None:
    areas: Conditioning = [(context(0.2), {}), (context(0.6), {"area": (4, 4, 2, 2)})]
    network = ToyNetwork()
    guider = replace(dual(network), first=areas)
    guider.denoiser(torch.zeros_like(X))(X, SIGMA)
    assert sorted(network.shapes) == [(6, 4, 4, 4), (6, 4, 8, 8)]


def test_a_guider_s_denoiser_is_the_model_s_own_at_every_scale() -> None:
    model: DiffusionModel = toy_model()
    assert isinstance(CfgGuider(model, POSITIVE).denoiser(X), GuidedDenoiser)
    assert torch.equal(denoised(CfgGuider(model, POSITIVE, (), 1.0)), sides()[0])
