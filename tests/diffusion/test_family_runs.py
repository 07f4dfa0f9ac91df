"""Whole runs of small checkpoints of SD 2.x and SDXL, against diffusers' network and scheduler."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from torch import Tensor

from diffusion.checkpoint import Checkpoint, load
from diffusion.conditioning import Conditioning
from diffusion.noise import initial_noise
from diffusion.precision import Precision
from diffusion.prediction import V
from diffusion.sampling import sample
from diffusion.unet import UNetConfig
from tests.diffusion.golden_networks import relative
from tests.diffusion.small import UNET_CONFIGS, family_tensors, save_family

END_TO_END = 1e-3  # relative, over four guided steps in float32
STEPS, SCALE, SEED = 4, 5.0, 3  # four steps from 999 to 0 fall on whole timesteps: no interpolation differs
SHAPE = (1, 4, 12, 16)
SIZES = {"width": 200, "height": 130, "crop_w": 5, "crop_h": 7, "target_width": 128, "target_height": 96}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@cache
def loaded(folder: Path, name: str) -> Checkpoint:
    path = save_family(folder / f"{name}.safetensors", name)
    return load(path, precision=Precision.FLOAT32, device=torch.device("cpu"))


def ours(checkpoint: Checkpoint, positive: Conditioning, negative: Conditioning) -> Tensor:
    latent = sample(
        checkpoint.model,
        positive,
        negative,
        {"samples": torch.zeros(SHAPE)},
        seed=SEED,
        steps=STEPS,
        cfg=SCALE,
        sampler="euler",
        scheduler="normal",
    )
    return checkpoint.model.latent_format.to_model(latent)


def their_unet(name: str, config: UNetConfig) -> Any:
    build: Any = UNet2DConditionModel
    with_vector: dict[str, Any] = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": config.vector_dim,
    }
    unet = build(
        in_channels=config.in_channels,
        block_out_channels=config.widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=config.context_dim,
        attention_head_dim=tuple(width // 64 for width in config.widths),
        use_linear_projection=True,
        **(with_vector if config.vector_dim else {}),
    )
    unet.load_state_dict(cast("Any", convert_ldm_unet_checkpoint)(family_tensors(name), dict(unet.config)))
    return unet.eval()


@torch.no_grad()
def theirs(unet: Any, kind: str, positive: dict[str, Any], negative: dict[str, Any]) -> Tensor:
    """Diffusers' Euler solver over guided predictions; each side is what the network is called with."""
    scheduler: Any = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=kind,
        timestep_spacing="linspace",
    )
    scheduler.set_timesteps(STEPS)
    top = scheduler.sigmas[0]
    x = initial_noise(torch.Size(SHAPE), SEED, None) * (top**2 + 1).sqrt()
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t)
        cond, uncond = (unet(scaled, t, **side).sample for side in (positive, negative))
        x = scheduler.step(uncond + SCALE * (cond - uncond), t, x).prev_sample
    return x


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_stable_diffusion_2_makes_what_diffusers_makes(kind: str, folder: Path) -> None:
    checkpoint = loaded(folder, "sd2")
    if kind == "v_prediction":
        checkpoint = replace(checkpoint, model=replace(checkpoint.model, prediction=V()))
    positive, negative = (checkpoint.clip.encode(text).cond for text in ("a red fox", "blurry"))
    unet = their_unet("sd2", UNET_CONFIGS["sd2"])
    sides = ({"encoder_hidden_states": context} for context in (positive, negative))
    got = ours(checkpoint, [(positive, {})], [(negative, {})])
    assert relative(got, theirs(unet, kind, *sides)) < END_TO_END


def test_sdxl_makes_what_diffusers_makes(folder: Path) -> None:
    checkpoint = loaded(folder, "sdxl")
    positive, pooled = checkpoint.clip.encode("a red fox", l="a drawing")
    negative, negative_pooled = checkpoint.clip.encode("blurry")
    sized: Any = {**SIZES, "pooled_output": pooled}
    got = ours(checkpoint, [(positive, sized)], [(negative, {"pooled_output": negative_pooled})])

    def side(context: Tensor, pooled: Tensor, *sizes: int) -> dict[str, Any]:
        vector = {"text_embeds": pooled, "time_ids": torch.tensor([sizes])}
        return {"encoder_hidden_states": context, "added_cond_kwargs": vector}

    unet = their_unet("sdxl", UNET_CONFIGS["sdxl"])
    expected = theirs(
        unet,
        "epsilon",
        side(positive, pooled, 130, 200, 7, 5, 96, 128),
        side(negative, negative_pooled, 96, 128, 0, 0, 96, 128),  # what a conditioning without sizes means
    )
    assert relative(got, expected) < END_TO_END
