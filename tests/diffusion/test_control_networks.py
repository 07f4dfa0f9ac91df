"""Control networks against the golden numbers and, block by block, against diffusers; layouts of files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.adapter import T2IAdapter as TheirAdapter
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.controlnets.controlnet_union import ControlNetUnionModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.control import load_control
from diffusion.control.kinds import T2IControl, UNetControl, UnionControl, places
from diffusion.control.lora import LoraControl
from diffusion.control.names import adapter_names, controlnet_names
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.control.t2i import T2IAdapter, T2IAdapterConfig
from diffusion.control.union import UnionConfig, UnionControlNet
from diffusion.hooks import Residuals
from diffusion.layers.embedding import timestep_embedding
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.prediction import Eps
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.golden_networks import golden_values, golden_weights, relative
from tests.diffusion.test_unet import golden_unet, rand, randomised
from tests.fill import fill
from tests.tensors import load_file, save_file

GOLDEN_FOLDER = Path(__file__).parents[1] / "golden"
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


def layout(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of a published file."""
    held = json.loads((GOLDEN_FOLDER / "layouts" / f"{name}.json").read_text(encoding="utf-8"))
    return {key: tuple(shape) for key, (shape, _) in held.items()}


def loaded(path: Path, tensors: Mapping[str, Tensor], **more: Any) -> Any:
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    return load_control(path, precision=Precision.FLOAT32, placement=Placement(), **more)


# --- ControlNet ----------------------------------------------------------------------------------


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


class Given:
    """What a ControlNet is given, in our words and in diffusers'."""

    def __init__(self, kind: str, batch: int = 2) -> None:
        self.x, self.t, self.context = (
            rand(batch, 4, 7, 9),
            torch.tensor([700.0, 20.0])[:batch],
            rand(batch, 5, 48),
        )
        self.hint = rand(batch, 3, 56, 72).abs()
        pooled, numbers = rand(batch, 16), torch.arange(6.0 * batch).view(batch, 6)
        sizes = timestep_embedding(numbers.flatten(), 8).view(batch, -1)
        self.y = torch.cat([pooled, sizes], dim=1) if kind == "sdxl" else None
        self.added = {"text_embeds": pooled, "time_ids": numbers}


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


