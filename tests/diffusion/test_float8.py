"""Weights in 8 bits: scaled files as they are published, and LoRAs on what is kept small."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffusion.adapters.deltas import Added, Difference
from diffusion.adapters.patched import Changes, Patch, attach
from diffusion.adapters.targets import Target
from diffusion.checkpoint import CheckpointError, load_text_encoder
from diffusion.checkpoint.loader import open_model
from diffusion.precision import Precision
from diffusion.storage import store
from tests.diffusion.t5_files import sentencepiece, t5_weights
from tests.diffusion.test_unet import rand
from tests.tensors import save_file

CPU = torch.device("cpu")
LARGEST = 448.0
"""Of float8_e4m3fn."""


def scaled(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The matrices of all blocks in 8 bits, each with its scale, as `t5xxl_fp8_e4m3fn_scaled` has them."""
    stored = dict(weights)
    for name, value in weights.items():
        if value.ndim == 2 and ".block." in name and "relative" not in name:
            scale = value.abs().max() / LARGEST
            stored[name] = (value / scale).to(torch.float8_e4m3fn)
            stored[name.removesuffix("weight") + "scale_weight"] = scale
            stored[name.removesuffix("weight") + "scale_input"] = torch.ones(())
    return {**stored, "scaled_fp8": torch.empty(0, dtype=torch.float8_e4m3fn)}


def t5(folder: Path, name: str, tensors: dict[str, Tensor]) -> nn.Module:
    save_file(tensors, folder / f"{name}.safetensors")
    (folder / "spiece.model").write_bytes(sentencepiece())
    path = folder / f"{name}.safetensors"
    encoder = load_text_encoder([path], "sd3", precision=Precision.FLOAT32, device=CPU).t5
    assert encoder is not None
    return encoder.model


@torch.no_grad()
def test_a_scaled_file_holds_each_weight_times_its_scale(tmp_path: Path) -> None:
    weights = t5_weights()
    stored = scaled(weights)
    by_hand = {
        name: value.float() * stored[name.removesuffix("weight") + "scale_weight"]
        if value.dtype == torch.float8_e4m3fn
        else value
        for name, value in stored.items()
        if name in weights
    }
    loaded, expected = t5(tmp_path, "scaled", stored), t5(tmp_path, "plain", by_hand)
    embedded = torch.randn(1, 7, next(iter(loaded.parameters())).shape[1])
    assert torch.equal(loaded(embedded), expected(embedded))
    # float8_e4m3 has steps of an eighth; without its scale a weight is off by orders of magnitude.
    exact = t5(tmp_path, "exact", weights)(embedded)
    assert (loaded(embedded) - exact).norm() / exact.norm() < 0.1


def test_a_scale_without_its_weight_is_refused(tmp_path: Path) -> None:
    stored = scaled(t5_weights())
    broken = {"nothing.scale_weight": torch.ones(()), **stored}
    save_file(broken, tmp_path / "broken.safetensors")
    with pytest.raises(CheckpointError, match=r"nothing\.scale_weight \[\] is no scale of a weight"):
        open_model(tmp_path / "broken.safetensors")


@torch.no_grad()
def test_a_lora_on_weights_of_eight_bits_is_not_rounded_to_eight_bits() -> None:
    layer = nn.Linear(16, 16)
    layer.weight.copy_(0.15 * rand(16, 16))
    network = nn.Sequential(layer).requires_grad_(False)
    store(network, torch.float8_e4m3fn)
    small = torch.full((16, 16), 2.0**-9)  # below the steps of most of these weights
    patch = Patch(Target("0.weight"), Added(Difference(small)), 1.0)
    changed = attach(network, Changes((patch,)))
    x = rand(4, 16, seed=2)
    exact = layer.weight.float() + small

    def off(outputs: Tensor) -> float:
        """How far outputs are from the exact ones, as a share of what the change does."""
        wanted = nn.functional.linear(x, exact, layer.bias)
        return float((outputs - wanted).square().sum() / nn.functional.linear(x, small).square().sum()) ** 0.5

    assert off(changed(x)) < 0.25
    assert off(nn.functional.linear(x, exact.to(torch.float8_e4m3fn).float(), layer.bias)) > 0.5
    assert layer.weight.dtype == torch.float8_e4m3fn
