"""Graphs for SD3 and Flux: models put together from parts, prompts for each encoder, shifted noise levels."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion.checkpoint import CheckpointError, load_diffusion_model, load_text_encoder, load_vae
from diffusion.model import DiffusionModel
from diffusion.precision import Precision
from diffusion.prediction import Eps, Flow, Flux
from diffusion.storage import FLOAT8
from nodes.flow import model_sampling_flux, model_sampling_sd3
from tests.diffusion.small import save_family
from tests.diffusion.small_transformers import (
    network_tensors,
    save_transformer,
    t5_tensors,
    tower_tensors,
    vae_tensors,
)
from tests.diffusion.t5_files import sentencepiece
from tests.nodes.graphs import Bench, Graph, node
from tests.tensors import save_file

CPU = torch.device("cpu")
FILES = {"l": "clip_l.safetensors", "g": "clip_g.safetensors", "t5": "t5xxl.safetensors"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as people have them: networks, encoders, autoencoders and checkpoints."""
    base = tmp_path_factory.mktemp("parts")
    models = {
        kind: base / "models" / kind for kind in ("checkpoints", "diffusion_models", "text_encoders", "vae")
    }
    for folder in models.values():
        folder.mkdir(parents=True)
    save_file(network_tensors("flux", ""), models["diffusion_models"] / "flux.safetensors")
    save_file(network_tensors("sd3"), models["diffusion_models"] / "sd3.safetensors")
    save_file(tower_tensors("l"), models["text_encoders"] / FILES["l"])
    save_file(tower_tensors("g"), models["text_encoders"] / FILES["g"])
    save_file(t5_tensors(), models["text_encoders"] / FILES["t5"])
    (models["text_encoders"] / "spiece.model").write_bytes(sentencepiece())
    save_file(vae_tensors(), models["vae"] / "ae.safetensors")
    save_transformer(models["checkpoints"], "sd3").rename(models["checkpoints"] / "sd3.safetensors")
    return base


@pytest.fixture(scope="module")
def bench(base: Path) -> Bench:
    return Bench(base)


def drawn(**changes: dict[str, Any]) -> Graph:
    """A graph over a checkpoint of SD3."""
    settings = {"seed": 1, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "scheduler": "simple"}
    links = {
        "model": ["load", 0],
        "positive": ["pos", 0],
        "negative": ["neg", 0],
        "latent_image": ["latent", 0],
    }
    return {
        "load": node("CheckpointLoaderSimple", ckpt_name="sd3.safetensors"),
        "pos": node("CLIPTextEncode", text="a photo of a cat", clip=["load", 1]),
        "neg": node("CLIPTextEncode", text="a red car", clip=["load", 1]),
        "latent": node("EmptySD3LatentImage", width=64, height=64, batch_size=1),
        "sample": node("KSampler", **settings, **links, denoise=1.0),
        "decode": node("VAEDecode", samples=["sample", 0], vae=["load", 2]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="t"),
        **changes,
    }


def sd3_prompt(**changes: str) -> dict[str, Any]:
    texts = {"clip_l": "a cat", "clip_g": "a cat", "t5xxl": "a cat", "empty_padding": "none", **changes}
    return node("CLIPTextEncodeSD3", clip=["load", 1], **texts)


def encoded(bench: Bench, **changes: str) -> Tensor:
    return bench.value(drawn(pos=sd3_prompt(**changes)), "pos")[0][0]


def test_a_checkpoint_of_sd3_draws(bench: Bench, base: Path) -> None:
    (picture,) = bench.images(drawn())
    assert (base / "output" / picture["filename"]).stat().st_size > 100
    other = drawn(pos=node("CLIPTextEncode", text="storm", clip=["load", 1]))
    latents = [bench.value(graph, "sample")["samples"] for graph in (drawn(), other)]
    assert latents[0].shape == (1, 16, 8, 8) and not torch.allclose(*latents, atol=1e-4)


