"""T2I-Adapters against diffusers: the features they give, and where the network takes them in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.adapter import T2IAdapter as TheirAdapter
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from diffusion.control.kinds import T2IControl, places
from diffusion.control.names import adapter_names
from diffusion.control.t2i import T2IAdapter, T2IAdapterConfig
from diffusion.hooks import Residuals
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.control_files import loaded
from tests.diffusion.golden_networks import relative
from tests.diffusion.test_unet import rand, randomised

PARITY = 1e-4

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
