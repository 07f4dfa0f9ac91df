"""`comfy.clip_vision` as packs use it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from diffusion.placement import Placement
from diffusion.precision import Precision
from nodes.comfy.names.clip_vision import clip_vision
from tests.diffusion.test_clip_vision import their_clip
from tests.tensors import save_file


def test_packs_load_an_encoder_and_reach_what_it_saw_both_ways(tmp_path: Path) -> None:
    save_file(dict(their_clip().state_dict()), tmp_path / "clip.safetensors")
    module: Any = clip_vision(Placement(), Precision.FLOAT32)
    encoder = module.load(str(tmp_path / "clip.safetensors"))
    picture = torch.rand(1, 30, 40, 3, generator=torch.Generator().manual_seed(0))
    seen = encoder.encode_image(picture)
    assert isinstance(encoder, module.ClipVisionModel) and isinstance(seen, module.Output)
    for name in ("last_hidden_state", "penultimate_hidden_states", "image_embeds"):
        assert seen[name] is getattr(seen, name)
    assert seen.mm_projected is None and encoder.load_device == torch.device("cpu")
    squeezed = encoder.encode_image(picture, crop=False)
    assert not torch.allclose(squeezed.image_embeds, seen.image_embeds, atol=1e-4)
    pixels = module.clip_preprocess(picture, size=28)
    assert pixels.shape == (1, 3, 28, 28)
    with torch.no_grad():
        assert torch.allclose(encoder.model(pixels)[2], seen.image_embeds)


def test_an_item_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    save_file(dict(their_clip().state_dict()), tmp_path / "clip.safetensors")
    module: Any = clip_vision(Placement(), Precision.FLOAT32)
    seen = module.load(str(tmp_path / "clip.safetensors")).encode_image(torch.zeros(1, 28, 28, 3))
    with pytest.raises(AttributeError, match="pooled"):
        seen["pooled"]
