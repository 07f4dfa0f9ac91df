"""ControlNets against the golden numbers and, block by block, against diffusers; layouts of files."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.controlnets.controlnet_union import ControlNetUnionModel

from diffusion.checkpoint import CheckpointError
from diffusion.control.kinds import UNetControl, UnionControl
from diffusion.control.names import controlnet_names
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.control.union import UnionConfig, UnionControlNet
from diffusion.hooks import Residuals
from tests.diffusion.control_files import GOLDEN_FOLDER, Given, layout, loaded, own_state
from tests.diffusion.golden_networks import golden_values, golden_weights, relative
from tests.diffusion.test_unet import golden_unet, rand, randomised
from tests.fill import fill
from tests.tensors import load_file

GOLDEN, PARITY = 2e-5, 1e-4

CONV: dict[str, Any] = {"block_out_channels": (32, 64), "attention_head_dim": 8}
LINEAR: dict[str, Any] = {
    "block_out_channels": (64, 128),
    "attention_head_dim": (1, 2),
    "use_linear_projection": True,
}
VECTOR: dict[str, Any] = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 16 + 6 * 8,
}
KINDS = {"sd1": CONV, "sd2": LINEAR, "sdxl": {**LINEAR, **VECTOR}}
FULL_SIZE: dict[str, dict[str, Any]] = {
    "sd2": {
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "sdxl": {
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}


@torch.no_grad()
def test_a_controlnet_and_the_network_it_steers_agree_with_the_reference(tmp_path: Path) -> None:
    values = {
        name.removeprefix("tiny-controlnet/"): value
        for name, value in load_file(GOLDEN_FOLDER / "control.safetensors").items()
    }
    filled = {name: fill(name, shape) for name, shape in layout("tiny-controlnet").items()}
    control = loaded(tmp_path / "tiny.safetensors", filled)
    # Shapes do not tell the number of heads, which is 4 here and 8 in all published ones.
    for module in control.network.modules():
        if hasattr(module, "heads"):
            module.heads = 4
    given = golden_values("tiny-sd15")
    x, t, context = given["x"][:1], given["t"][:1], given["context"][:1]
    residuals = control.network(x, t, context, control.network.encode(values["hint"]))
    for place, skip in enumerate(residuals.skips):
        assert relative(skip, values[f"skip_{place}"]) < GOLDEN
    assert relative(residuals.middle, values["middle"]) < GOLDEN
    added = Residuals(tuple(0.6 * skip for skip in residuals.skips), 0.6 * residuals.middle)
    out = golden_unet("tiny-sd15")(x, t, context, control=added)
    assert relative(out, values["unet_out_strength0.6"]) < GOLDEN


def their_controlnet(kind: str, build: Any = ControlNetModel, **more: Any) -> Any:
    return randomised(
        build(
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            cross_attention_dim=48,
            conditioning_embedding_out_channels=(16, 32, 48, 64),
            **KINDS[kind],
            **more,
        )
    )


def assert_equal(ours: Residuals, theirs: Any) -> None:
    assert ours.middle is not None
    assert relative(ours.middle, theirs.mid_block_res_sample) < PARITY
    for skip, reference in zip(ours.skips, theirs.down_block_res_samples, strict=True):
        assert skip is not None
        assert relative(skip, reference) < PARITY


@pytest.mark.parametrize("kind", list(KINDS))
@torch.no_grad()
def test_a_controlnet_in_diffusers_names_adds_what_diffusers_has_it_add(kind: str, tmp_path: Path) -> None:
    theirs, given = their_controlnet(kind), Given(kind)
    control = loaded(tmp_path / "net.safetensors", theirs.state_dict())
    assert isinstance(control, UNetControl)
    expected = theirs(given.x, given.t, given.context, given.hint, added_cond_kwargs=given.added)
    features = control.network.encode(given.hint)
    assert_equal(control.network(given.x, given.t, given.context, features, y=given.y), expected)


@torch.no_grad()
def test_a_union_controlnet_adds_what_diffusers_has_it_add(tmp_path: Path) -> None:
    """To several latents with one picture: diffusers' attention goes across the pictures of a batch."""
    more = {"num_trans_channel": 64, "num_trans_head": 8, "num_proj_channel": 64, "num_control_type": 8}
    theirs, given = their_controlnet("sdxl", ControlNetUnionModel, **more), Given("sdxl")
    given.hint = given.hint[:1].expand(2, -1, -1, -1)
    control = loaded(tmp_path / "union.safetensors", theirs.state_dict())
    assert isinstance(control, UnionControl)
    switches = torch.zeros(2, 8)
    switches[:, 3] = 1
    expected = theirs(
        given.x,
        given.t,
        given.context,
        [given.hint],
        control_type=switches,
        control_type_idx=[3],
        added_cond_kwargs=given.added,
    )
    told = control.of_kind("canny/lineart/anime_lineart/mlsd")
    (features,) = told.read(given.hint, None)
    extra = {"y": given.y} if given.y is not None else {}
    assert_equal(told.steer(given.x, given.t, given.context, extra, (features,)), expected)
    other = rand(1, 3, 56, 72, seed=9).abs()
    (several,) = told.read(torch.cat([given.hint[:1], other]), None)
    assert torch.allclose(several[0], features[0], atol=1e-5)
    assert torch.allclose(several[1], told.read(other, None)[0][0], atol=1e-5)
    (untold,) = control.of_kind("auto").read(given.hint, None)
    assert torch.equal(untold, control.network.input_hint_block(given.hint))


