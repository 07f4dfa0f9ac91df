"""Skip-layer guidance, against diffusers' transformer without the layers and blocks that add nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from diffusion.families.flux import FLUX_LATENT
from diffusion.families.sd3 import SD3_LATENT
from diffusion.flux import Flux, FluxConfig
from diffusion.guiders import CfgGuider
from diffusion.mmdit import MMDiT, MMDiTConfig
from diffusion.model import DiffusionModel
from diffusion.noise import initial_noise
from diffusion.prediction import Flow
from diffusion.prediction import Flux as FluxPrediction
from diffusion.sampling import sample
from diffusion.vectors import PooledText
from nodes.skipped_layers import (
    skip_layer_guidance_dit,
    skip_layer_guidance_dit_simple,
    skip_layer_guidance_sd3,
)
from tests.diffusion.golden_networks import relative
from tests.diffusion.test_unet import rand, randomised
from tests.diffusion.toy import toy_model

SHAPE, STEPS, SCALE, SEED = (1, 16, 8, 12), 4, 4.0, 5
SIZES = MMDiTConfig(width=128, depth=3, context_dim=96, vector_dim=80, grid=24, normed_heads=True)
SIDES = [(rand(1, 20, 96, seed=seed), rand(1, 80, seed=seed + 1)) for seed in (1, 3)]
X = rand(2, 16, 8, 12, seed=9)


@pytest.fixture(scope="module")
def sd3() -> DiffusionModel:
    return DiffusionModel(
        randomised(MMDiT(SIZES)), Flow(), SD3_LATENT, extra=PooledText(SIZES.vector_dim), family="SD3"
    )


@pytest.fixture(scope="module")
def flux() -> DiffusionModel:
    sizes = FluxConfig(width=128, double_blocks=2, single_blocks=2, context_dim=96, vector_dim=80)
    extra = PooledText(sizes.vector_dim, guided=True)
    return DiffusionModel(randomised(Flux(sizes)), FluxPrediction(), FLUX_LATENT, extra=extra, family="Flux")


def conditionings() -> list[list[tuple[Tensor, Any]]]:
    return [[(context, {"pooled_output": pooled})] for context, pooled in SIDES]


def predicted(model: DiffusionModel, sigma: float, scale: float = SCALE) -> Tensor:
    positive, negative = conditionings()
    denoise = CfgGuider(model, positive, negative, scale).denoiser(torch.zeros_like(X))
    return denoise(X, torch.tensor(sigma))


def without(model: DiffusionModel, *blocks: str) -> DiffusionModel:
    """The model with blocks whose gates are shut: they add nothing to the tokens."""
    network = deepcopy(cast("nn.Module", model.network))
    for block in blocks:
        for name, parameter in network.get_submodule(block).named_parameters():
            if "mod" in name:
                parameter.data.zero_()
    return DiffusionModel(network, model.prediction, model.latent_format, extra=model.extra)


@torch.no_grad()
def test_sd3_makes_what_diffusers_makes_while_it_skips_layers(sd3: DiffusionModel) -> None:
    positive, negative = conditionings()
    model = skip_layer_guidance_sd3(model=sd3, layers="0, 1", scale=2.5, start_percent=0.2, end_percent=0.6)
    latent = sample(
        model,
        positive,
        negative,
        {"samples": torch.zeros(SHAPE)},
        seed=SEED,
        steps=STEPS,
        cfg=SCALE,
        sampler="euler",
        scheduler="simple",
    )
    theirs: Any = SD3Transformer2DModel(
        sample_size=16,
        num_layers=SIZES.depth,
        num_attention_heads=2,
        joint_attention_dim=SIZES.context_dim,
        caption_projection_dim=SIZES.width,
        pooled_projection_dim=SIZES.vector_dim,
        out_channels=16,
        pos_embed_max_size=SIZES.grid,
        qk_norm="rms_norm",
    ).eval()
    weights = cast("nn.Module", sd3.network).state_dict()
    prefixed = {f"model.diffusion_model.{name}": value for name, value in weights.items()}
    theirs.load_state_dict(cast("Any", convert_sd3_transformer_checkpoint_to_diffusers)(prefixed))
    scheduler: Any = FlowMatchEulerDiscreteScheduler(shift=3.0)
    times = [1.0, 0.75, 0.5, 0.25]
    scheduler.set_timesteps(sigmas=times)
    x = initial_noise(torch.Size(SHAPE), SEED, None)
    for time, t in zip(times, scheduler.timesteps, strict=True):

        def velocity(side: int, **more: Any) -> Tensor:
            context, pooled = SIDES[side]
            named = {"encoder_hidden_states": context, "pooled_projections": pooled, "timestep": t[None]}  # noqa: B023
            return theirs(x, **named, **more).sample  # noqa: B023

        cond, uncond = velocity(0), velocity(1)
        guided = uncond + SCALE * (cond - uncond)
        if 0.4 <= time <= 0.8:
            guided = guided + 2.5 * (cond - velocity(0, skip_layers=[0, 1]))
        x = scheduler.step(guided, t, x).prev_sample
    assert relative(sd3.latent_format.to_model(latent), x) < 1e-3


@pytest.mark.parametrize("scale", [SCALE, 1.0])
@torch.no_grad()
def test_flux_is_guided_away_from_itself_without_blocks_of_both_kinds(
    scale: float, flux: DiffusionModel
) -> None:
    model = skip_layer_guidance_dit(
        model=flux, double_layers="1", single_layers="0", scale=2.0, start_percent=0.0, end_percent=1.0
    )
    skipped = predicted(without(flux, "double_blocks.1", "single_blocks.0"), 0.5, 1.0)
    expected = predicted(flux, 0.5, scale) + 2.0 * (predicted(flux, 0.5, 1.0) - skipped)
    assert relative(predicted(model, 0.5, scale), expected) < 1e-5


@torch.no_grad()
def test_rescaling_brings_each_image_back_to_the_contrast_of_the_positive_prediction(
    flux: DiffusionModel,
) -> None:
    model = skip_layer_guidance_dit(
        model=flux, double_layers="0", single_layers="", end_percent=1.0, rescaling_scale=1.0
    )
    got, cond = predicted(model, 0.5), predicted(flux, 0.5, 1.0)
    assert got.flatten(1).std(dim=1) == pytest.approx(cond.flatten(1).std(dim=1), rel=1e-4)


@torch.no_grad()
def test_the_simple_kind_changes_the_negative_prediction_alone(flux: DiffusionModel) -> None:
    calls: list[int] = []

    def count(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls.append(len(arguments[0]))

    counting = cast("nn.Module", flux.network).register_forward_pre_hook(count)
    model = skip_layer_guidance_dit_simple(
        model=flux, double_layers="0", single_layers="1", start_percent=0.1, end_percent=0.9
    )
    got = predicted(model, 0.5)
    assert calls == [2 * len(X)], "both sides in one call"
    counting.remove()
    cond = predicted(flux, 0.5, 1.0)
    shut = without(flux, "double_blocks.0", "single_blocks.1")
    plain = predicted(flux, 0.5)
    uncond = (SCALE * cond - plain) / (SCALE - 1)
    skipped = (SCALE * predicted(shut, 0.5, 1.0) - predicted(shut, 0.5)) / (SCALE - 1)
    assert relative(skipped, uncond) > 1e-2
    assert relative(got, skipped + SCALE * (cond - skipped)) < 1e-4
    assert torch.equal(predicted(model, 0.5, 1.0), cond), "nothing negative is predicted"
    assert torch.equal(predicted(model, 0.999), predicted(flux, 0.999)), "before its span"


def test_no_layers_are_no_change(sd3: DiffusionModel) -> None:
    assert skip_layer_guidance_sd3(model=sd3, layers="") is sd3


def test_models_and_blocks_that_do_not_fit_are_refused_before_sampling(
    sd3: DiffusionModel, flux: DiffusionModel
) -> None:
    with pytest.raises(ValueError, match="leave out double block 7, and SD3 has blocks 0 to 2"):
        skip_layer_guidance_sd3(model=sd3)
    with pytest.raises(ValueError, match="single block 2, and Flux has blocks 0 to 1"):
        skip_layer_guidance_dit_simple(model=flux, double_layers="0", single_layers="2")
    unet = DiffusionModel(nn.Linear(1, 1), toy_model().prediction, family="SDXL")
    with pytest.raises(ValueError, match="and SDXL has another network: use PerturbedAttentionGuidance"):
        skip_layer_guidance_dit(model=unet)