def test_the_parts_of_sd3_in_any_order_make_what_the_checkpoint_makes(bench: Bench) -> None:
    whole = bench.value(drawn(), "sample")["samples"]
    for order in list(permutations(FILES.values()))[::2]:
        names = {f"clip_name{n}": name for n, name in enumerate(order, 1)}
        parts = drawn(
            unet=node("UNETLoader", unet_name="sd3.safetensors", weight_dtype="default"),
            clips=node("TripleCLIPLoader", **names),
            pos=node("CLIPTextEncode", text="a photo of a cat", clip=["clips", 0]),
            neg=node("CLIPTextEncode", text="a red car", clip=["clips", 0]),
        )
        parts["sample"]["inputs"]["model"] = ["unet", 0]
        assert torch.allclose(bench.value(parts, "sample")["samples"], whole, atol=1e-5)


def test_flux_from_parts_draws_and_follows_the_guidance_node(bench: Bench, base: Path) -> None:
    flux = drawn(
        load=node("UNETLoader", unet_name="flux.safetensors", weight_dtype="default"),
        clips=node(
            "DualCLIPLoader", clip_name1=FILES["t5"], clip_name2=FILES["l"], type="flux", device="cpu"
        ),
        vae=node("VAELoader", vae_name="ae.safetensors"),
        pos=node("CLIPTextEncode", text="a photo of a cat", clip=["clips", 0]),
        neg=node("CLIPTextEncode", text="", clip=["clips", 0]),
        told=node("FluxGuidance", conditioning=["pos", 0], guidance=2.0),
    )
    flux["sample"]["inputs"] |= {"cfg": 1.0, "positive": ["told", 0]}
    flux["decode"]["inputs"]["vae"] = ["vae", 0]
    (picture,) = bench.images(flux)
    assert (base / "output" / picture["filename"]).stat().st_size > 100
    texts = {"clip_l": "a photo of a cat", "t5xxl": "a photo of a cat"}
    in_one = {**flux, "told": node("CLIPTextEncodeFlux", clip=["clips", 0], **texts, guidance=2.0)}
    other = {**flux, "told": node("FluxGuidance", conditioning=["pos", 0], guidance=3.5)}
    latents = [bench.value(graph, "sample")["samples"] for graph in (flux, in_one, other)]
    assert torch.equal(latents[0], latents[1]) and not torch.allclose(latents[0], latents[2], atol=1e-5)


def test_each_encoder_of_sd3_reads_its_own_prompt(bench: Bench) -> None:
    cond = encoded(bench)
    other = {key: encoded(bench, **{key: "storm"}) for key in ("clip_l", "clip_g", "t5xxl")}
    places = {"clip_l": (slice(0, 77), slice(0, 32)), "clip_g": (slice(0, 77), slice(32, 64))}
    for key, got in other.items():
        rows, columns = places.get(key, (slice(77, None), slice(None)))
        changed = torch.zeros_like(cond, dtype=torch.bool)
        changed[:, rows, columns] = True
        assert torch.equal(got[~changed], cond[~changed]) and not torch.equal(got[changed], cond[changed])


def test_an_empty_prompt_of_sd3_is_left_out_or_encoded_as_asked(bench: Bench) -> None:
    assert encoded(bench, t5xxl="").shape[1] == 77
    assert encoded(bench, t5xxl="", empty_padding="empty_prompt").shape[1] == 154
    assert not encoded(bench, clip_l="")[:, :77, :32].any()
    assert encoded(bench, clip_l="", empty_padding="empty_prompt")[:, :77, :32].any()
    nothing = encoded(bench, clip_l="", clip_g="", t5xxl="")
    assert nothing.shape == (1, 77, 64) and not nothing.any()


# --- noise levels --------------------------------------------------------------------------------


def model(base: Path, name: str) -> DiffusionModel:
    path = base / "models" / "diffusion_models" / f"{name}.safetensors"
    return load_diffusion_model(path, precision=Precision.FLOAT32, device=CPU)


@pytest.mark.parametrize("kind", ["fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"])
@torch.no_grad()
def test_weights_kept_in_eight_bits_are_those_rounded_to_eight_bits(kind: str, base: Path) -> None:
    path = base / "models" / "diffusion_models" / "flux.safetensors"
    kept = load_diffusion_model(path, precision=Precision.FLOAT32, device=CPU, stored=FLOAT8[kind]).network
    rounded = model(base, "flux").network
    assert isinstance(kept, nn.Module) and isinstance(rounded, nn.Module)
    weights = dict(rounded.state_dict())
    linear = [name for name, value in weights.items() if value.ndim == 2]
    for name in linear:
        weights[name] = weights[name].to(FLOAT8[kind]).float()
        assert kept.get_parameter(name).element_size() == 1
    rounded.load_state_dict(weights, assign=True)
    inputs = (torch.randn(1, 16, 8, 8), torch.tensor([0.5]), torch.randn(1, 5, 64))
    vectors = {"y": torch.randn(1, 32), "guidance": torch.tensor([3.5])}
    assert linear and torch.equal(kept(*inputs, **vectors), rounded(*inputs, **vectors))


