"""What packs read off text encoders with two towers, and off networks that take a vector."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from diffusion.checkpoint import Checkpoint, load
from diffusion.precision import Precision
from nodes.comfy.models.clip import PackClip
from nodes.comfy.models.parts import BaseModel
from tests.diffusion.small import save_family


@pytest.fixture
def sdxl(tmp_path: Path) -> Checkpoint:
    path = save_family(tmp_path / "sdxl.safetensors", "sdxl")
    return load(path, precision=Precision.FLOAT32, device=torch.device("cpu"))


def test_a_pack_may_give_the_towers_different_prompts(sdxl: Checkpoint) -> None:
    """The way packs do it: tokens of one prompt, those of one tower replaced by another prompt's."""
    clip = PackClip(sdxl.clip)
    tokens, other = clip.tokenize("a red fox"), clip.tokenize("a drawing")
    assert set(tokens) == {"l", "g"}
    assert tokens["l"][0][5] == (49407, 1.0) and tokens["g"][0][5] == (0, 1.0)  # after EOS: EOS again, or 0
    cond, pooled = clip.encode_from_tokens({**tokens, "l": other["l"]}, return_pooled=True)
    expected = sdxl.clip.encode("a red fox", l="a drawing")
    assert torch.equal(cond, expected.cond) and torch.equal(pooled, expected.pooled)


def test_the_weights_of_every_tower_have_their_own_names(sdxl: Checkpoint) -> None:
    names = PackClip(sdxl.clip).get_sd()
    assert "clip_l.transformer.text_model.final_layer_norm.weight" in names
    assert "clip_g.transformer.text_projection.weight" in names


def test_a_pack_that_calls_the_network_itself_may_give_it_the_vector(sdxl: Checkpoint) -> None:
    model = BaseModel(sdxl.model)
    x, sigma, context = torch.ones(1, 4, 8, 8), torch.tensor([2.0]), torch.ones(1, 77, 96)
    y = torch.linspace(-1, 1, 64 + 6 * 256)[None]
    one, other = (model.apply_model(x, sigma, context, y=vector) for vector in (y, -y))
    assert one.shape == x.shape and not torch.allclose(one, other, atol=1e-4)
    with pytest.raises(ValueError, match="vector y"):
        model.apply_model(x, sigma, context)
