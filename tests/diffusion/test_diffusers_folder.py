"""Models saved by diffusers and transformers themselves, loaded and run against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from diffusion.checkpoint import Checkpoint, CheckpointError, load
from diffusion.checkpoint.diffusers_names import unet_names, vae_names
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.precision import Precision
from diffusion.prediction import Eps, V
from diffusion.tokens import BOS, EOS
from tests.diffusion.golden_networks import relative
from tests.diffusion.test_unet import rand, randomised

PARITY = 1e-4
LAYOUTS = Path(__file__).parents[1] / "golden" / "layouts"
CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
LINEAR: dict[str, Any] = {"use_linear_projection": True}

# What the published models' configs say of their U-Nets.
PUBLISHED: dict[str, dict[str, Any]] = {
    "sd15": {"cross_attention_dim": 768, "attention_head_dim": 8},
    "sd15-inpaint": {"cross_attention_dim": 768, "attention_head_dim": 8, "in_channels": 9},
    "sd21-v": {"cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), **LINEAR},
    "sdxl-base": {
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", CROSS_DOWN, CROSS_DOWN),
        "up_block_types": (CROSS_UP, CROSS_UP, "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "cross_attention_dim": 2048,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
        **LINEAR,
    },
    "sdxl-refiner": {
        "block_out_channels": (384, 768, 1536, 1536),
        "down_block_types": ("DownBlock2D", CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
        "up_block_types": ("UpBlock2D", CROSS_UP, CROSS_UP, "UpBlock2D"),
        "transformer_layers_per_block": 4,
        "attention_head_dim": (6, 12, 24, 24),
        "cross_attention_dim": 1280,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2560,
        **LINEAR,
    },
}


def layout(name: str, prefix: str) -> set[str]:
    names: dict[str, Any] = json.loads((LAYOUTS / f"{name}.json").read_text(encoding="utf-8"))
    return {each.removeprefix(prefix) for each in names if each.startswith(prefix)}


def network(**config: Any) -> Any:
    build: Any = UNet2DConditionModel
    return build(**config)


def autoencoder(*widths: int, blocks: int = 2) -> Any:
    levels = len(widths)
    return AutoencoderKL(
        block_out_channels=cast("Any", widths),
        down_block_types=cast("Any", ("DownEncoderBlock2D",) * levels),
        up_block_types=cast("Any", ("UpDecoderBlock2D",) * levels),
        layers_per_block=blocks,
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_full_size_names_become_those_of_the_single_file(name: str) -> None:
    with torch.device("meta"):
        unet, vae = network(**PUBLISHED[name]), autoencoder(128, 256, 512, 512)
    assert set(unet_names(list(unet.state_dict()))) == layout(name, NETWORK)
    assert set(vae_names(list(vae.state_dict()))) == layout(name, VAE)


# --- whole folders -------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "block_out_channels": (64, 128),
    "down_block_types": (CROSS_DOWN, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", CROSS_UP),
}
UNETS: dict[str, dict[str, Any]] = {
    "sd1": {**SMALL, "cross_attention_dim": 64, "attention_head_dim": 8},
    "sd2": {**SMALL, "cross_attention_dim": 64, "attention_head_dim": (1, 2), **LINEAR},
    "sdxl": {
        **SMALL,
        "cross_attention_dim": 128,
        "attention_head_dim": (1, 2),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 64 + 6 * 256,
        **LINEAR,
    },
}
ACTIVATION = {"sd1": "quick_gelu", "sd2": "gelu", "sdxl": "quick_gelu"}


def text_model(activation: str, projected: bool = False) -> Any:
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=1,
        projection_dim=64,
        hidden_act=activation,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    build: Any = CLIPTextModelWithProjection if projected else CLIPTextModel
    return build(config)


def saved(folder: Path, family: str, scheduler: dict[str, Any] | None = None) -> dict[str, Any]:
    """Random parts of a model, each saved by the library it belongs to."""
    parts: dict[str, Any] = {
        "unet": network(**UNETS[family]),
        "vae": autoencoder(32, 64, blocks=1),
        "text_encoder": text_model(ACTIVATION[family]),
    }
    if family == "sdxl":
        parts["text_encoder_2"] = text_model("gelu", projected=True)
    for seed, (name, part) in enumerate(parts.items()):
        randomised(part, seed)
        part.save_pretrained(folder / name)
    (folder / "model_index.json").write_text("{}")
    if scheduler is not None:
        (folder / "scheduler").mkdir()
        (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    return parts


def loaded(folder: Path) -> Checkpoint:
    return load(folder, precision=Precision.FLOAT32, device=torch.device("cpu"))


@pytest.mark.parametrize("family", UNETS)
@torch.no_grad()
def test_a_folder_computes_what_its_libraries_compute(family: str, tmp_path: Path) -> None:
    parts, ours = saved(tmp_path, family), loaded(tmp_path)
    assert ours.family == family
    x, t, context = rand(2, 4, 8, 12), torch.tensor([10, 900]), rand(2, 77, 128 if family == "sdxl" else 64)
    vector: dict[str, Tensor] = {}
    steering: dict[str, Any] = {}
    if family == "sdxl":
        pooled, ids = rand(2, 64), torch.tensor([[96, 64, 0, 0, 96, 64]]).expand(2, -1)
        vector = dict(ours.model.extra({"pooled_output": pooled, "width": 64, "height": 96}, x))
        steering = {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": ids}}
    expected = parts["unet"](x, t, context, **steering).sample
    assert relative(ours.model.network(x, t, context, **vector), expected) < PARITY
    picture = rand(1, 3, 16, 24).clamp(-1, 1)
    theirs = parts["vae"].encode(picture).latent_dist.mean
    assert relative(ours.vae.encode((picture.movedim(1, -1) + 1) / 2), theirs) < PARITY
    decoded = (parts["vae"].decode(theirs).sample / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    assert relative(ours.vae.decode(theirs), decoded) < PARITY


@pytest.mark.parametrize("family", UNETS)
@torch.no_grad()
def test_a_folders_text_encoders_say_what_diffusers_pipelines_take_from_them(
    family: str, tmp_path: Path
) -> None:
    parts, ours = saved(tmp_path, family), loaded(tmp_path)
    cond, pooled = ours.clip.encode("a red fox")
    ids = {key: torch.tensor([chunks[0].tokens]) for key, chunks in ours.clip.tokenize("a red fox").items()}
    if family == "sdxl":
        low = parts["text_encoder"](ids["l"], output_hidden_states=True)
        high = parts["text_encoder_2"](ids["g"], output_hidden_states=True)
        expected = torch.cat([low.hidden_states[-2], high.hidden_states[-2]], dim=-1)
        assert relative(pooled, high.text_embeds) < PARITY
    else:
        expected = parts["text_encoder"](next(iter(ids.values()))).last_hidden_state
    assert relative(cond, expected) < PARITY


@pytest.mark.parametrize(
    ("scheduler", "kind", "most"),
    [
        (None, Eps, 14.6146),
        ({"prediction_type": "epsilon"}, Eps, 14.6146),
        ({"prediction_type": "v_prediction"}, V, 14.6146),
        ({"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}, V, 4518.76),
    ],
)
def test_the_schedulers_settings_say_what_the_network_predicts(
    scheduler: dict[str, Any] | None, kind: type, most: float, tmp_path: Path
) -> None:
    saved(tmp_path, "sd2", scheduler)
    prediction = loaded(tmp_path).model.prediction
    assert type(prediction) is kind and float(prediction.sigma_max) == pytest.approx(most, rel=1e-4)


def test_half_precision_and_cut_up_files_are_found(tmp_path: Path) -> None:
    parts = saved(tmp_path, "sd1")
    whole = loaded(tmp_path).clip.encode("a fox").cond
    for name, part in parts.items():
        for file in (tmp_path / name).glob("*.safetensors"):
            file.unlink()
        part.save_pretrained(tmp_path / name, max_shard_size="200KB")
    assert len(list((tmp_path / "unet").glob("*-of-*.safetensors"))) > 1
    assert torch.equal(loaded(tmp_path).clip.encode("a fox").cond, whole)
    vae = tmp_path / "vae" / "diffusion_pytorch_model"
    for file in vae.parent.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(CheckpointError, match=r"lacks vae/diffusion_pytorch_model.safetensors; download"):
        loaded(tmp_path)
    parts["vae"].half().save_pretrained(vae.parent, variant="fp16")
    assert vae.with_suffix(".fp16.safetensors").is_file()
    assert loaded(tmp_path).vae.decode(torch.zeros(1, 4, 2, 2)).isfinite().all()


def test_a_missing_tensor_is_named_as_original_checkpoints_name_it(tmp_path: Path) -> None:
    parts = saved(tmp_path, "sd1")
    unet = parts["unet"]
    del unet.mid_block.resnets[1].norm1
    unet.save_pretrained(tmp_path / "unet")
    with pytest.raises(CheckpointError, match=r"lacks model.diffusion_model.middle_block.2.in_layers.0"):
        loaded(tmp_path)
