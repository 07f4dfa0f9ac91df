"""Flux.1's transformer against the golden network, and against diffusers."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from torch import Tensor

from diffusion.flux import Flux, FluxConfig
from tests.diffusion.golden_networks import golden_values, golden_weights, relative
from tests.diffusion.test_unet import rand, randomised

GOLDEN_FILES = Path(__file__).parents[1] / "golden"
GOLDEN = 2e-5
PARITY = 1e-4
DEV = FluxConfig()
SMALL = FluxConfig(
    width=256, double_blocks=2, single_blocks=2, context_dim=96, vector_dim=48, channels=16, guided=False
)


def golden_flux() -> Flux:
    weights = golden_weights("tiny-flux", "")
    network = Flux(FluxConfig.from_shapes({key: value.shape for key, value in weights.items()}))
    network.load_state_dict(weights)
    return network.eval()


def as_diffusers_has_them(weights: Mapping[str, Tensor], wanted: Iterable[str]) -> dict[str, Tensor]:
    """Our weights under diffusers' names, by the reference's table, whose slices are of the full size."""
    table: dict[str, Any] = json.loads(gzip.decompress((GOLDEN_FILES / "lora-names.json.gz").read_bytes()))[
        "flux-dev"
    ]
    found: dict[str, Tensor] = {}
    for name in wanted:
        stem, _, kind = name.rpartition(".")
        entry = table[f"{stem}.weight"]
        ours, part, *swapped = (entry, None) if isinstance(entry, str) else entry
        value = weights[ours if kind == "weight" else f"{ours.removesuffix('weight')}bias"]
        if swapped:
            value = torch.cat(value.chunk(2)[::-1])
        elif part is not None:
            start, length = (number * SMALL.width // DEV.width for number in part[1:])
            value = value.narrow(0, start, length)
        found[name] = value
    return found


def shapes_of(config: FluxConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in Flux(config).state_dict().items()}


@torch.no_grad()
def test_the_network_agrees_with_the_reference() -> None:
    values = golden_values("tiny-flux")
    inputs = {name: values[name] for name in ("x", "t", "context", "y", "guidance")}
    assert relative(golden_flux()(**inputs), values["out"]) < GOLDEN


@torch.no_grad()
def test_sides_that_no_patch_divides_agree_with_the_reference() -> None:
    values = golden_values("tiny-flux")
    inputs = {name: values[name][:1] for name in ("t", "context", "y", "guidance")}
    assert relative(golden_flux()(values["odd_x"], **inputs), values["odd_out"]) < GOLDEN


@torch.no_grad()
def test_a_guided_network_that_is_not_told_the_guidance_says_so() -> None:
    values = golden_values("tiny-flux")
    with pytest.raises(ValueError, match="strength of the guidance"):
        golden_flux()(values["x"], values["t"], values["context"], y=values["y"])


@pytest.mark.parametrize("config", [DEV, SMALL, replace(SMALL, guided=True)])
def test_sizes_come_back_from_shapes(config: FluxConfig) -> None:
    assert FluxConfig.from_shapes(shapes_of(config)) == config


def test_full_size_names_and_shapes_are_those_of_the_published_file() -> None:
    layout = json.loads((GOLDEN_FILES / "layouts" / "flux-dev.json").read_text())
    assert shapes_of(DEV) == {name: tuple(shape) for name, (shape, _) in layout.items()}


@pytest.mark.parametrize("missing", ["img_in.weight", "double_blocks.0.img_attn.qkv.weight"])
def test_a_missing_tensor_is_named(missing: str) -> None:
    shapes = shapes_of(SMALL)
    del shapes[missing]
    with pytest.raises(KeyError, match=missing):
        FluxConfig.from_shapes(shapes)


@torch.no_grad()
def test_a_network_without_guidance_agrees_with_diffusers() -> None:
    ours = randomised(Flux(SMALL))
    theirs: Any = FluxTransformer2DModel(
        in_channels=64,
        num_layers=SMALL.double_blocks,
        num_single_layers=SMALL.single_blocks,
        num_attention_heads=2,
        joint_attention_dim=SMALL.context_dim,
        pooled_projection_dim=SMALL.vector_dim,
    )
    theirs.load_state_dict(as_diffusers_has_them(ours.state_dict(), theirs.state_dict()))
    x, t = rand(2, 16, 8, 12), torch.tensor([0.1, 0.9])
    context, y = rand(2, 20, 96, seed=2), rand(2, 48, seed=3)
    patches = x.unfold(2, 2, 2).unfold(3, 2, 2).permute(0, 2, 3, 1, 4, 5).reshape(2, 24, 64)
    places = torch.tensor([[0, row, column] for row in range(4) for column in range(6)])
    out = theirs(patches, context, y, t, img_ids=places.float(), txt_ids=torch.zeros(20, 3)).sample
    expected = out.reshape(2, 4, 6, 16, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)
    assert relative(ours(x, t, context, y=y), expected) < PARITY
