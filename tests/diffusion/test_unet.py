"""The U-Net against the golden networks, and block by block against diffusers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.attention import BasicTransformerBlock as TheirTransformerBlock
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from diffusion.hooks import Change, Hooks, Residuals, Site, Spot
from diffusion.layers.attention import BasicTransformerBlock, SpatialTransformer, attend
from diffusion.layers.embedding import timestep_embedding
from diffusion.layers.resnet import ResBlock
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.golden_networks import golden_config, golden_values, golden_weights, relative

PREFIX = "model.diffusion_model."
NETWORKS = ["tiny-sd15", "tiny-sd15-inpaint", "tiny-sd21", "tiny-sdxl"]
GOLDEN = 2e-5  # what another attention kernel and thread count move, with room
PARITY = 1e-4

SD15 = UNetConfig(
    widths=(320, 640, 1280, 1280),
    down_depths=((1, 1), (1, 1), (1, 1), (0, 0)),
    up_depths=((0, 0, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    middle_depth=1,
    context_dim=768,
)
SMALL = UNetConfig(
    widths=(32, 64, 64),
    down_depths=((1, 1), (1, 1), (0, 0)),
    up_depths=((0, 0, 0), (1, 1, 1), (1, 1, 1)),
    middle_depth=1,
    context_dim=48,
)


def golden_unet(name: str) -> UNet:
    weights = golden_weights(name, PREFIX)
    config = golden_config(name)
    shapes = {key: value.shape for key, value in weights.items()}
    heads, head_dim = config.get("num_heads"), config.get("num_head_channels")
    unet = UNet(UNetConfig.from_shapes(shapes, heads=heads, head_dim=head_dim))
    unet.load_state_dict(weights)
    return unet.eval()


def shapes_of(config: UNetConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in UNet(config).state_dict().items()}


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Weights of a size at which every branch counts; normalisations away from the identity."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        fan_in = max(1, parameter[0].numel())
        nn.init.zeros_(parameter).data.add_(noise / fan_in**0.5 if parameter.ndim > 1 else 0.5 + 0.3 * noise)
    return module.eval()


def rand(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_the_network_agrees_with_the_reference(name: str) -> None:
    values = golden_values(name)
    out = golden_unet(name)(values["x"], values["t"], values["context"], y=values.get("y"))
    assert relative(out, values["out"]) < GOLDEN


@torch.no_grad()
def test_sides_that_no_halving_divides_agree_with_the_reference() -> None:
    values = golden_values("tiny-sd15")
    batch = len(values["odd_x"])
    out = golden_unet("tiny-sd15")(values["odd_x"], values["t"][:batch], values["context"][:batch])
    assert relative(out, values["odd_out"]) < GOLDEN


@torch.no_grad()
def test_a_network_that_wants_a_vector_says_so() -> None:
    values = golden_values("tiny-sdxl")
    with pytest.raises(ValueError, match=r"vector y \[B, 96\]"):
        golden_unet("tiny-sdxl")(values["x"], values["t"], values["context"])


@pytest.mark.parametrize("config", [SD15, SMALL, replace(SD15, in_channels=9), replace(SMALL, vector_dim=24)])
def test_sizes_come_back_from_shapes(config: UNetConfig) -> None:
    assert UNetConfig.from_shapes(shapes_of(config)) == config


def test_linear_projections_mean_64_channels_a_head() -> None:
    config = replace(SD15, linear_projection=True, heads=None, head_dim=64)
    assert UNetConfig.from_shapes(shapes_of(config)) == config


def test_full_size_names_and_shapes_are_those_of_the_published_file() -> None:
    layout = json.loads((Path(__file__).parents[1] / "golden" / "layouts" / "sd15.json").read_text())
    published = {
        name.removeprefix(PREFIX): tuple(shape)
        for name, (shape, _) in layout.items()
        if name.startswith(PREFIX)
    }
    assert shapes_of(SD15) == published


@pytest.mark.parametrize("missing", ["input_blocks.1.0.out_layers.3.weight", "input_blocks.0.0.weight"])
def test_a_missing_tensor_is_named(missing: str) -> None:
    shapes = shapes_of(SMALL)
    del shapes[missing]
    with pytest.raises(KeyError, match=missing):
        UNetConfig.from_shapes(shapes)


@torch.no_grad()
def test_residuals_are_added_to_the_skips_and_the_middle() -> None:
    unet = golden_unet("tiny-sd15")
    values = golden_values("tiny-sd15")
    x, t, context = values["x"], values["t"], values["context"]
    embedding = unet.embed(t, None, x.dtype)
    lowest, skips = unet.down(x, embedding, context)
    middle = unet.middle(lowest, embedding, context)
    by_hand = unet.up(middle + 0.2, [skip + 0.1 for skip in skips], embedding, context)
    control = Residuals(tuple(torch.full_like(skip, 0.1) for skip in skips), torch.full_like(middle, 0.2))
    assert torch.equal(unet(x, t, context, control=control), by_hand)
    assert relative(by_hand, values["out"]) > 1e-3


@torch.no_grad()
def test_hooks_that_change_nothing_leave_the_prediction_as_it_is() -> None:
    unet = golden_unet("tiny-sd15")
    values = golden_values("tiny-sd15")
    sites: list[tuple[str, str, int, int]] = []

    def noted(kind: str) -> Change:
        def change(x: Tensor, site: Site) -> Tensor:
            sites.append((kind, site.side, site.block, site.layer))
            return x

        return change

    def attention(q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
        sites.append((site.attention, site.side, site.block, site.layer))
        return attend(q, k, v, site.heads)

    hooks = Hooks(
        attention_inputs=(lambda q, k, v, site: (q, k, v),),
        attention_instead={Spot("self", "middle", 0): attention, Spot("cross", "input", 1, 0): attention},
        after_self_attention=(noted("between"),),
        after_input=(noted("input"),),
        before_output=(lambda x, skip, site: (x, skip),),
    )
    out = unet(values["x"], values["t"], values["context"], hooks=hooks)
    assert torch.equal(out, unet(values["x"], values["t"], values["context"]))
    blocks = [block for kind, _, block, _ in sites if kind == "input"]
    assert blocks == list(range(len(unet.input_blocks)))
    assert ("self", "middle", 0, 0) in sites
    assert ("cross", "input", 1, 0) in sites
    assert ("between", "output", len(unet.output_blocks) - 1, 0) in sites


@torch.no_grad()
def test_each_hook_changes_the_prediction() -> None:
    unet = golden_unet("tiny-sd15")
    values = golden_values("tiny-sd15")
    plain = unet(values["x"], values["t"], values["context"])

    def half(x: Tensor, site: Site) -> Tensor:
        return x / 2

    for hooks in (
        Hooks(attention_inputs=(lambda q, k, v, site: (q / 2, k, v),)),
        Hooks(attention_instead={Spot("self", "middle", 0): lambda q, k, v, site: v}),
        Hooks(after_attention=(half,)),
        Hooks(after_self_attention=(half,)),
        Hooks(after_input=(half,)),
        Hooks(after_skip=(half,)),
        Hooks(after_middle=(half,)),
        Hooks(before_output=(lambda x, skip, site: (x, skip / 2),)),
    ):
        assert hooks.any
        assert relative(unet(values["x"], values["t"], values["context"], hooks=hooks), plain) > 1e-3


@torch.no_grad()
def test_timestep_embedding_agrees_with_diffusers() -> None:
    t = torch.tensor([0.0, 1.0, 500.5, 999.0])
    theirs = get_timestep_embedding(t, 64, flip_sin_to_cos=True, downscale_freq_shift=0)
    assert relative(timestep_embedding(t, 64), theirs) < 1e-6


@pytest.mark.parametrize(("inner", "outer"), [(32, 64), (64, 64)])
@torch.no_grad()
def test_residual_block_agrees_with_diffusers(inner: int, outer: int) -> None:
    ours = randomised(ResBlock(inner, outer, 128))
    theirs = ResnetBlock2D(in_channels=inner, out_channels=outer, temb_channels=128, eps=1e-5)
    renamed = {
        "in_layers.0": "norm1",
        "in_layers.2": "conv1",
        "emb_layers.1": "time_emb_proj",
        "out_layers.0": "norm2",
        "out_layers.3": "conv2",
        "skip_connection": "conv_shortcut",
    }
    theirs.load_state_dict(
        {
            f"{renamed[stem]}.{kind}": v
            for stem, _, kind, v in ((*k.rpartition("."), v) for k, v in ours.state_dict().items())
        }
    )
    x, embedding = rand(2, inner, 9, 7), rand(2, 128)
    assert relative(ours(x, embedding), theirs(x, embedding)) < PARITY


@torch.no_grad()
def test_transformer_block_agrees_with_diffusers() -> None:
    ours = randomised(BasicTransformerBlock(64, 48, heads=8))
    theirs = TheirTransformerBlock(64, 8, 8, cross_attention_dim=48)
    theirs.load_state_dict(ours.state_dict())
    x, context = rand(2, 63, 64), rand(2, 77, 48, seed=2)
    assert relative(ours(x, context), theirs(x, encoder_hidden_states=context)) < PARITY


@pytest.mark.parametrize("linear", [False, True])
@torch.no_grad()
def test_spatial_transformer_agrees_with_diffusers(linear: bool) -> None:
    ours = randomised(SpatialTransformer(64, 48, heads=4, depth=2, linear=linear))
    theirs = Transformer2DModel(
        4, 16, 64, num_layers=2, cross_attention_dim=48, use_linear_projection=linear, norm_num_groups=32
    )
    theirs.load_state_dict(ours.state_dict())
    x, context = rand(2, 64, 9, 7), rand(2, 77, 48, seed=2)
    assert relative(ours(x, context), theirs(x, encoder_hidden_states=context).sample) < PARITY


@torch.no_grad()
def test_whole_network_agrees_with_diffusers() -> None:
    ours = randomised(UNet(SMALL))
    theirs = UNet2DConditionModel(
        block_out_channels=SMALL.widths,
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=48,
        attention_head_dim=8,
    ).eval()
    weights = {f"{PREFIX}{name}": value for name, value in ours.state_dict().items()}
    made = cast("dict[str, Tensor]", convert_ldm_unet_checkpoint(weights, dict(theirs.config)))
    theirs.load_state_dict(made)
    x, t, context = rand(2, 4, 16, 24), torch.tensor([10, 900]), rand(2, 77, 48, seed=2)
    assert relative(ours(x, t, context), theirs(x, t, context).sample) < PARITY
