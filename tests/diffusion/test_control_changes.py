"""Control networks kept as changes to a model's weights: low rank, and differences."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.control.lora import LoraControl
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.control_files import loaded, own_state
from tests.diffusion.golden_networks import golden_weights
from tests.diffusion.test_unet import rand, randomised
from tests.tensors import load_file


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
