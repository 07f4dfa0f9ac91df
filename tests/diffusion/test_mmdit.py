"""The transformer of Stable Diffusion 3 against the golden networks, and against diffusers."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

from diffusion.mmdit import MMDiT, MMDiTConfig
from tests.diffusion.golden_networks import golden_values, golden_weights, relative
from tests.diffusion.test_unet import rand, randomised

PREFIX = "model.diffusion_model."
GOLDEN = 2e-5
PARITY = 1e-4
SD3 = MMDiTConfig(width=1536, depth=24)
SMALL = MMDiTConfig(
    width=128,
    depth=3,
    context_dim=96,
    vector_dim=80,
    grid=24,
    normed_heads=True,
    dual=frozenset({0, 1}),
)


def golden_mmdit(name: str) -> MMDiT:
    weights = golden_weights(name, PREFIX)
    network = MMDiT(MMDiTConfig.from_shapes({key: value.shape for key, value in weights.items()}))
    network.load_state_dict(weights)
    return network.eval()


def shapes_of(config: MMDiTConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in MMDiT(config).state_dict().items()}


@pytest.mark.parametrize("name", ["tiny-mmdit", "tiny-mmdit-qknorm"])
@torch.no_grad()
def test_the_network_agrees_with_the_reference(name: str) -> None:
    values = golden_values(name)
    out = golden_mmdit(name)(values["x"], values["t"], values["context"], y=values["y"])
    assert relative(out, values["out"]) < GOLDEN


@torch.no_grad()
def test_sides_that_no_patch_divides_agree_with_the_reference() -> None:
    values = golden_values("tiny-mmdit")
    one = {name: values[name][:1] for name in ("t", "context", "y")}
    out = golden_mmdit("tiny-mmdit")(values["odd_x"], **one)
    assert relative(out, values["odd_out"]) < GOLDEN


@pytest.mark.parametrize("config", [SD3, SMALL])
def test_sizes_come_back_from_shapes(config: MMDiTConfig) -> None:
    assert MMDiTConfig.from_shapes(shapes_of(config)) == config


def test_full_size_names_and_shapes_are_those_of_the_published_file() -> None:
    layout = json.loads((Path(__file__).parents[1] / "golden" / "layouts" / "sd3-medium.json").read_text())
    published = {
        name.removeprefix(PREFIX): tuple(shape)
        for name, (shape, _) in layout.items()
        if name.startswith(PREFIX)
    }
    assert shapes_of(SD3) == published


@pytest.mark.parametrize("missing", ["x_embedder.proj.weight", "joint_blocks.0.x_block.attn.qkv.weight"])
def test_a_missing_tensor_is_named(missing: str) -> None:
    shapes = shapes_of(SMALL)
    del shapes[missing]
    with pytest.raises(KeyError, match=missing):
        MMDiTConfig.from_shapes(shapes)


def test_a_picture_larger_than_the_learned_positions_is_refused_naming_the_limit() -> None:
    with torch.device("meta"):
        network = MMDiT(SMALL)
    with pytest.raises(ValueError, match="up to 384 pixels a side, and this one is 400x160"):
        network.positions(10, 25)


@torch.no_grad()
def test_a_network_with_attention_of_the_picture_to_itself_agrees_with_diffusers() -> None:
    ours = randomised(MMDiT(SMALL))
    theirs: Any = SD3Transformer2DModel(
        sample_size=16,
        num_layers=SMALL.depth,
        num_attention_heads=2,
        joint_attention_dim=SMALL.context_dim,
        caption_projection_dim=SMALL.width,
        pooled_projection_dim=SMALL.vector_dim,
        out_channels=16,
        pos_embed_max_size=SMALL.grid,
        dual_attention_layers=(0, 1),
        qk_norm="rms_norm",
    ).eval()
    weights = {f"{PREFIX}{name}": value for name, value in ours.state_dict().items()}
    theirs.load_state_dict(cast("Any", convert_sd3_transformer_checkpoint_to_diffusers)(weights))
    x, t = rand(2, 16, 16, 24), torch.tensor([10.0, 900.0])
    context, y = rand(2, 20, 96, seed=2), rand(2, 80, seed=3)
    expected = theirs(x, encoder_hidden_states=context, pooled_projections=y, timestep=t).sample
    assert relative(ours(x, t, context, y=y), expected) < PARITY
