"""What packs change about a MODEL takes effect in a run, and on the copy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion import checkpoint
from diffusion.masks import DifferentialDiffusion
from diffusion.model import DiffusionModel
from diffusion.precision import Precision
from diffusion.prediction import Eps, Flow
from diffusion.sampling import sample
from nodes.comfy.models.model import PackModel, UnsupportedPatch
from nodes.comfy.models.sockets import for_engine, for_packs
from nodes.guidance import perturbed_attention_guidance
from nodes.model_sampling import model_sampling_discrete
from nodes.unet import freeu
from tests.diffusion.small import save_small

POSITIVE: Any = [[torch.full((1, 4, 32), 0.3), {}]]
NEGATIVE: Any = [[torch.full((1, 4, 32), -0.2), {}]]
PackNode = Callable[[PackModel], Any]


@pytest.fixture(scope="module")
def engine_model(tmp_path_factory: pytest.TempPathFactory) -> DiffusionModel:
    path = save_small(tmp_path_factory.mktemp("models") / "small.safetensors")
    return checkpoint.load(path, precision=Precision.FLOAT32, device=torch.device("cpu")).model


@pytest.fixture(scope="module")
def plain(engine_model: DiffusionModel) -> Tensor:
    return run(engine_model)


def run(
    model: DiffusionModel, cfg: float = 4.0, latent: Mapping[str, Any] | None = None, steps: int = 1
) -> Tensor:
    given: Any = latent or {"samples": torch.zeros(1, 4, 8, 8)}
    return sample(
        model, POSITIVE, NEGATIVE, given, seed=1, steps=steps, cfg=cfg, sampler="euler", scheduler="normal"
    )


def through(model: DiffusionModel, change: PackNode) -> DiffusionModel:
    """What comes out of a pack's node: MODEL in, clone, change, MODEL out."""
    copy = for_packs(model).clone()
    change(copy)
    return for_engine(copy)


def close(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-3)


def differs(got: Tensor, other: Tensor) -> bool:
    return not torch.allclose(got, other, rtol=1e-3, atol=1e-3)


def weights(model: DiffusionModel) -> dict[str, Tensor]:
    return for_packs(model).model_state_dict()


def same(weight: Tensor, **_: Any) -> Tensor:
    return weight


def attention(q: Tensor, k: Tensor, v: Tensor, options: dict[str, Any]) -> Tensor:
    heads = options["n_heads"]
    q, k, v = (x.view(*x.shape[:2], heads, options["dim_head"]).transpose(1, 2) for x in (q, k, v))
    shares = (q @ k.mT / options["dim_head"] ** 0.5).softmax(-1)
    return (shares @ v).transpose(1, 2).flatten(2)


def same_triple(q: Tensor, k: Tensor, v: Tensor, options: Any) -> tuple[Tensor, Tensor, Tensor]:
    return q, k, v


def one(function: Callable[[Any], Any]) -> Any:
    """A function of a pack; the checker would like to know of what, and packs do not say."""
    return function


def two(function: Callable[[Any, Any], Any]) -> Any:
    return function


def three(function: Callable[[Any, Any, Any], Any]) -> Any:
    return function


def four(function: Callable[[Any, Any, Any, Any], Any]) -> Any:
    return function


