"""SD3 and Flux as published: recognised, loaded with the encoders they hold, and run against diffusers."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from diffusion.adapters import Adapter, attach_lora
from diffusion.checkpoint import Checkpoint, CheckpointError, Header, identify, load
from diffusion.checkpoint.loader import load_file
from diffusion.checkpoint.parts import autoencoder, diffusion_model
from diffusion.families import FAMILIES
from diffusion.families.flux import FLUX
from diffusion.families.sd1 import NETWORK
from diffusion.families.sd3 import SD3
from diffusion.mmdit import MMDiT
from diffusion.noise import initial_noise
from diffusion.precision import Precision
from diffusion.prediction import Flow, Flux
from diffusion.sampling import sample
from diffusion.text import TextEncoder
from tests.diffusion.golden_networks import relative
from tests.diffusion.small_transformers import NETWORKS, network_tensors, save_transformer
from tests.diffusion.test_families import CPU, OnMeta, changed, header
from tests.tensors import save_file

END_TO_END = 1e-3
STEPS, SCALE, SEED, SHAPE = 4, 4.0, 3, (1, 16, 12, 16)
U = [1.0, 0.75, 0.5, 0.25]
"""Unshifted times of four simple steps."""


def joined(*parts: tuple[str, str]) -> Header:
    """Layouts as one file, each with a prefix."""
    tensors = {f"{prefix}{n}": info for name, prefix in parts for n, info in header(name).tensors.items()}
    return replace(header("sd15"), tensors=tensors)


PUBLISHED: dict[str, tuple[Header, list[str]]] = {
    "sd3": (joined(("sd3-medium", "")), []),
    "sd3 with encoders": (joined(("sd3-medium", ""), ("sd3-medium-text-encoders", "")), ["l", "g"]),
    "flux": (joined(("flux-dev", NETWORK), ("flux-ae", "vae.")), []),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transformers")


@cache
def loaded(folder: Path, name: str, *encoders: str) -> Checkpoint:
    path = save_transformer(folder, name, encoders)
    return load(path, precision=Precision.FLOAT32, device=CPU)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_layout_is_recognised_and_loads_with_nothing_missing_or_left_over(name: str) -> None:
    file, towers = PUBLISHED[name]
    families = list(FAMILIES)
    random.Random(name).shuffle(families)
    assert identify(file, families).family is (FLUX if name == "flux" else SD3)
    found = load_file(OnMeta(file), Precision.FLOAT32, CPU)
    modules: list[Any] = [
        found.model.network,
        found.vae.module,
        *(t.model for t in found.clip.towers.values()),
    ]
    modules += [] if found.clip.t5 is None else [found.clip.t5.model]
    assert list(found.clip.towers) == towers and (found.clip.t5 is not None) == bool(towers)
    used = sum(value.numel() for module in modules for value in cast("nn.Module", module).parameters())
    assert used == sum(prod(info.shape) for info in file.tensors.values())


def test_what_the_network_predicts_is_shifted_as_it_was_trained() -> None:
    sd3, flux = (load_file(OnMeta(PUBLISHED[name][0]), Precision.FLOAT32, CPU) for name in ("sd3", "flux"))
    assert type(sd3.model.prediction) is Flow and type(flux.model.prediction) is Flux
    schnell = changed(
        PUBLISHED["flux"][0],
        **{f"{NETWORK}guidance_in.{n}": None for n in ("in_layer.weight", "in_layer.bias")},
        **{f"{NETWORK}guidance_in.{n}": None for n in ("out_layer.weight", "out_layer.bias")},
    )
    unshifted = load_file(OnMeta(schnell), Precision.FLOAT32, CPU).model.prediction
    assert type(unshifted) is Flow and torch.equal(unshifted.sigma(torch.tensor(0.3)), torch.tensor(0.3))


def test_a_model_of_four_channels_is_not_taken_for_one_of_sixteen() -> None:
    name = "first_stage_model.decoder.conv_in.weight"
    with pytest.raises(CheckpointError, match=r"autoencoder of 16 latent channels .* is 512x4x3x3"):
        identify(changed(PUBLISHED["sd3"][0], **{name: (512, 4, 3, 3)}))


@pytest.mark.parametrize(
    ("name", "prefix", "title"),
    [
        ("sd15", "", "SD 1.x"),
        ("sd15-inpaint", "", "SD 1.x inpainting"),
        ("sd21-v", "", "SD 2.x"),
        ("sdxl-base", "", "SDXL"),
        ("sdxl-refiner", "", "SDXL refiner"),
        ("sd3-medium", "", "SD3"),
        ("flux-dev", "", "Flux"),
        ("flux-dev", NETWORK, "Flux"),
    ],
)
def test_a_network_in_a_file_of_its_own_is_recognised(name: str, prefix: str, title: str) -> None:
    """Published networks come with a checkpoint's prefix before their names, or without."""
    tensors = header(name).tensors
    alone = {n.removeprefix(NETWORK): i for n, i in tensors.items() if NETWORK in n or name == "flux-dev"}
    file = OnMeta(replace(header(name), tensors={f"{prefix}{n}": info for n, info in alone.items()}))
    found = diffusion_model(file, Precision.FLOAT32, CPU)
    assert found.family == title and isinstance(found.network, nn.Module)
    assert len(found.network.state_dict()) == len(alone)


