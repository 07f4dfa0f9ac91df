"""Depth models against transformers, and SD 2 depth against diffusers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_depth2img import (
    StableDiffusionDepth2ImgPipeline,
)
from torch import Tensor
from transformers import (
    AutoConfig,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    DPTConfig,
    DPTForDepthEstimation,
)
from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

from diffusion.checkpoint import Checkpoint, CheckpointError, Header, TensorInfo, load
from diffusion.depth import depth_channel
from diffusion.depth_model import Eyes, in_checkpoint, load_depth_model
from diffusion.midas import hybrid_settings
from diffusion.precision import Precision
from tests.diffusion.golden_networks import relative
from tests.diffusion.midas_names import to_midas
from tests.diffusion.small import UNET_CONFIGS, save_family
from tests.diffusion.test_families import OnMeta
from tests.diffusion.test_family_runs import END_TO_END, ours, their_unet, theirs
from tests.tensors import load_file, save_file

CPU = torch.device("cpu")
BLOCK = 1e-4
PREFIX = "depth_model.model."


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def stirred(model: Any, last: str) -> Any:
    """Random weights, the same each time: no gain is 1, and no bias 0.

    The `last` bias keeps a network that ends in a rectifier from seeing nothing at all.
    """
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            fan_in = max(1, parameter[0].numel()) if parameter.ndim > 1 else 100
            parameter.copy_(drawn / fan_in**0.5 + (parameter == 1))
        model.get_parameter(last).fill_(1.0)
    return model.eval()


def small_hybrid() -> Any:
    """MiDaS' DPT-Hybrid of transformers with few channels and layers, on pictures of 64 pixels."""
    settings: dict[str, Any] = {
        "is_hybrid": True,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 12,
        "num_attention_heads": 1,
        "layer_norm_eps": 1e-6,
        "image_size": 64,
        "backbone_featmap_shape": [1, 128, 4, 4],
        "neck_hidden_sizes": [128, 128, 48, 40],
        "fusion_hidden_size": 32,
        "reassemble_factors": [1, 1, 1, 0.5],
        "backbone_config": {
            "model_type": "bit",
            "embedding_size": 32,
            "hidden_sizes": [128, 128, 128],
            "depths": [1, 2, 1],
            "out_features": ["stage1", "stage2", "stage3"],
            "global_padding": "same",
            "layer_type": "bottleneck",
            "embedding_dynamic_padding": True,
        },
    }
    build: Any = DPTConfig
    return stirred(DPTForDepthEstimation(build(**settings)), "head.head.4.bias")


@pytest.fixture(scope="module")
def hybrid() -> Any:
    return small_hybrid()


@torch.no_grad()
def expected(model: Any, images: Tensor) -> Tensor:
    """Nearness at the picture's size, as diffusers and MiDaS resize it."""
    found = model(Eyes(64, 64)(images)).predicted_depth[:, None]
    return torch.nn.functional.interpolate(found, images.shape[1:3], mode="bicubic")[:, 0]


