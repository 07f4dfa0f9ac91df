"""Guidance and conditioning: stored results of regional prompts, and how network calls are batched."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.conditioning import Conditioning, Options, Steering
from diffusion.entries import prepare
from diffusion.evaluation import predict
from diffusion.guidance import GuidedDenoiser
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.regions import Area
from tests.diffusion.toy import (
    NEGATIVE,
    POSITIVE,
    ToyNetwork,
    context,
    golden,
    relative_error,
    run,
    tensors,
    toy_model,
)


def regional(options: Options, first: Options | None = None) -> Conditioning:
    """The first prompt, and a second one with options."""
    return [(context(0.2), first or {}), (context(0.6), options)]


def golden_conditionings() -> dict[str, Conditioning]:
    given = tensors()
    halves = regional({"area": (8, 4, 0, 4)}, {"area": (8, 4, 0, 0)})
    ranges = regional({"start_percent": 0.4, "end_percent": 1.0}, {"start_percent": 0.0, "end_percent": 0.4})
    return {
        "combine": regional({}),
        "combine_strength": regional({"strength": 0.3}),
        "area": regional({"area": (4, 4, 2, 2), "strength": 0.7}),
        "area_only_two": halves,
        "area_overlap": regional({"area": (7, 6, 1, 2), "strength": 1.5}, {"area": (8, 6, 0, 0)}),
        "area_percent": regional({"area": ("percentage", 0.5, 0.4, 0.25, 0.3)}),
        "mask": regional({"mask": given["in/cond_mask"], "mask_strength": 0.8}),
        "mask_bounds": regional({"mask": given["in/cond_mask_box"], "set_area_to_bounds": True}),
        "mask_px": regional({"mask": given["in/cond_mask_px"]}),
        "range": ranges,
        "range_gap": regional({"start_percent": 0.2, "end_percent": 0.7}),
        "range_flow": ranges,
        "none_active": [(context(0.2), {"start_percent": 0.0, "end_percent": 0.5})],
    }


@pytest.mark.parametrize("name", golden_conditionings())
def test_regional_prompts_equal_the_reference(name: str) -> None:
    case = golden()["extra"][f"cond/{name}"]
    network = ToyNetwork()
    got = run(case, network, positive=golden_conditionings()[name])
    assert relative_error(got, tensors()[f"out/cond/{name}"]) <= 2e-5
    assert len(network.times) == len(case["call_sigmas"])


def test_every_golden_conditioning_is_covered() -> None:
    stored = {key.removeprefix("cond/") for key in golden()["extra"] if key.startswith("cond/")}
    assert stored == set(golden_conditionings())


X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(3))
SIGMA = torch.tensor(2.0)


def denoiser(
    positive: Conditioning, negative: Conditioning = NEGATIVE, scale: float = 7.5, **changes: Any
) -> tuple[GuidedDenoiser, ToyNetwork]:
    network = ToyNetwork()
    model = replace(toy_model("eps", network), **changes)
    towards, away = prepare(model, positive, [negative], X)
    return GuidedDenoiser(model, towards, away, scale), network


def denoised(positive: Conditioning, **changes: Any) -> Tensor:
    return denoiser(positive, **changes)[0](X, SIGMA)


def test_guidance_goes_from_the_negative_through_the_positive_prediction() -> None:
    positive, negative = denoised(POSITIVE, scale=1.0), denoised(NEGATIVE, scale=1.0)
    torch.testing.assert_close(denoised(POSITIVE), negative + 7.5 * (positive - negative))


def test_both_sides_share_one_network_call() -> None:
    guided, network = denoiser(POSITIVE)
    guided(X, SIGMA)
    assert network.shapes == [(4, 4, 8, 8)]


def test_scale_one_leaves_the_negative_side_out() -> None:
    guided, network = denoiser(POSITIVE, scale=1.0)
    guided(X, SIGMA)
    assert network.shapes == [(2, 4, 8, 8)]


def test_contexts_of_other_lengths_are_repeated_into_one_call() -> None:
    guided, network = denoiser([(context(0.2, 2), {})], [(context(-0.1, 3), {})])
    torch.testing.assert_close(guided(X, SIGMA), denoised(POSITIVE))
    assert network.shapes == [(4, 4, 8, 8)]


def test_contexts_whose_common_length_is_long_run_apart() -> None:
    guided, network = denoiser([(context(0.2, 5), {})], [(context(-0.1, 7), {})])
    torch.testing.assert_close(guided(X, SIGMA), denoised(POSITIVE))
    assert network.shapes == [(2, 4, 8, 8)] * 2


def test_strengths_are_relative() -> None:
    first, second = denoised(POSITIVE, scale=1.0), denoised([(context(0.6), {})], scale=1.0)
    both = denoised(regional({"strength": 0.5}, {"strength": 1.5}), scale=1.0)
    torch.testing.assert_close(both, (1.5 * first + 0.5 * second) / 2)


def test_an_entry_of_strength_zero_is_not_evaluated() -> None:
    guided, network = denoiser(regional({"strength": 0.0}), scale=1.0)
    assert torch.equal(guided(X, SIGMA), denoised(POSITIVE, scale=1.0))
    assert network.shapes == [(2, 4, 8, 8)]


def test_where_no_entry_is_active_the_prediction_is_zero() -> None:
    early: Conditioning = [(context(0.2), {"start_percent": 0.0, "end_percent": 0.1})]
    assert torch.equal(denoised(early, scale=1.0), torch.zeros_like(X))


def test_a_range_includes_both_of_its_ends() -> None:
    start, end = Eps().percent_to_sigma(0.25), Eps().percent_to_sigma(0.75)
    guided, network = denoiser([(context(0.2), {"start_percent": 0.25, "end_percent": 0.75})], scale=1.0)
    for sigma in (start, end, start * 1.001, end * 0.999):
        guided(X, torch.tensor(sigma))
    assert len(network.times) == 2


def test_a_default_entry_fills_what_the_others_leave() -> None:
    left = torch.zeros(1, 8, 8)
    left[..., :4] = 1.0
    both = denoised(regional({"default": True}, {"mask": left}), scale=1.0)
    first, second = denoised(POSITIVE, scale=1.0), denoised([(context(0.6), {})], scale=1.0)
    torch.testing.assert_close(both[..., :4], first[..., :4])
    torch.testing.assert_close(both[..., 4:], second[..., 4:])


def test_a_mask_for_each_picture_of_a_batch_stays_with_it() -> None:
    mask = torch.stack([torch.ones(8, 8), torch.zeros(8, 8)])
    both = denoised(regional({"default": True}, {"mask": mask}), scale=1.0)
    torch.testing.assert_close(both[0], denoised(POSITIVE, scale=1.0)[0])
    torch.testing.assert_close(both[1], denoised([(context(0.6), {})], scale=1.0)[1])


def test_an_area_gives_the_negative_side_a_crop_to_match() -> None:
    model = toy_model()
    areas: Conditioning = [(context(0.2), {}), (context(0.6), {"area": (4, 4, 2, 2)})]
    positive, negative = prepare(model, areas, [NEGATIVE], X)
    assert [entry.area for entry in positive] == [None, Area(4, 4, 2, 2)]
    assert [entry.area for entry in negative] == [None, Area(4, 4, 2, 2)]
    assert torch.equal(negative[1].context, negative[0].context)


def test_the_counterpart_of_an_area_has_the_smallest_text_around_it() -> None:
    areas: Conditioning = [(context(0.6), {"area": (2, 2, 3, 3)})]
    others: Conditioning = [
        (context(-0.1), {}),
        (context(-0.2), {"area": (4, 4, 2, 2)}),
        (context(-0.3), {"area": (6, 6, 1, 1)}),
        (context(-0.4), {"area": (2, 2, 0, 0)}),
    ]
    _, negative = prepare(toy_model(), areas, [others], X)
    assert [(float(e.context.mean()), e.area) for e in negative[4:]] == [
        (pytest.approx(-0.2), Area(2, 2, 3, 3))
    ]


def test_two_areas_with_one_rectangle_share_a_counterpart() -> None:
    rectangle: Options = {"area": (4, 4, 2, 2)}
    areas: Conditioning = [(context(0.2), rectangle), (context(0.6), rectangle)]
    positive, negative = prepare(toy_model(), areas, [NEGATIVE], X)
    assert [entry.area for entry in positive] == [Area(4, 4, 2, 2)] * 2
    assert [entry.area for entry in negative] == [None, Area(4, 4, 2, 2)]


def test_a_pair_may_be_a_list_as_well() -> None:
    listed: Conditioning = [[context(0.2), {"strength": 0.5}]]
    paired: Conditioning = [(context(0.2), {"strength": 0.5})]
    assert torch.equal(denoised(listed), denoised(paired))


def test_an_area_over_the_edge_is_clipped_and_one_outside_is_refused() -> None:
    [entry], _ = prepare(toy_model(), [(context(0.2), {"area": (4, 8, 6, 0)})], [[]], X)
    assert entry.area == Area(2, 8, 6, 0)
    with pytest.raises(ValueError, match=r"area 32x32 px at x=64, y=0 lies outside the 64x64 px picture"):
        prepare(toy_model(), [(context(0.2), {"area": (4, 4, 0, 8)})], [[]], X)


class Recorder(ToyNetwork):
    """A toy that keeps the keyword tensors it was given."""

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, **extra: Any) -> Tensor:
        self.extra = extra
        self.dtypes = (x.dtype, t.dtype, context.dtype)
        return super().__call__(x.float(), t, context.float()).to(x.dtype)


def recorded(model: DiffusionModel, positive: Conditioning) -> Tensor:
    return predict(model, X, SIGMA, prepare(model, positive, [], X))[0]


def test_extra_tensors_reach_the_network_and_pictures_among_them_are_cropped() -> None:
    def extra(options: Any, latent: Tensor) -> dict[str, Tensor]:
        return {"y": options["pooled_output"], "channels": torch.arange(64.0).view(1, 1, 8, 8)}

    network = Recorder()
    model = replace(toy_model("eps", network), extra=extra)
    recorded(model, [(context(0.2), {"pooled_output": torch.ones(1, 6), "area": (4, 4, 2, 1)})])
    assert network.extra["y"].shape == (2, 6)
    assert torch.equal(network.extra["channels"][1, 0], torch.arange(64.0).view(8, 8)[2:6, 1:5])


class Residual:
    """A control that notes what it is asked."""

    def __init__(self, result: str | None = "residuals") -> None:
        self.result = result
        self.calls: list[tuple[tuple[int, ...], int]] = []
        self.prepared = 0

    def prepare(self, model: DiffusionModel, latent: Tensor) -> Steering:
        self.prepared += 1
        return self

    def __call__(
        self, x: Tensor, t: Tensor, context: Tensor, extra: Any, sigma: Tensor, parts: int
    ) -> str | None:
        self.calls.append((tuple(x.shape), parts))
        return self.result


def test_control_is_called_beside_the_network_and_handed_over() -> None:
    control, network = Residual(), Recorder()
    recorded(toy_model("eps", network), [(context(0.2), {"control": control})])
    assert control.calls == [((2, 4, 8, 8), 1)]
    assert network.extra == {"control": "residuals"}


def test_control_with_nothing_to_say_leaves_the_network_alone() -> None:
    network = Recorder()
    recorded(toy_model("eps", network), [(context(0.2), {"control": Residual(None)})])
    assert network.extra == {}


def test_both_sides_under_one_control_share_a_call_and_what_was_made_ready() -> None:
    control, model = Residual(), toy_model("eps", Recorder())
    for shared in (False, True):
        positive: Conditioning = [(context(0.2), {"control": control, "control_apply_to_uncond": shared})]
        negative: Conditioning = [(context(-0.1), {} if shared else {"control": control})]
        control.calls.clear()
        predict(model, X, SIGMA, prepare(model, positive, [negative], X)[::-1])
        assert control.calls == [((4, 4, 8, 8), 2)]
    assert control.prepared == 2


def test_control_is_asked_about_the_part_of_the_latent_that_an_area_shows() -> None:
    control = Residual()
    recorded(toy_model("eps", Recorder()), [(context(0.2), {"control": control, "area": (4, 4, 2, 1)})])
    assert control.calls == [((2, 4, 4, 4), 1)]


def test_the_network_works_in_its_own_precision_and_the_solver_in_float32() -> None:
    network = Recorder()
    result = recorded(replace(toy_model("eps", network), dtype=torch.bfloat16), POSITIVE)
    assert network.dtypes == (torch.bfloat16, torch.float32, torch.bfloat16)  # t = 999 is not a bfloat16
    assert result.dtype == torch.float32