def test_the_shift_of_a_flow_moves_noise_levels_and_leaves_the_model_given_alone(base: Path) -> None:
    sd3 = model(base, "sd3")
    moved = model_sampling_sd3(model=sd3, shift=5.0)
    u = torch.tensor(400.0)
    assert float(moved.prediction.sigma(u)) == pytest.approx(5 * 0.4 / (1 + 4 * 0.4))
    assert float(sd3.prediction.sigma(u)) == pytest.approx(3 * 0.4 / (1 + 2 * 0.4))
    assert moved.network is sd3.network and float(moved.prediction.timestep(torch.tensor(0.5))) == 500
    flux = model_sampling_sd3(model=model(base, "flux"), shift=3.0)
    assert float(flux.prediction.timestep(torch.tensor(0.5))) == 0.5


@pytest.mark.parametrize(
    ("side", "mu"), [(256, 0.5), (1024, 1.15), (2048, 0.5 + 0.65 * (16384 - 256) / 3840)]
)
def test_the_shift_of_flux_grows_with_the_picture(side: int, mu: float, base: Path) -> None:
    moved = model_sampling_flux(model=model(base, "flux"), width=side, height=side).prediction
    assert isinstance(moved, Flux)
    assert float(moved.sigma(torch.tensor(0.5))) == pytest.approx(1 / (1 + torch.tensor(-mu).exp().item()))


def test_models_that_predict_no_flow_are_refused_by_name(base: Path) -> None:
    other = DiffusionModel(network=lambda: torch.zeros(1), prediction=Eps(), family="SDXL")
    with pytest.raises(ValueError, match="this one is SDXL and predicts eps"):
        model_sampling_sd3(model=other)
    with pytest.raises(ValueError, match="the model is SD3: use ModelSamplingSD3"):
        model_sampling_flux(model=model(base, "sd3"))


# --- parts that do not belong ----------------------------------------------------------------------


def encoder(base: Path, *names: str) -> list[Path]:
    return [base / "models" / "text_encoders" / name for name in names]


@pytest.mark.parametrize(
    ("kind", "keys", "reason"),
    [
        ("flux", ("g", "t5"), "it is OpenCLIP-G, which models of type flux do not read"),
        ("sdxl", ("l", "t5"), "it is T5, which models of type sdxl do not read"),
        ("sd3", ("l", "l"), "it is a second CLIP-L"),
        ("sd3", ("t5", "t5"), "it is a second T5"),
    ],
)
def test_an_encoder_that_the_model_does_not_read_is_named(
    kind: str, keys: tuple[str, ...], reason: str, base: Path
) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load_text_encoder(encoder(base, *(FILES[key] for key in keys)), kind, device=CPU)


def test_a_file_of_another_kind_is_refused_saying_what_is_missing(base: Path) -> None:
    vae = base / "models" / "vae" / "ae.safetensors"
    with pytest.raises(CheckpointError, match="no CLIP or T5 text encoder"):
        load_text_encoder([vae], "sd3", device=CPU)
    with pytest.raises(CheckpointError, match="holds no autoencoder"):
        load_vae(encoder(base, FILES["l"])[0], device=CPU)
    with pytest.raises(CheckpointError, match="it is an autoencoder, and no diffusion model"):
        load_diffusion_model(vae, device=CPU)


def test_the_network_and_the_vae_of_an_older_checkpoint_load_alone(tmp_path: Path) -> None:
    path = save_family(tmp_path / "sd2.safetensors", "sd2")
    assert load_diffusion_model(path, device=CPU).family == "SD 2.x"
    assert load_vae(path, device=CPU).module.config.latent_channels == 4


def test_a_network_alone_is_recognised_by_what_it_predicts(base: Path) -> None:
    assert isinstance(model(base, "sd3").prediction, Flow) and isinstance(
        model(base, "flux").prediction, Flux
    )