NEUTRAL: dict[str, PackNode] = {
    "attn1_patch": lambda m: m.set_model_attn1_patch(same_triple),
    "attn2_patch": lambda m: m.set_model_attn2_patch(same_triple),
    "attn1_replace": lambda m: m.set_model_attn1_replace(attention, "middle", 0),
    "attn2_replace": lambda m: m.set_model_attn2_replace(attention, "output", 1, 0),
    "attn1_output": lambda m: m.set_model_attn1_output_patch(two(lambda out, options: out)),
    "attn2_output": lambda m: m.set_model_attn2_output_patch(two(lambda out, options: out)),
    "input": lambda m: m.set_model_input_block_patch(two(lambda h, options: h)),
    "after skip": lambda m: m.set_model_input_block_patch_after_skip(two(lambda h, options: h)),
    "output": lambda m: m.set_model_output_block_patch(three(lambda h, skip, options: (h, skip))),
    "middle": lambda m: m.set_model_patch(two(lambda x, options: x), "middle_patch"),
    "wrapper": lambda m: m.set_model_unet_function_wrapper(
        two(lambda apply, args: apply(args["input"], args["timestep"], **args["c"]))
    ),
    "cfg": lambda m: m.set_model_sampler_cfg_function(
        one(lambda a: a["uncond"] + a["cond_scale"] * (a["cond"] - a["uncond"]))
    ),
    "old cfg": lambda m: m.set_model_sampler_cfg_function(
        three(lambda cond, uncond, scale: uncond + scale * (cond - uncond))
    ),
    "pre cfg": lambda m: m.set_model_sampler_pre_cfg_function(one(lambda a: a["conds_out"])),
    "post cfg": lambda m: m.set_model_sampler_post_cfg_function(one(lambda a: a["denoised"])),
    "object": lambda m: m.add_object_patch("model_sampling", m.get_model_object("model_sampling")),
}
CHANGING: dict[str, PackNode] = {
    "attn1_patch": lambda m: m.set_model_attn1_patch(four(lambda q, k, v, options: (q * 0, k, v))),
    "attn2_patch": lambda m: m.set_model_attn2_patch(four(lambda q, k, v, options: (q, k, v * 3))),
    "attn1_replace": lambda m: m.set_model_attn1_replace(four(lambda q, k, v, options: v * 2), "middle", 0),
    "attn2_replace": lambda m: m.set_model_attn2_replace(four(lambda q, k, v, options: q), "output", 1, 0),
    "attn1_output": lambda m: m.set_model_attn1_output_patch(two(lambda out, options: out * 3)),
    "attn2_output": lambda m: m.set_model_attn2_output_patch(two(lambda out, options: out * 3)),
    "input": lambda m: m.set_model_input_block_patch(two(lambda h, options: h * 1.5)),
    "after skip": lambda m: m.set_model_input_block_patch_after_skip(two(lambda h, options: h * 1.5)),
    "output": lambda m: m.set_model_output_block_patch(three(lambda h, skip, options: (h * 1.5, skip * 0.5))),
    "middle": lambda m: m.set_model_patch(two(lambda x, options: x * 2), "middle_patch"),
    "wrapper": lambda m: m.set_model_unet_function_wrapper(
        two(lambda apply, args: apply(args["input"], args["timestep"], **args["c"]) * 0.8)
    ),
    "cfg": lambda m: m.set_model_sampler_cfg_function(one(lambda a: a["cond"])),
    "old cfg": lambda m: m.set_model_sampler_cfg_function(three(lambda cond, uncond, scale: uncond)),
    "pre cfg": lambda m: m.set_model_sampler_pre_cfg_function(one(lambda a: a["conds_out"][::-1])),
    "post cfg": lambda m: m.set_model_sampler_post_cfg_function(one(lambda a: a["denoised"] * 0.8)),
    "object": lambda m: m.add_object_patch(
        "model_sampling",
        for_packs(model_sampling_discrete(model=m.wrapped, sampling="v_prediction")).model.model_sampling,
    ),
}


@pytest.mark.parametrize("place", NEUTRAL)
def test_a_function_that_changes_nothing_leaves_the_picture(
    place: str, engine_model: DiffusionModel, plain: Tensor
) -> None:
    close(run(through(engine_model, NEUTRAL[place])), plain)


@pytest.mark.parametrize("place", CHANGING)
def test_a_function_that_changes_something_is_heard_on_the_copy_alone(
    place: str, engine_model: DiffusionModel, plain: Tensor
) -> None:
    assert differs(run(through(engine_model, CHANGING[place])), plain)
    assert torch.equal(run(engine_model), plain)


