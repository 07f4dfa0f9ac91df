"""Vision encoders against transformers, in every layout they are published in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from diffusion.checkpoint import CheckpointError, Header, TensorInfo
from diffusion.clip_vision import ClipVision, preprocess
from diffusion.clip_vision_files import UNCLIP, clip_vision, load_clip_vision
from diffusion.precision import Precision
from tests.diffusion.golden_networks import relative
from tests.diffusion.openclip_vision import to_openclip
from tests.tensors import save_file

CPU = torch.device("cpu")
CLIP_CONFIG: Any = CLIPVisionConfig
SIDE, PATCH = 28, 14
BLOCK = 1e-4
"""Relative, float32: two orders of the same sums."""


def their_clip(**sizes: Any) -> Any:
    """A CLIP vision encoder of transformers with random weights: width 64, patches of 14 pixels."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]  (untyped)
    small: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
    config = CLIP_CONFIG(
        **{
            **small,
            "num_attention_heads": 1,
            "image_size": SIDE,
            "patch_size": PATCH,
            "projection_dim": 32,
            **sizes,
        }
    )
    return _stirred(CLIPVisionModelWithProjection(config))


def their_siglip() -> Any:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]  (untyped)
    config = SiglipVisionConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=1,
        image_size=SIDE,
        patch_size=PATCH,
    )
    return _stirred(SiglipVisionModel(config))


def _stirred(model: Any) -> Any:
    """No tensor keeps a starting value that would hide it: no gain stays 1, no bias 0."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def loaded(path: Path, tensors: Mapping[str, Tensor]) -> ClipVision:
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    return load_clip_vision(path, precision=Precision.FLOAT32, device=CPU)


def pictures() -> Tensor:
    return torch.rand(2, 40, 34, 3, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def assert_same(ours: ClipVision, theirs: Any, pixels: Tensor, embedding: str) -> None:
    want = theirs(pixels, output_hidden_states=True)
    got = ours.encode_image(pictures())
    assert relative(got.last_hidden_state, want.last_hidden_state) < BLOCK
    assert relative(got.penultimate_hidden_states, want.hidden_states[-2]) < BLOCK
    assert relative(got.image_embeds, want[embedding]) < BLOCK
    assert got["image_embeds"] is got.image_embeds


def alone(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("vision_model."): value for name, value in tensors.items()}


def with_text(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As a file of the whole of CLIP."""
    more = {"text_model.final_layer_norm.bias": torch.ones(4), "logit_scale": torch.tensor(4.6)}
    return {**tensors, **more, "vision_model.embeddings.position_ids": torch.arange(5)[None]}


