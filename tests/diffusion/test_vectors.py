"""The vector of SDXL networks against the reference's, and the network that takes it against diffusers'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from diffusion.entries import prepare
from diffusion.families.sdxl import SDXL, SDXL_REFINER
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.unet import UNet, UNetConfig
from diffusion.vectors import SizeVector, base_sizes, refiner_sizes
from tests.diffusion.golden_networks import relative
from tests.diffusion.test_unet import rand, randomised
from tests.tensors import load_file

GOLDEN = load_file(Path(__file__).parents[1] / "golden" / "tiny-text.safetensors")
LATENT = torch.zeros(1, 4, 96, 128)  # 1024x768 pixels
TOLERANCE = 2e-5
ROUNDING = 7e-5  # a frequency next to another in float32 (6e-8) turns the sine of a size of 1152 by this much
PARITY = 1e-4
BASE = SizeVector(1280, base_sizes)
REFINER = SizeVector(1280, refiner_sizes)
ALL: dict[str, Any] = {
    "width": 900,
    "height": 1100,
    "crop_w": 16,
    "crop_h": 32,
    "target_width": 1024,
    "target_height": 1152,
}
SCORED: dict[str, Any] = {"width": 900, "height": 1100, "crop_w": 8, "crop_h": 4, "aesthetic_score": 5.25}

SMALL = UNetConfig(
    widths=(32, 64),
    down_depths=((0, 0), (2, 2)),
    up_depths=((2, 2, 2), (0, 0, 0)),
    middle_depth=2,
    context_dim=48,
    heads=None,
    head_dim=16,
    linear_projection=True,
    vector_dim=24 + 6 * 256,
)


def assert_same(y: Tensor, expected: Tensor) -> None:
    """All within the tolerance, but for few frequencies that the makers' `exp` rounded the other way."""
    difference = (y - expected).abs()
    assert difference.max() <= ROUNDING
    assert (difference > TOLERANCE).sum() <= len(y) * 16


@pytest.mark.parametrize(
    ("key", "vector", "options"),
    [
        ("base_default", BASE, {}),
        ("base_full", BASE, ALL),
        ("refiner_pos", REFINER, {"prompt_type": "positive"}),
        ("refiner_neg", REFINER, {"prompt_type": "negative"}),
        ("refiner_score", REFINER, SCORED),
        ("refiner_score", REFINER, {**SCORED, "prompt_type": "negative"}),
    ],
)
def test_vectors_equal_the_reference(key: str, vector: SizeVector, options: dict[str, Any]) -> None:
    y = vector({**options, "pooled_output": GOLDEN["adm/pooled"]}, LATENT)["y"]
    assert y.shape == GOLDEN[f"adm/{key}"].shape
    assert_same(y, GOLDEN[f"adm/{key}"])


@pytest.mark.parametrize("options", [{}, {"pooled_output": None}])
def test_without_pooled_text_zeros_stand_in_its_place(options: dict[str, Any]) -> None:
    y = BASE(options, LATENT)["y"]
    assert not y[:, :1280].any()
    assert_same(y[:, 1280:], GOLDEN["adm/base_default"][:, 1280:])


def test_pooled_text_of_another_model_is_refused_with_both_widths() -> None:
    with pytest.raises(ValueError, match=r"768 wide and this model takes 1280: encode the prompt"):
        BASE({"pooled_output": torch.zeros(1, 768)}, LATENT)


def test_each_side_of_a_run_has_the_refiners_score_for_it() -> None:
    config = replace(SMALL, vector_dim=1280 + 5 * 256)
    model = DiffusionModel(torch.zeros, Eps(), extra=SDXL_REFINER.extra(config))
    pooled, context = GOLDEN["adm/pooled"], torch.zeros(1, 77, 48)
    text: Any = [[context, {"pooled_output": pooled}]]
    positive, negative = prepare(model, text, [text], LATENT)
    for entry, key in ((positive[0], "refiner_pos"), (negative[0], "refiner_neg")):
        assert_same(entry.extra["y"], GOLDEN[f"adm/{key}"])


@torch.no_grad()
def test_the_network_with_its_vector_agrees_with_diffusers() -> None:
    """Heights before widths, sizes before crops before targets, as diffusers' `time_ids` are."""
    ours = cast("UNet", randomised(UNet(SMALL)))
    made: Any = UNet2DConditionModel
    theirs = made(
        block_out_channels=SMALL.widths,
        layers_per_block=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        cross_attention_dim=SMALL.context_dim,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=SMALL.vector_dim,
    ).eval()
    weights = {f"model.diffusion_model.{name}": value for name, value in ours.state_dict().items()}
    theirs.load_state_dict(cast("Any", convert_ldm_unet_checkpoint)(weights, dict(theirs.config)))
    x, t, context, pooled = rand(2, 4, 16, 24), torch.tensor([10, 900]), rand(2, 77, 48, seed=2), rand(2, 24)
    y = SDXL.extra(SMALL)({**ALL, "pooled_output": pooled}, x)["y"]
    ids = torch.tensor([[1100, 900, 32, 16, 1152, 1024]]).expand(2, -1)
    expected = theirs(x, t, context, added_cond_kwargs={"text_embeds": pooled, "time_ids": ids}).sample
    assert relative(ours(x, t, context, y=y), expected) < PARITY
