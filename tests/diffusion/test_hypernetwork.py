"""Hypernetworks attached to a real network, against attention computed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.adapters import Adapter, Hypernetwork, attach_hypernetwork, attach_lora
from diffusion.checkpoint import CheckpointError
from diffusion.layers.attention import CrossAttention
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.unet import UNet
from tests.diffusion.adapter_files import FLAT, low_rank
from tests.diffusion.small import UNET_CONFIG
from tests.fill import fill

ATTENTION = "input_blocks.1.1.transformer_blocks.0.attn2"


@pytest.fixture
def model() -> DiffusionModel:
    with torch.device("meta"):
        network = UNet(replace(UNET_CONFIG, context_dim=24)).eval()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    network.load_state_dict({name: fill(name, shape) for name, shape in shapes.items()}, assign=True)
    return DiffusionModel(network, Eps())


def layers(width: int, *, norm: bool = False, dropout: bool = False) -> dict[str, Tensor]:
    """The state of a network [1, 2, 1] with an activation, a normalisation and dropout where asked for."""
    gap = 2 + norm + dropout
    state = {
        "linear.0.weight": torch.randn(2 * width, width) / width**0.5,
        "linear.0.bias": torch.randn(2 * width),
        f"linear.{gap}.weight": torch.randn(width, 2 * width) / width**0.5,
        f"linear.{gap}.bias": torch.randn(width),
    }
    if norm:
        state |= {"linear.2.weight": torch.rand(2 * width), "linear.2.bias": torch.randn(2 * width)}
    return state


def saved(path: Path, entries: Mapping[Any, Any]) -> Hypernetwork:
    torch.save({"step": 100, "name": "style", "layer_structure": [1, 2, 1], **entries}, path)
    return Hypernetwork.read(path)


@torch.no_grad()
def predicted(model: DiffusionModel) -> Tensor:
    source = torch.Generator().manual_seed(7)
    x, context = torch.randn(1, 4, 8, 8, generator=source), torch.randn(1, 77, 24, generator=source)
    return model.network(x, torch.tensor([700.0]), context)


def cross_attention(model: DiffusionModel) -> CrossAttention:
    return cast("CrossAttention", cast("UNet", model.network).get_submodule(ATTENTION))


@pytest.mark.parametrize("norm", [False, True])
def test_keys_and_values_are_made_of_the_changed_context(
    model: DiffusionModel, tmp_path: Path, norm: bool
) -> None:
    pair = (layers(24, norm=norm, dropout=True), layers(24, norm=norm, dropout=True))
    found = saved(tmp_path / "style.pt", {24: pair, "activation_func": "relu", "is_layer_norm": norm})
    attention = cross_attention(attach_hypernetwork(model, found, 0.6))
    base = cross_attention(model)
    context = torch.randn(2, 5, 24)
    for state, projection, original in zip(
        pair, (attention.to_k, attention.to_v), (base.to_k, base.to_v), strict=True
    ):
        hidden = F.relu(context @ state["linear.0.weight"].T + state["linear.0.bias"])
        if norm:
            hidden = F.layer_norm(hidden, (48,), state["linear.2.weight"], state["linear.2.bias"])
        last = "linear.4" if norm else "linear.3"
        change = hidden @ state[f"{last}.weight"].T + state[f"{last}.bias"]
        assert torch.allclose(projection(context), original(context + 0.6 * change), atol=1e-5)
    assert type(attention.to_q) is type(base.to_q)


def test_attaching_leaves_the_model_bit_equal_and_strength_zero_does_nothing(
    model: DiffusionModel, tmp_path: Path
) -> None:
    before = predicted(model)
    found = saved(tmp_path / "style.pt", {24: (layers(24), layers(24)), 64: (layers(64), layers(64))})
    changed = attach_hypernetwork(model, found, 0.5)
    assert (predicted(changed) - before).abs().max() > 1e-3
    assert torch.equal(predicted(model), before)
    assert attach_hypernetwork(model, found, 0.0) is model


def test_it_stacks_with_a_lora_in_either_order(model: DiffusionModel, tmp_path: Path) -> None:
    found = saved(tmp_path / "style.pt", {24: (layers(24), layers(24))})
    adapter = Adapter.of(low_rank([(FLAT, 32, 24)]), Path("lora.safetensors"))
    lora_first = attach_lora(model, None, adapter).model
    assert lora_first is not None
    hyper_first = attach_lora(attach_hypernetwork(model, found), None, adapter).model
    assert hyper_first is not None
    assert torch.equal(predicted(attach_hypernetwork(lora_first, found)), predicted(hyper_first))
    assert not torch.equal(predicted(hyper_first), predicted(lora_first))


def test_activation_of_the_last_layer_and_early_names_are_read(model: DiffusionModel, tmp_path: Path) -> None:
    early = {name.replace("linear.0", "linear1").replace("linear.2", "linear2"): value
             for name, value in layers(24).items()}  # fmt: skip
    first = saved(tmp_path / "early.pt", {24: (early, early)})
    plain = saved(tmp_path / "plain.pt", {24: (layers(24), layers(24)), "activation_func": "linear"})
    last = saved(
        tmp_path / "last.pt", {24: (early, early), "activation_func": "tanh", "activate_output": True}
    )
    kinds = [
        [type(layer).__name__ for layer in found.pairs[24][0].build(torch.ones(1))]
        for found in (first, plain, last)
    ]
    assert kinds == [["Linear", "Linear"], ["Linear", "Linear"], ["Linear", "Tanh", "Linear", "Tanh"]]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, "it holds no pair of networks"),
        ({24: (layers(24),)}, "it has 1 networks for the width 24, not 2"),
        ({24: (layers(24), {"conv.weight": torch.ones(1)})}, "its network for 24 has a 'conv.weight'"),
        ({24: (layers(24), layers(32))}, "the layers of its network for 24 do not fit together"),
        ({24: (layers(24), layers(24)), "activation_func": "magic"}, "its activation 'magic' is unknown"),
    ],
)
def test_a_file_that_is_no_hypernetwork_says_why(tmp_path: Path, entries: dict[Any, Any], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        saved(tmp_path / "style.pt", entries)


def test_a_hypernetwork_for_another_family_is_refused(model: DiffusionModel, tmp_path: Path) -> None:
    found = saved(tmp_path / "style.pt", {768: (layers(768), layers(768))})
    with pytest.raises(
        CheckpointError, match=r"style\.pt: this hypernetwork changes contexts 768 wide, the model"
    ):
        attach_hypernetwork(model, found)