def under(prefix: str) -> Callable[[Mapping[str, Tensor]], dict[str, Tensor]]:
    def layout(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {f"{prefix}{name}": value for name, value in to_openclip(tensors).items()}

    return layout


LAYOUTS: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
    "transformers": dict,
    "encoder alone": alone,
    "whole CLIP": with_text,
    "OpenCLIP": under("visual."),
    "unCLIP checkpoint": under(UNCLIP),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_clip_sees_what_transformers_sees_in_every_layout(layout: str, tmp_path: Path) -> None:
    theirs = their_clip()
    ours = loaded(tmp_path / "clip.safetensors", LAYOUTS[layout](theirs.state_dict()))
    assert_same(ours, theirs, preprocess(pictures(), SIDE), "image_embeds")


def test_an_encoder_as_deep_as_h_has_its_heads_and_activation(tmp_path: Path) -> None:
    theirs = their_clip(num_hidden_layers=32, num_attention_heads=16, hidden_act="gelu")
    ours = loaded(tmp_path / "h.safetensors", theirs.state_dict())
    assert_same(ours, theirs, preprocess(pictures(), SIDE), "image_embeds")


@pytest.mark.parametrize("prefix", ["vision_model.", ""])
def test_siglip_sees_what_transformers_sees(prefix: str, tmp_path: Path) -> None:
    theirs = their_siglip()
    tensors = {f"{prefix}{name}": value for name, value in theirs.state_dict().items()}
    ours = loaded(tmp_path / "siglip.safetensors", tensors)
    pixels = preprocess(pictures(), SIDE, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert_same(ours, theirs, pixels, "pooler_output")


def test_without_a_crop_all_of_the_picture_is_seen() -> None:
    wide = torch.zeros(1, 32, 96, 3)
    wide[:, :, :8] = 1
    assert preprocess(wide, SIDE, crop=False, mean=(0,) * 3, std=(1,) * 3)[..., 0].min() > 0.9
    assert preprocess(wide, SIDE, mean=(0,) * 3, std=(1,) * 3).max() == 0


@pytest.mark.parametrize(("width", "resized"), [(21, 37), (20, 35), (23, 40)])
def test_the_longer_side_is_rounded_before_the_centre_is_cut_out(width: int, resized: int) -> None:
    """Pictures 16 high become 28 high, and 36.75, 35 or 40.25 wide to the nearest pixel."""
    picture = torch.rand(1, 16, width, 3, generator=torch.Generator().manual_seed(2))
    pixels = F.interpolate(picture.movedim(-1, 1), (28, resized), mode="bicubic", antialias=True)
    left = (resized - 28) // 2
    expected = (pixels[..., left : left + 28].clamp(0, 1) * 255).round() / 255
    assert torch.equal(preprocess(picture, SIDE, mean=(0,) * 3, std=(1,) * 3), expected)


def test_a_file_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no vision encoder"):
        loaded(tmp_path / "x.safetensors", {"x": torch.zeros(2)})
    tensors = their_clip().state_dict()
    del tensors["vision_model.post_layernorm.bias"]
    with pytest.raises(CheckpointError, match="lacks vision_model"):
        loaded(tmp_path / "y.safetensors", tensors)


class OnMeta:
    """A model file without data."""

    def __init__(self, model: nn.Module) -> None:
        self.shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        tensors = {name: TensorInfo("F32", shape, 0, 0) for name, shape in self.shapes.items()}
        self.header = Header(Path("full.safetensors"), tensors)

    def read(self, names: Any, dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        return {name: torch.empty(self.shapes[name], dtype=dtype, device="meta") for name in names}


PUBLISHED: dict[str, dict[str, Any]] = {
    # openai/clip-vit-large-patch14, laion/CLIP-ViT-H-14 and -bigG-14, as their config.json have them
    "L": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
          "projection_dim": 768},
    "H": {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
          "projection_dim": 1024, "hidden_act": "gelu"},
    "G": {"hidden_size": 1664, "intermediate_size": 8192, "num_hidden_layers": 48, "num_attention_heads": 16,
          "projection_dim": 1280, "hidden_act": "gelu"},
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_encoders_load_at_full_size(name: str) -> None:
    config = CLIP_CONFIG(**{**PUBLISHED[name], "image_size": 224, "patch_size": 14})
    with torch.device("meta"):
        theirs = CLIPVisionModelWithProjection(config)
    ours = clip_vision(OnMeta(theirs), Precision.FLOAT32, CPU)
    own: Any = ours.model
    assert ours.image_size == 224
    for key in ("num_attention_heads", "hidden_act"):
        assert getattr(own.vision_model.config, key) == getattr(config, key)


def test_the_siglip_of_redux_loads_at_full_size() -> None:
    config = SiglipVisionConfig(
        hidden_size=1152,
        intermediate_size=4304,
        num_hidden_layers=27,
        num_attention_heads=16,
        image_size=384,
        patch_size=14,
    )
    with torch.device("meta"):
        theirs = SiglipVisionModel(config)
    ours = clip_vision(OnMeta(theirs), Precision.FLOAT32, CPU)
    own: Any = ours.model
    assert own.vision_model.config.num_attention_heads == 16
    assert ours.image_size == 384