def test_functions_are_told_where_and_when_they_are_called(engine_model: DiffusionModel) -> None:
    seen: list[dict[str, Any]] = []

    def note(q: Tensor, k: Tensor, v: Tensor, options: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        seen.append({**options, "width": q.shape[-1]})
        return q, k, v

    def change(model: PackModel) -> None:
        model.model_options["transformer_options"]["mine"] = 5
        model.set_model_attn2_patch(note)

    run(through(engine_model, change))
    blocks = {options["block"] for options in seen}
    assert ("middle", 0) in blocks and {side for side, _ in blocks} == {"input", "middle", "output"}
    for options in seen:
        assert options["n_heads"] * options["dim_head"] == options["width"]
        assert options["cond_or_uncond"] == [1, 0] and options["mine"] == 5
        assert options["original_shape"] == [2, 4, 8, 8] and options["sigmas"].shape == (2,)


def test_changes_of_several_packs_and_of_own_nodes_add_up(engine_model: DiffusionModel) -> None:
    def first(model: PackModel) -> None:
        model.set_model_sampler_post_cfg_function(one(lambda a: a["denoised"] + 1))

    def second(model: PackModel) -> None:
        assert len(model.model_options["sampler_post_cfg_function"]) == 1
        model.set_model_sampler_post_cfg_function(one(lambda a: a["denoised"] * 2))

    between = perturbed_attention_guidance(model=freeu(model=through(engine_model, first)))
    both = run(through(between, second))
    own = perturbed_attention_guidance(model=freeu(model=engine_model))
    want = replace(own, after_guidance=(*own.after_guidance, two(lambda value, seen: (value + 1) * 2)))
    close(both, run(want))


def test_at_scale_one_what_comes_after_guidance_is_called_and_the_rest_only_on_demand(
    engine_model: DiffusionModel,
) -> None:
    seen: list[bool] = []

    def note(arguments: dict[str, Any]) -> Tensor:
        seen.append(bool(arguments["uncond_denoised"].any()))
        return arguments["denoised"]

    run(through(engine_model, lambda m: m.set_model_sampler_post_cfg_function(note)), 1.0, steps=2)
    run(through(engine_model, lambda m: m.set_model_sampler_post_cfg_function(note, True)), 1.0, steps=2)
    assert seen == [False, False, True, True]


def test_at_scale_one_what_comes_before_guidance_changes_the_prediction(engine_model: DiffusionModel) -> None:
    def halve(arguments: dict[str, Any]) -> list[Tensor]:
        cond, uncond = arguments["conds_out"]
        assert not uncond.any()
        return [cond * 0.5, uncond + 1]

    changed = through(engine_model, lambda m: m.set_model_sampler_pre_cfg_function(halve))
    want = replace(engine_model, after_guidance=(two(lambda value, seen: value * 0.5),))
    close(run(changed, 1.0, steps=2), run(want, 1.0, steps=2))


def test_a_mask_function_gets_the_mask_of_each_step(engine_model: DiffusionModel) -> None:
    generator = torch.Generator().manual_seed(0)
    latent = {
        "samples": torch.randn(1, 4, 8, 8, generator=generator),
        "noise_mask": torch.rand(1, 1, 8, 8, generator=generator),
    }

    def differential(sigma: Tensor, mask: Tensor, extra_options: dict[str, Any]) -> Tensor:
        sampling = extra_options["model"].inner_model.model_sampling
        first, last = extra_options["sigmas"][0], sampling.sigma_min
        start, end = sampling.timestep(first), sampling.timestep(last)
        threshold = (sampling.timestep(sigma[0]) - end) / (start - end)
        return (mask >= threshold).to(mask.dtype)

    changed = through(engine_model, lambda m: m.set_model_denoise_mask_function(differential))
    close(
        run(changed, latent=latent, steps=2),
        run(replace(engine_model, mask_schedule=DifferentialDiffusion()), latent=latent, steps=2),
    )


def test_weights_of_two_models_are_mixed_as_packs_do_it(engine_model: DiffusionModel) -> None:
    name = "diffusion_model.middle_block.1.proj_in.weight"
    weight = weights(engine_model)[name]
    doubled: dict[str, Any] = {name: [(weight * 2, same)], "diffusion_model.none.weight": [(weight,)]}

    def mix(model: PackModel) -> None:
        assert model.add_patches(doubled, 0.25, 0.75) == [name]

    mixed = through(engine_model, mix)
    got = weights(mixed)[name]
    torch.testing.assert_close(got, weight * 1.25)
    assert torch.equal(weights(engine_model)[name], weight)
    kept = for_packs(engine_model).get_key_patches("diffusion_model.middle_block")
    assert torch.equal(kept[name][0][0], weight)


@pytest.mark.parametrize("kind", ["diff", "lora"])
def test_patches_of_weights_add_to_them(kind: str, engine_model: DiffusionModel) -> None:
    name = "diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_q.weight"
    weight = weights(engine_model)[name]
    generator = torch.Generator().manual_seed(0)
    up, down = torch.randn(64, 2, generator=generator), torch.randn(2, 64, generator=generator)
    value = ("diff", (up @ down,)) if kind == "diff" else ("lora", (up, down, 4.0, None, None))
    changed = through(engine_model, lambda m: m.add_patches({name: value}, 0.5))
    got = weights(changed)[name]
    scale = 0.5 if kind == "diff" else 0.5 * 4.0 / 2
    torch.testing.assert_close(got, weight + scale * up @ down)


def test_what_has_no_place_here_is_refused_before_anything_runs(engine_model: DiffusionModel) -> None:
    def strange(model: PackModel) -> None:
        model.set_model_patch(one(lambda x: x), "double_block")

    with pytest.raises(UnsupportedPatch, match="'double_block'"):
        through(engine_model, strange)
    with pytest.raises(ValueError, match="it was made for another model"):
        name = "diffusion_model.middle_block.1.proj_in.weight"
        for_packs(engine_model).add_patches({name: (torch.zeros(3, 3),)})
    flux = DiffusionModel(nn.Linear(1, 1), Flow(), family="Flux")
    with pytest.raises(ValueError, match="Flux has another network"):
        through(flux, CHANGING["attn1_patch"])
    through(flux, CHANGING["post cfg"])
    other = DiffusionModel(nn.Linear(1, 1), Eps())
    with pytest.raises(UnsupportedPatch, match="add_object_patch"):
        for_packs(other).add_object_patch("diffusion_model", nn.Linear(1, 1))
