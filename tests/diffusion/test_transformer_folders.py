"""SD3 and Flux as diffusers and transformers save them, loaded and run against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from diffusion.checkpoint import Checkpoint, CheckpointError, load
from diffusion.checkpoint.diffusers_names import network_parts
from diffusion.precision import Precision
from diffusion.prediction import Flow, Flux
from diffusion.tokens import BOS, EOS
from tests.diffusion.golden_networks import relative
from tests.diffusion.t5_files import sentencepiece
from tests.diffusion.test_diffusers_folder import layout
from tests.diffusion.test_unet import rand, randomised

PARITY = 1e-4
SHIFTED = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 6.0}
DYNAMIC = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "use_dynamic_shifting": True}


def sd3(**config: Any) -> Any:
    build: Any = SD3Transformer2DModel
    return build(patch_size=2, in_channels=16, out_channels=16, **config)


def flux(**config: Any) -> Any:
    build: Any = FluxTransformer2DModel
    return build(in_channels=64, guidance_embeds=True, **config)


def text_model(kind: Any, activation: str) -> Any:
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=1,
        projection_dim=32,
        hidden_act=activation,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    return kind(config)


def t5() -> Any:
    config = T5Config(
        vocab_size=6000,
        d_model=96,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    build: Any = T5EncoderModel
    return build(config)


def vae() -> Any:
    build: Any = AutoencoderKL
    return build(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def saved(folder: Path, family: str) -> dict[str, Any]:
    """A folder of random parts in the published arrangement."""
    if family == "sd3":
        parts: dict[str, Any] = {
            "transformer": sd3(
                sample_size=16,
                num_layers=3,
                num_attention_heads=2,
                joint_attention_dim=96,
                caption_projection_dim=128,
                pooled_projection_dim=64,
                pos_embed_max_size=12,
                dual_attention_layers=(0,),
                qk_norm="rms_norm",
            ),
            "text_encoder": text_model(CLIPTextModelWithProjection, "quick_gelu"),
            "text_encoder_2": text_model(CLIPTextModelWithProjection, "gelu"),
            "text_encoder_3": t5(),
        }
    else:
        parts = {
            "transformer": flux(
                num_layers=1,
                num_single_layers=2,
                num_attention_heads=2,
                joint_attention_dim=96,
                pooled_projection_dim=32,
            ),
            "text_encoder": text_model(CLIPTextModel, "quick_gelu"),
            "text_encoder_2": t5(),
        }
    parts["vae"] = vae()
    for seed, (name, part) in enumerate(parts.items()):
        randomised(part, seed)
        # Small pieces, so that parts of one fused tensor lie in different files.
        part.save_pretrained(folder / name, max_shard_size="60KB" if name == "transformer" else "10MB")
    vocabulary = folder / ("tokenizer_3" if family == "sd3" else "tokenizer_2")
    vocabulary.mkdir()
    (vocabulary / "spiece.model").write_bytes(sentencepiece())
    (folder / "scheduler").mkdir()
    settings = SHIFTED if family == "sd3" else DYNAMIC
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(settings))
    (folder / "model_index.json").write_text("{}")
    return parts


def loaded(folder: Path) -> Checkpoint:
    return load(folder, precision=Precision.FLOAT32, device=torch.device("cpu"))


@pytest.mark.parametrize(
    ("name", "build"),
    [
        (
            "sd3-medium",
            lambda: sd3(
                num_layers=24,
                num_attention_heads=24,
                caption_projection_dim=1536,
                joint_attention_dim=4096,
                pooled_projection_dim=2048,
                pos_embed_max_size=192,
            ),
        ),
        ("flux-dev", flux),
    ],
)
def test_full_size_names_become_those_of_the_single_file(name: str, build: Any) -> None:
    with torch.device("meta"):
        network = build()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    prefix = "model.diffusion_model." if name == "sd3-medium" else ""
    assert set(network_parts(shapes)) == layout(name, prefix)


@torch.no_grad()
def test_an_sd3_folder_computes_what_diffusers_computes(tmp_path: Path) -> None:
    parts, ours = saved(tmp_path, "sd3"), loaded(tmp_path)
    assert ours.family == "sd3"
    assert len(list((tmp_path / "transformer").glob("*-of-*.safetensors"))) > 2
    x, t, context, y = rand(2, 16, 8, 12), torch.tensor([10.0, 900.0]), rand(2, 20, 96), rand(2, 64)
    expected = parts["transformer"](x, encoder_hidden_states=context, pooled_projections=y, timestep=t)
    assert relative(ours.model.network(x, t, context, y=y), expected.sample) < PARITY
    assert isinstance(ours.model.prediction, Flow)
    assert float(ours.model.prediction.sigma(torch.tensor(500.0))) == pytest.approx(6 * 0.5 / (1 + 5 * 0.5))


@torch.no_grad()
def test_a_flux_folder_computes_what_diffusers_computes(tmp_path: Path) -> None:
    parts, ours = saved(tmp_path, "flux"), loaded(tmp_path)
    assert ours.family == "flux"
    x, t, context, y = rand(1, 16, 8, 12), torch.tensor([0.3]), rand(1, 20, 96), rand(1, 32)
    patches = x.unfold(2, 2, 2).unfold(3, 2, 2).permute(0, 2, 3, 1, 4, 5).reshape(1, 24, 64)
    places = torch.tensor([[0, row, column] for row in range(4) for column in range(6)])
    guidance = torch.tensor([3.5])
    out = parts["transformer"](
        patches, context, y, t, img_ids=places.float(), txt_ids=torch.zeros(20, 3), guidance=guidance
    ).sample
    expected = out.reshape(1, 4, 6, 16, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)
    assert relative(ours.model.network(x, t, context, y=y, guidance=guidance), expected) < PARITY
    assert isinstance(ours.model.prediction, Flux)


@pytest.mark.parametrize("family", ["sd3", "flux"])
@torch.no_grad()
def test_the_other_parts_compute_what_their_libraries_compute(family: str, tmp_path: Path) -> None:
    parts, ours = saved(tmp_path, family), loaded(tmp_path)
    tokens = ours.clip.tokenize("a red cat")
    ids = {key: torch.tensor([chunks[0].tokens]) for key, chunks in tokens.items()}
    cond, pooled = ours.clip.encode("a red cat")
    long = parts["text_encoder_3" if family == "sd3" else "text_encoder_2"](ids["t5xxl"]).last_hidden_state
    assert relative(cond[:, -long.shape[1] :], long) < PARITY
    low = parts["text_encoder"](ids["l"], output_hidden_states=True)
    if family == "sd3":
        high = parts["text_encoder_2"](ids["g"], output_hidden_states=True)
        beside = torch.cat([low.hidden_states[-2], high.hidden_states[-2]], dim=-1)
        assert relative(cond[:, :77, :64], beside) < PARITY
        assert relative(pooled[:, 32:], high.text_embeds) < PARITY
    else:
        assert relative(pooled, low.pooler_output) < PARITY
    latent = rand(1, 16, 4, 6)
    decoded = (parts["vae"].decode(latent).sample / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    assert relative(ours.vae.decode(latent), decoded) < PARITY


def test_a_vocabulary_that_is_missing_is_asked_for_in_its_folder(tmp_path: Path) -> None:
    saved(tmp_path, "sd3")
    (tmp_path / "tokenizer_3/spiece.model").unlink()
    with pytest.raises(CheckpointError, match=r"into .*tokenizer_3"):
        loaded(tmp_path).clip.encode("a red cat")