def own_state(base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A random ControlNet for a U-Net with these weights."""
    config = ControlNetConfig(UNetConfig.from_shapes({name: v.shape for name, v in base.items()}))
    return dict(randomised(ControlNet(config), 5).state_dict())


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


# --- weights kept as changes to a model's -------------------------------------------------------


def model_of(weights: Mapping[str, Tensor]) -> DiffusionModel:
    unet = UNet(UNetConfig.from_shapes({name: value.shape for name, value in weights.items()}))
    unet.load_state_dict(dict(weights))
    return DiffusionModel(unet.eval(), Eps(), context_width=unet.config.context_dim, family="SD 1.x")


def test_a_control_lora_is_the_models_weights_with_its_low_rank_changes(tmp_path: Path) -> None:
    base = golden_weights("tiny-sd15", "model.diffusion_model.")
    model, target = model_of(base), own_state(base)
    stored: dict[str, Tensor] = {"lora_controlnet": torch.zeros(0)}
    expected = dict(target)
    for name, whole in target.items():
        stem = name.removesuffix(".weight")
        if name not in base or whole.ndim < 2:
            stored[name] = whole
            continue
        up, down = rand(whole.shape[0], 2, seed=len(stem)), rand(2, whole[0].numel(), seed=1 + len(stem))
        down = down.view(2, *whole.shape[1:])
        stored |= {f"{stem}.up": up.view(*up.shape, *[1] * (whole.ndim - 2)), f"{stem}.down": down}
        change = (up.double() @ down.double().flatten(1)).view(whole.shape)
        expected[name] = (base[name].double() + change).float()
    control = loaded(tmp_path / "lora.safetensors", stored)
    assert isinstance(control, LoraControl)
    made = control.fit(model)
    assert set(made.network.state_dict()) == set(expected)
    for name, value in made.network.state_dict().items():
        assert torch.allclose(value, expected[name], rtol=1e-5, atol=1e-5), name
    assert control.fit(model) is made
    assert all(torch.equal(value, base[name]) for name, value in network_of(model).state_dict().items())


def network_of(model: DiffusionModel) -> UNet:
    assert isinstance(model.network, UNet)
    return model.network


def test_a_control_lora_for_another_model_is_refused_by_name(tmp_path: Path) -> None:
    base = golden_weights("tiny-sd15", "model.diffusion_model.")
    stored = {**own_state(base), "lora_controlnet": torch.zeros(0)}
    with pytest.raises(
        ValueError, match=r"does not fit the model, which is SD 1\.x \(.*load one made for SD 1"
    ):
        loaded(tmp_path / "lora.safetensors", stored).fit(
            model_of(dict(randomised(UNet(WIDER)).state_dict()))
        )


WIDER = UNetConfig(
    widths=(64, 128), down_depths=((1,), (1,)), up_depths=((1, 1), (1, 1)), middle_depth=1, context_dim=48
)


def test_a_file_of_differences_needs_a_model_and_is_added_to_it(tmp_path: Path) -> None:
    base = golden_weights("tiny-sd15", "model.diffusion_model.")
    state = own_state(base)
    stored = {f"control_model.{name}": value for name, value in state.items()}
    path = tmp_path / "diff.safetensors"
    with pytest.raises(CheckpointError, match=r"diff\.safetensors: .* use DiffControlNetLoader"):
        loaded(path, {**stored, "difference": torch.zeros(0)})
    control = loaded(path, {**stored, "difference": torch.zeros(0)}, model=model_of(base))
    for name, value in control.network.state_dict().items():
        assert torch.equal(value, state[name] + base[name] if name in base else state[name]), name
    assert torch.equal(load_file(path)["control_model.time_embed.0.weight"], state["time_embed.0.weight"])


# --- T2I-Adapter ---------------------------------------------------------------------------------

ADAPTERS: dict[str, dict[str, Any]] = {
    "full_adapter": {"channels": [32, 64, 96, 96], "num_res_blocks": 2, "downscale_factor": 8},
    "full_adapter_xl": {"channels": [32, 64, 96, 96], "num_res_blocks": 2, "downscale_factor": 16},
    "light_adapter": {"channels": [32, 64, 96], "num_res_blocks": 4, "downscale_factor": 8},
}


@pytest.mark.parametrize("names", ["diffusers", "original"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", list(ADAPTERS))
@torch.no_grad()
def test_a_t2i_adapter_has_the_features_diffusers_has(
    kind: str, channels: int, names: str, tmp_path: Path
) -> None:
    theirs = randomised(cast("Any", TheirAdapter)(in_channels=channels, adapter_type=kind, **ADAPTERS[kind]))
    state: dict[str, Tensor] = dict(theirs.state_dict())
    if names == "original":
        state = {ours: state[name] for ours, name in adapter_names(state).items()}
        assert not any("resnets" in name or name.startswith("adapter.") for name in state)
    control = loaded(tmp_path / "adapter.safetensors", state)
    assert isinstance(control, T2IControl)
    picture = rand(2, channels, 96, 144).abs()  # some levels have odd sides
    features = control.network(picture)
    expected = cast("Any", theirs)(picture)
    assert len(features) == len(expected) == 4
    for ours, reference in zip(features, expected, strict=True):
        assert relative(ours, reference) < PARITY


def their_unet(config: UNetConfig, weights: Mapping[str, Tensor], down: tuple[str, ...]) -> Any:
    unet = cast("Any", UNet2DConditionModel)(
        block_out_channels=config.widths,
        layers_per_block=2,
        down_block_types=down,
        up_block_types=tuple(name.replace("Down", "Up") for name in reversed(down)),
        cross_attention_dim=config.context_dim,
        attention_head_dim=8,
    )
    named = {f"model.diffusion_model.{name}": value for name, value in weights.items()}
    unet.load_state_dict(cast("Any", convert_ldm_unet_checkpoint)(named, dict(unet.config)))
    return unet.eval()


@pytest.mark.parametrize("xl", [False, True])
@torch.no_grad()
def test_features_of_a_t2i_adapter_are_added_where_diffusers_adds_them(xl: bool) -> None:
    plain, attended = (0, 0), (1, 1)
    config = UNetConfig(
        widths=(32, 64, 96) if xl else (32, 64, 96, 96),
        down_depths=(plain, attended, attended) if xl else (attended, attended, attended, plain),
        up_depths=((1,) * 3, (1,) * 3, (0,) * 3) if xl else ((0,) * 3, (1,) * 3, (1,) * 3, (1,) * 3),
        middle_depth=1,
        context_dim=48,
    )
    unet = randomised(UNet(config))
    down = ["CrossAttnDownBlock2D"] * (len(config.widths) - 1)
    down.insert(0 if xl else len(down), "DownBlock2D")
    theirs = their_unet(config, unet.state_dict(), tuple(down))
    x, t, context = rand(1, 4, 16, 16), torch.tensor([500.0]), rand(1, 5, 48)
    sizes = ((32, 8), (64, 8), (96, 4), (96, 4)) if xl else ((32, 16), (64, 8), (96, 4), (96, 2))
    features = [rand(1, width, side, side, seed=side + width) for width, side in sizes]
    where = places(config, xl=xl)
    assert where == ((3, 5, 8) if xl else (2, 5, 8, 11))
    added = Residuals(inputs=dict(zip(where, features, strict=False)), middle=features[3] if xl else None)
    kept = [feature.clone() for feature in features]  # diffusers adds in place
    expected = theirs(x, t, context, down_intrablock_additional_residuals=kept).sample
    assert relative(unet(x, t, context, control=added), expected) < PARITY
    assert relative(unet(x, t, context), expected) > 1e-2


def test_full_size_adapter_layouts_leave_nothing_missing_or_over() -> None:
    channels = [320, 640, 1280, 1280]
    for kind, side in (("full_adapter", 8), ("full_adapter_xl", 16), ("light_adapter", 8)):
        with torch.device("meta"):
            theirs = cast("Any", TheirAdapter)(
                adapter_type=kind,
                channels=channels[:3] if kind == "light_adapter" else channels,
                num_res_blocks=4 if kind == "light_adapter" else 2,
                downscale_factor=side,
            )
        names = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
        shapes = {ours: names[name] for ours, name in adapter_names(names).items()}
        with torch.device("meta"):
            network = T2IAdapter(T2IAdapterConfig.from_shapes(shapes))
        assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == shapes
        assert network.config.widths == tuple(channels)


# --- files that are something else ---------------------------------------------------------------


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