def test_a_union_controlnet_of_six_kinds_refuses_a_seventh(tmp_path: Path) -> None:
    more = {"num_trans_channel": 64, "num_trans_head": 8, "num_proj_channel": 64, "num_control_type": 6}
    control = loaded(
        tmp_path / "union.safetensors", their_controlnet("sdxl", ControlNetUnionModel, **more).state_dict()
    )
    with pytest.raises(ValueError, match="knows no 'tile': choose one of openpose"):
        control.of_kind("tile")


@pytest.mark.parametrize("prefix", ["control_model.", ""])
def test_original_files_load_with_and_without_their_prefix(prefix: str, tmp_path: Path) -> None:
    weights = golden_weights("tiny-sd15", "model.diffusion_model.")
    state = own_state(weights)
    more = {"model.diffusion_model.out.2.weight": torch.zeros(4, 32, 3, 3)} if prefix else {}
    control = loaded(tmp_path / "net.safetensors", {f"{prefix}{n}": v for n, v in state.items()} | more)
    assert all(torch.equal(value, state[name]) for name, value in control.network.state_dict().items())


def test_full_size_layouts_leave_nothing_missing_or_over() -> None:
    original = {name.removeprefix("control_model."): s for name, s in layout("sd15-controlnet").items()}
    layouts = {"sd15": original}
    for kind, config in FULL_SIZE.items():
        with torch.device("meta"):
            theirs = cast("Any", ControlNetModel)(**config)
        names = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
        layouts[kind] = {ours: names[name] for ours, name in controlnet_names(names).items()}
    for kind, shapes in layouts.items():
        with torch.device("meta"):
            network = ControlNet(ControlNetConfig.from_shapes(shapes))
        assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == shapes, kind


def test_the_full_size_union_layout_leaves_nothing_missing_or_over() -> None:
    with torch.device("meta"):
        theirs = cast("Any", ControlNetUnionModel)(**FULL_SIZE["sdxl"], num_control_type=8)
    names = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    shapes = {ours: names[name] for ours, name in controlnet_names(names).items()}
    with torch.device("meta"):
        network = UnionControlNet(UnionConfig.from_shapes(shapes))
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == shapes


def test_a_file_without_a_control_network_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cat\.safetensors: it holds no ControlNet"):
        loaded(tmp_path / "cat.safetensors", {"weight": torch.zeros(1)})


def test_a_truncated_controlnet_says_what_it_lacks(tmp_path: Path) -> None:
    state = own_state(golden_weights("tiny-sd15", "model.diffusion_model."))
    state.pop("zero_convs.1.0.weight")
    with pytest.raises(CheckpointError, match=r"it lacks zero_convs\.1\.0\.weight"):
        loaded(tmp_path / "net.safetensors", state)


def test_what_shuffled_pictures_steer_is_averaged_as_the_files_name_says(tmp_path: Path) -> None:
    state = own_state(golden_weights("tiny-sd15", "model.diffusion_model."))
    given = Given("sd1")
    added: list[Residuals] = []
    for name in ("control_v11e_sd15_shuffle_fp16", "control_v11p_sd15_canny"):
        control = loaded(tmp_path / f"{name}.safetensors", state)
        added.append(control.steer(given.x, given.t, given.context, {}, control.read(given.hint, None)))
    for averaged, whole in zip(
        (*added[0].skips, added[0].middle), (*added[1].skips, added[1].middle), strict=True
    ):
        assert averaged is not None and whole is not None
        assert torch.allclose(averaged, whole.mean(dim=(2, 3), keepdim=True))