def saved(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    return path


def test_midas_own_file_measures_what_transformers_measures(hybrid: Any, tmp_path: Path) -> None:
    images = rand(2, 40, 56, 3)
    tensors = {**to_midas(hybrid.state_dict()), "pretrained.model.head.weight": torch.ones(3, 64)}
    loaded = load_depth_model(saved(tmp_path / "dpt_hybrid.safetensors", tensors), CPU)
    got = loaded.estimate(images)
    assert got.shape == (2, 40, 56)
    assert relative(got, expected(hybrid, images)) < BLOCK


def small_dpt() -> Any:
    build: Any = DPTConfig
    config = build(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=4,
        num_attention_heads=2,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[16, 16, 24, 32],
        fusion_hidden_size=16,
        image_size=56,
        patch_size=14,
    )
    return stirred(DPTForDepthEstimation(config), "head.head.4.bias")


def small_depth_anything() -> Any:
    build: Any = DepthAnythingConfig
    backbone = {
        "model_type": "dinov2",
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
        "out_indices": [1, 2, 3, 4],
        "reshape_hidden_states": False,
    }
    config = build(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[16, 16, 24, 32],
        fusion_hidden_size=16,
    )
    return stirred(DepthAnythingForDepthEstimation(config), "head.conv3.bias")


@pytest.mark.parametrize("small", [small_dpt, small_depth_anything])
def test_a_folder_of_transformers_loads_with_its_way_of_seeing(
    small: Callable[[], Any], tmp_path: Path
) -> None:
    model = small()
    model.save_pretrained(tmp_path)
    seeing = {
        "size": {"height": 56, "width": 56},
        "image_mean": [0.1, 0.2, 0.3],
        "image_std": [0.5, 0.6, 0.7],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(seeing), encoding="utf-8")
    loaded = load_depth_model(tmp_path, CPU)
    images = rand(1, 56, 56, 3)
    pixels = (images - torch.tensor(seeing["image_mean"])) / torch.tensor(seeing["image_std"])
    with torch.no_grad():
        want = model(pixels.movedim(-1, 1)).predicted_depth
    want = torch.nn.functional.interpolate(want[:, None], (56, 56), mode="bicubic")[:, 0]
    assert relative(loaded.estimate(images), want) < BLOCK


def test_pictures_may_keep_their_proportions_in_whole_patches() -> None:
    # As Depth Anything wants them: scaled to 518 along the side that changes less, in multiples of 14.
    eyes = Eyes.read(
        {"size": {"height": 518, "width": 518}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}
    )
    assert eyes(torch.zeros(1, 480, 640, 3)).shape == (1, 3, 518, 686)
    assert Eyes()(torch.zeros(1, 48, 64, 3)).shape == (1, 3, 384, 384)


@pytest.mark.parametrize("settings", [{"size": {"height": 48, "width": 48}}, {
    "size": {"height": 70, "width": 70}, "keep_aspect_ratio": True, "ensure_multiple_of": 14,
    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}])  # fmt: skip
def test_pictures_are_prepared_as_transformers_prepares_them(settings: dict[str, Any]) -> None:
    smooth = torch.nn.functional.interpolate(rand(1, 3, 9, 13), (90, 130), mode="bilinear")
    images = (smooth.movedim(1, -1) * 255).round() / 255
    build: Any = DPTImageProcessorPil
    want = build(**settings)(
        images=(images[0] * 255).round().byte().numpy(), return_tensors="pt"
    ).pixel_values
    # One of 255 levels, after division by the standard deviation: Pillow rounds between its two passes.
    assert torch.allclose(Eyes.read(settings)(images), want, atol=2 / 255 / 0.224)


def test_the_published_layout_inside_a_checkpoint_fits_name_by_name() -> None:
    """DPT-Hybrid at full size: the sizes are those of Intel/dpt-hybrid-midas."""
    kind: Any = AutoConfig
    config = kind.for_model("dpt", is_hybrid=True, neck_hidden_sizes=[256, 512, 768, 768],
                            reassemble_factors=[1, 1, 1, 0.5])  # fmt: skip
    with torch.device("meta"):
        full = DPTForDepthEstimation(config)
    shapes = {name: tuple(value.shape) for name, value in to_midas(full.state_dict()).items()}
    tensors = {f"{PREFIX}{name}": TensorInfo("F32", shape, 0, 0) for name, shape in shapes.items()}
    loaded = in_checkpoint(OnMeta(Header(Path("512-depth-ema.safetensors"), tensors)), CPU)
    own = {name: tuple(value.shape) for name, value in loaded.model.state_dict().items()}
    assert own == {name: tuple(value.shape) for name, value in full.state_dict().items()}
    settings = hybrid_settings(shapes)
    assert (settings["image_size"], settings["num_attention_heads"]) == (384, 12)
    assert settings["backbone_config"]["depths"] == [3, 4, 9]


def test_what_is_no_depth_model_is_refused(hybrid: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_depth_model(tmp_path, CPU)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="not one of a depth model"):
        load_depth_model(tmp_path, CPU)
    small_dpt().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["neck.convs.1.weight"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lack neck\.convs\.1\.weight"):
        load_depth_model(tmp_path, CPU)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_depth_model(tmp_path, CPU)
    tensors = to_midas(hybrid.state_dict())
    del tensors["scratch.refinenet2.out_conv.bias"]
    with pytest.raises(CheckpointError, match="lacks scratch.refinenet2"):  # noqa: RUF043
        load_depth_model(saved(tmp_path / "x.safetensors", tensors), CPU)
    with pytest.raises(CheckpointError, match="holds no MiDaS"):
        load_depth_model(saved(tmp_path / "y.safetensors", {"x": torch.zeros(1)}), CPU)


# --- SD 2 depth ----------------------------------------------------------------------------------


def their_channel(depth: Tensor, height: int, width: int) -> Tensor:
    """What diffusers' pipeline makes of a depth map [B, H, W] for latents of that size."""
    pipeline: Any = SimpleNamespace(vae_scale_factor=8)
    method = cast("Any", StableDiffusionDepth2ImgPipeline).prepare_depth_map
    picture = torch.zeros(1, 3, 8 * height, 8 * width)
    return method(pipeline, picture, depth, len(depth), False, torch.float32, CPU)


def test_a_depth_map_becomes_a_channel_as_in_diffusers() -> None:
    depth = rand(2, 40, 56) * 3000
    assert relative(depth_channel(depth, 12, 16), their_channel(depth, 12, 16)) < 1e-6
    assert torch.equal(depth_channel(torch.ones(1, 5, 5), 2, 2), -torch.ones(1, 1, 2, 2))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A small SD 2 depth model, with a tensor where its depth model would be."""
    path = tmp_path_factory.mktemp("depth") / "depth.safetensors"
    save_family(path, "sd2-depth", **{f"{PREFIX}anything": torch.ones(2)})
    return load(path, precision=Precision.FLOAT32, device=CPU)


def test_sd2_depth_makes_what_diffusers_makes(checkpoint: Checkpoint) -> None:
    assert checkpoint.family == "sd2-depth"
    positive, negative = (checkpoint.clip.encode(text).cond for text in ("a red fox", "blurry"))
    depth = rand(1, 40, 56)
    options: Any = {"concat_depth": depth}
    got = ours(checkpoint, [(positive, options)], [(negative, options)])
    unet, channel = their_unet("sd2-depth", UNET_CONFIGS["sd2-depth"]), their_channel(depth, 12, 16)

    def seeing(x: Tensor, t: Tensor, **side: Any) -> Any:
        return unet(torch.cat([x, channel], dim=1), t, **side)

    sides = ({"encoder_hidden_states": context} for context in (positive, negative))
    assert relative(got, theirs(seeing, "epsilon", *sides)) < END_TO_END


def test_sampling_without_a_depth_map_names_the_node_that_is_missing(checkpoint: Checkpoint) -> None:
    text = checkpoint.clip.encode("x").cond
    with pytest.raises(ValueError, match="put DepthConditioning between"):
        ours(checkpoint, [(text, {})], [(text, {})])
