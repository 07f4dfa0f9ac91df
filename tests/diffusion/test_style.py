"""Style models: Redux against diffusers, the style adapter against torch's own transformer layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.clip_vision import ClipVisionOutput
from diffusion.style import Redux, StyleAdapter, StyleConfig, load_style_model
from tests.diffusion.golden_networks import relative
from tests.tensors import save_file

CPU = torch.device("cpu")
HEADS = 8


def seen(states: Tensor) -> ClipVisionOutput:
    return ClipVisionOutput(states, states, states[:, 0])


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_redux_makes_the_tokens_diffusers_makes(tmp_path: Path) -> None:
    build: Any = ReduxImageEncoder
    theirs = build(redux_dim=48, txt_in_features=64)
    save_file(dict(theirs.state_dict()), tmp_path / "redux.safetensors")
    states = rand(2, 9, 48)
    got = load_style_model(tmp_path / "redux.safetensors", CPU).get_cond(seen(states))
    assert relative(got, theirs(states).image_embeds) < 1e-5


def style_tensors() -> dict[str, Tensor]:
    """A small style adapter in the published layout."""
    with torch.device("meta"):
        shapes = StyleAdapter(StyleConfig(width=64, tokens=8, context=32, layers=3)).state_dict()
    return {name: 0.2 * rand(*value.shape, seed=n) for n, (name, value) in enumerate(shapes.items())}


def norm(x: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def attention(x: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    """Multi-head attention written out: softmax(q k / sqrt(d)) v, head by head."""
    q, k, v = F.linear(x, tensors[f"{name}.in_proj_weight"], tensors[f"{name}.in_proj_bias"]).chunk(3, dim=-1)
    width = x.shape[-1] // HEADS
    found: list[Tensor] = []
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        weights = (q[..., part] @ k[..., part].mT / width**0.5).softmax(dim=-1)
        found.append(weights @ v[..., part])
    return F.linear(
        torch.cat(found, -1), tensors[f"{name}.out_proj.weight"], tensors[f"{name}.out_proj.bias"]
    )


def test_the_style_adapter_is_the_transformer_of_its_paper(tmp_path: Path) -> None:
    tensors, states = style_tensors(), rand(2, 5, 64, seed=9)
    save_file(tensors, tmp_path / "style.safetensors")
    got = load_style_model(tmp_path / "style.safetensors", CPU).get_cond(seen(states))
    t = {name: value.double() for name, value in tensors.items()}
    x = torch.cat([states.double(), t["style_embedding"].expand(2, -1, -1)], dim=1)
    x = norm(x, t, "ln_pre")
    for n in range(3):
        layer = f"transformer_layes.{n}"
        x = x + attention(norm(x, t, f"{layer}.ln_1"), t, f"{layer}.attn")
        inner = norm(x, t, f"{layer}.ln_2") @ t[f"{layer}.mlp.c_fc.weight"].T + t[f"{layer}.mlp.c_fc.bias"]
        inner = inner * torch.sigmoid(1.702 * inner)
        x = x + inner @ t[f"{layer}.mlp.c_proj.weight"].T + t[f"{layer}.mlp.c_proj.bias"]
    want = norm(x[:, -8:], t, "ln_post") @ t["proj"]
    assert got.shape == (2, 8, 32)
    assert relative(got, want.float()) < 1e-5


def test_published_sizes_fit() -> None:
    """The tensors of t2iadapter_style_sd14v1.pth and flux1-redux-dev, as their authors' code makes them."""
    with torch.device("meta"):
        style = StyleAdapter(StyleConfig(width=1024, tokens=8, context=768, layers=3))
        redux, theirs = Redux(1152, 3 * 4096, 4096), cast("Any", ReduxImageEncoder)()
    names = {name: tuple(value.shape) for name, value in style.state_dict().items()}
    assert names["transformer_layes.2.attn.in_proj_weight"] == (3072, 1024)
    assert names["transformer_layes.0.mlp.c_proj.weight"] == (1024, 4096) and len(names) == 6 + 3 * 12
    own = {name: tuple(value.shape) for name, value in redux.state_dict().items()}
    assert own == {name: tuple(value.shape) for name, value in theirs.state_dict().items()}


def test_pictures_of_another_encoder_and_other_files_are_refused(tmp_path: Path) -> None:
    save_file(style_tensors(), tmp_path / "style.safetensors")
    model = load_style_model(tmp_path / "style.safetensors", CPU)
    with pytest.raises(ValueError, match="states are 80 wide and this style model reads 64"):
        model.get_cond(seen(torch.zeros(1, 4, 80)))
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match="no style model"):
        load_style_model(tmp_path / "x.safetensors", CPU)