@pytest.mark.parametrize("prefix", ["", "vae.", "first_stage_model."])
def test_a_published_autoencoder_in_a_file_of_its_own_loads_with_nothing_left_over(prefix: str) -> None:
    file = joined(("flux-ae", prefix))
    vae = autoencoder(OnMeta(file), Precision.FLOAT32, CPU)
    assert len(vae.module.state_dict()) == len(file.tensors) and vae.module.config.latent_channels == 16


# --- text ----------------------------------------------------------------------------------------


def test_sd3_reads_clip_filled_up_with_zeros_and_then_t5(folder: Path) -> None:
    clip = loaded(folder, "sd3", "l", "g", "t5").clip
    assert clip.t5 is not None
    parts = {key: part.encode(part.tokenize("a photo of a cat")) for key, part in clip.parts.items()}
    cond, pooled = clip.encode("a photo of a cat")
    assert cond.shape == (1, 77 + 77, 64)
    beside = torch.cat([parts["l"].cond, parts["g"].cond], dim=-1)
    assert torch.equal(cond, torch.cat([beside, parts["t5xxl"].cond], dim=1))
    assert torch.equal(pooled, torch.cat([parts["l"].pooled, parts["g"].pooled], dim=-1))


@pytest.mark.parametrize("held", [("l",), ("g",), ("t5",), ("l", "t5"), ("g", "t5")])
def test_zeros_stand_for_the_encoders_a_file_lacks(held: tuple[str, ...], folder: Path) -> None:
    whole, part = loaded(folder, "sd3", "l", "g", "t5").clip, loaded(folder, "sd3", *held).clip
    cond, pooled = whole.encode("a photo of a cat")
    cond, pooled = cond.clone(), pooled.clone()
    for key, columns in (("l", slice(0, 32)), ("g", slice(32, 64))):
        if key not in held:
            cond[:, :77, columns] = 0
            pooled[:, columns] = 0
    first, last = 0 if {"l", "g"} & set(held) else 77, 154 if "t5" in held else 77
    got = part.encode("a photo of a cat")
    assert torch.allclose(got.cond, cond[:, first:last], atol=1e-6)
    assert torch.allclose(got.pooled, pooled, atol=1e-6)


def test_t5_reads_a_long_prompt_in_one_sequence_where_clip_takes_chunks(folder: Path) -> None:
    clip = loaded(folder, "sd3", "l", "g", "t5").clip
    tokens = clip.tokenize("a photo of a cat, " * 20)
    assert [len(tokens[key]) for key in ("l", "g", "t5xxl")] == [2, 2, 1]
    assert clip.encode("a photo of a cat, " * 20).cond.shape[1] == 2 * 77 + len(tokens["t5xxl"][0].tokens)


def test_flux_reads_t5_and_the_pooled_text_of_clip(folder: Path) -> None:
    clip = loaded(folder, "flux", "l", "t5").clip
    cond, pooled = clip.encode("a photo of a cat", l="a cat")
    assert clip.t5 is not None and cond.shape == (1, 256, 64)
    assert torch.equal(cond, clip.t5.encode(clip.t5.tokenize("a photo of a cat")).cond)
    assert torch.equal(pooled, clip.towers["l"].encode(clip.towers["l"].tokenize("a cat")).pooled)


def test_a_checkpoint_without_encoders_says_which_node_loads_them(folder: Path) -> None:
    clip = loaded(folder, "sd3").clip
    assert isinstance(clip, TextEncoder)
    with pytest.raises(ValueError, match="DualCLIPLoader or TripleCLIPLoader"):
        clip.encode("a cat")


# --- runs ----------------------------------------------------------------------------------------


def ours(checkpoint: Checkpoint, positive: Any, negative: Any, cfg: float) -> Tensor:
    latent = sample(
        checkpoint.model,
        positive,
        negative,
        {"samples": torch.zeros(SHAPE)},
        seed=SEED,
        steps=STEPS,
        cfg=cfg,
        sampler="euler",
        scheduler="simple",
    )
    return checkpoint.model.latent_format.to_model(latent)


@torch.no_grad()
def test_sd3_makes_what_diffusers_makes(folder: Path) -> None:
    checkpoint, config = loaded(folder, "sd3", "l", "g", "t5"), NETWORKS["sd3"]
    sides = [checkpoint.clip.encode(text) for text in ("a photo of a cat", "a red car")]
    positive, negative = ([(cond, {"pooled_output": pooled})] for cond, pooled in sides)
    got = ours(checkpoint, positive, negative, SCALE)
    theirs: Any = SD3Transformer2DModel(
        sample_size=16,
        num_layers=2,
        num_attention_heads=2,
        joint_attention_dim=config.context_dim,
        caption_projection_dim=config.width,
        pooled_projection_dim=config.vector_dim,
        out_channels=16,
        pos_embed_max_size=24,
    ).eval()
    theirs.load_state_dict(
        cast("Any", convert_sd3_transformer_checkpoint_to_diffusers)(network_tensors("sd3"))
    )
    scheduler: Any = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(sigmas=U)
    x = initial_noise(torch.Size(SHAPE), SEED, None)
    for t in scheduler.timesteps:
        cond, uncond = (
            theirs(x, encoder_hidden_states=context, pooled_projections=pooled, timestep=t[None]).sample
            for context, pooled in sides
        )
        x = scheduler.step(uncond + SCALE * (cond - uncond), t, x).prev_sample
    assert relative(got, x) < END_TO_END


@torch.no_grad()
def test_flux_follows_the_shifted_flow_with_the_guidance_it_is_told(folder: Path) -> None:
    checkpoint = loaded(folder, "flux", "l", "t5")
    cond, pooled = checkpoint.clip.encode("a photo of a cat")
    got = {
        g: ours(checkpoint, [(cond, {"pooled_output": pooled, "guidance": g})], [], 1.0) for g in (1.0, 3.5)
    }
    told = ours(checkpoint, [(cond, {"pooled_output": pooled})], [], 1.0)
    assert torch.equal(told, got[3.5]) and relative(got[1.0], told) > 1e-4
    scheduler: Any = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    scheduler.set_timesteps(sigmas=U, mu=1.15)
    x = initial_noise(torch.Size(SHAPE), SEED, None)
    for t in scheduler.timesteps:
        out = checkpoint.model.network(x, t[None] / 1000, cond, y=pooled, guidance=torch.tensor([3.5]))
        x = scheduler.step(out, t, x).prev_sample
    assert relative(got[3.5], x) < END_TO_END


@pytest.mark.parametrize(
    ("name", "fused", "final"),
    [
        ("sd3", "joint_blocks.0.x_block.attn.qkv.weight", "final_layer.adaLN_modulation.1.weight"),
        ("flux", "double_blocks.0.img_attn.qkv.weight", "final_layer.adaLN_modulation.1.weight"),
    ],
)
def test_a_lora_with_diffusers_names_reaches_its_part_of_fused_tensors(
    name: str, fused: str, final: str, folder: Path
) -> None:
    up, down, long = torch.randn(128, 2), torch.randn(2, 128), torch.randn(256, 2)
    stems = {"transformer_blocks.0.attn.to_k": up, "norm_out.linear": long}
    tensors = {f"transformer.{stem}.lora_B.weight": value for stem, value in stems.items()}
    tensors |= {f"transformer.{stem}.lora_A.weight": down.clone() for stem in stems}
    save_file(tensors, folder / f"{name}-lora.safetensors")
    base = loaded(folder, name).model
    found = attach_lora(base, None, Adapter.read(folder / f"{name}-lora.safetensors"), 0.5)
    assert found.model is not None
    before, after = (cast("nn.Module", each.network) for each in (base, found.model))
    assert found.warning("it") is None
    keys = torch.zeros(384, 128)
    keys[128:256] = 0.5 * up @ down
    shift_after_scale = torch.cat((0.5 * long @ down).chunk(2)[::-1])
    for weight, delta in ((fused, keys), (final, shift_after_scale)):
        changed_by = after.get_parameter(weight) - before.get_parameter(weight)
        assert torch.allclose(changed_by, delta, atol=1e-5)


def test_a_picture_goes_through_the_autoencoder_of_sixteen_channels(folder: Path) -> None:
    checkpoint = loaded(folder, "sd3")
    latent = checkpoint.vae.encode(torch.rand(1, 64, 48, 3))
    assert latent.shape == (1, 16, 8, 6) and checkpoint.vae.decode(latent).shape == (1, 64, 48, 3)
    assert isinstance(checkpoint.model.network, MMDiT)


def test_pooled_text_of_another_model_is_refused_before_the_run(folder: Path) -> None:
    checkpoint = loaded(folder, "flux", "l", "t5")
    cond = checkpoint.clip.encode("a cat").cond
    with pytest.raises(ValueError, match="pooled text is 64 wide and this model takes 32"):
        ours(checkpoint, [(cond, {"pooled_output": torch.zeros(1, 64)})], [], 1.0)
