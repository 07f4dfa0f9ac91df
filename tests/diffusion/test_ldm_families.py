"""The latent diffusion paper's checkpoints: recognised by their headers, loaded whole, sampled end to end."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import (
    LDMBertModel,
    LDMTextToImagePipeline,
)
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion_superresolution import (
    LDMSuperResolutionPipeline,
)
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn
from transformers import BertTokenizer

from diffusion.checkpoint import CheckpointError, Header, TensorInfo, identify, load
from diffusion.checkpoint.loader import Checkpoint, load_file
from diffusion.checkpoint.parts import load_vae
from diffusion.families import FAMILIES
from diffusion.families.ldm import LDM
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.ldm.pictures import SMALL_PICTURE
from diffusion.precision import Precision
from diffusion.reference.run import sample_reference
from diffusion.sampling import sample
from diffusion.timesteps import Discrete
from diffusion.unet import UNet
from diffusion.vq import VQModel
from diffusion.weighting import WEIGHTINGS
from tests.diffusion.compvis_layout import PUBLISHED, Published, UNetLayout
from tests.diffusion.small_ldm import BERT, MODELS, ldm_tensors, save_ldm, schedule, vocabulary
from tests.diffusion.test_families import OnMeta
from tests.diffusion.test_ldm_parts import (
    noise,
    relative,
    their_autoencoder,
    their_autoencoder_names,
    their_bert_config,
    their_unet,
    their_unet_weights,
)
from tests.fill import fill

CPU = torch.device("cpu")
NOTHING: list[Any] = [[torch.zeros(1, 1, 0), {}]]
END_TO_END = 1e-3
"""Relative, after a whole run."""


def published(model: Published, *, averaged: bool = False) -> OnMeta:
    """A published model as a file without data, tensors in random order; with the averages CompVis keeps."""
    shapes = model.shapes()
    if averaged:
        network = {name: shape for name, shape in shapes.items() if name.startswith(NETWORK)}
        shapes |= {average_name(name): shape for name, shape in network.items()}
    buffers = schedule(model.betas)
    shapes |= {name: tuple(value.shape) for name, value in buffers.items()}
    shapes |= {"model_ema.decay": (), "model_ema.num_updates": (), "first_stage_model.loss.logvar": ()}
    entries = list(shapes.items())
    random.Random(0).shuffle(entries)
    return OnMeta(
        Header(Path("model.ckpt"), {name: TensorInfo("F32", shape, 0, 0) for name, shape in entries}), buffers
    )


def average_name(name: str) -> str:
    return f"model_ema.{name.removeprefix('model.').replace('.', '')}"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_loads_with_no_tensor_missing_or_left_over(name: str) -> None:
    """Full size without a byte of it. That nothing is left over is what loading itself refuses otherwise."""
    model = PUBLISHED[name]
    file = published(model, averaged=name in ("celeba256", "inpainting_big"))
    families = list(FAMILIES)
    random.Random(name).shuffle(families)
    assert identify(file.header, families).family.name == model.family
    loaded = load_file(file, Precision.FLOAT32, CPU)
    network = loaded.model.network
    assert isinstance(network, UNet)
    config = network.config
    assert (config.heads, config.head_dim) == ((model.heads, None) if model.heads else (None, 32))
    assert isinstance(loaded.vae.module, VQModel) == ("n_embed" in model.vae)
    assert loaded.model.latent_format.channels == loaded.vae.module.config.latent_channels
    used = sum(value.numel() for part in _modules(loaded) for value in part.parameters())
    stored = sum(prod(shape) for name, shape in model.shapes().items() if not _unneeded(model, name))
    assert used == stored


def _modules(loaded: Checkpoint) -> list[nn.Module]:
    reader: Any = loaded.clip.reader
    others = [getattr(reader, name) for name in ("model", "table") if hasattr(reader, name)]
    towers = [tower.model for tower in loaded.clip.towers.values()]
    network = loaded.model.network
    assert isinstance(network, nn.Module)
    return [network, loaded.vae.module, *towers, *others]


def _unneeded(model: Published, name: str) -> bool:
    """The encoder's way back to words, and inpainting's second copy of its autoencoder."""
    return "to_logits" in name or (model.family == "ldm-inpaint" and name.startswith("cond_stage_model."))


def test_the_layouts_have_as_many_parameters_as_the_paper_says() -> None:
    counted = {
        name: sum(map(prod, UNetLayout(**model.unet).build().values())) / 1e6
        for name, model in PUBLISHED.items()
    }
    stated = {name: model.millions for name, model in PUBLISHED.items() if model.millions is not None}
    assert all(abs(counted[name] - stated[name]) < 1 for name in stated), counted
    whole = {name: sum(map(prod, model.shapes().values())) / 1e6 for name, model in PUBLISHED.items()}
    assert round(whole["bsr_sr"]) == 169


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_model_has_the_published_schedule_with_its_buffers_and_without(name: str) -> None:
    model = PUBLISHED[name]
    file = published(model)
    bare = {name: info for name, info in file.header.tensors.items() if name not in schedule(model.betas)}
    family = identify(file.header).family
    told = (family.prediction(OnMeta(replace(file.header, tensors=bare))), family.prediction(file))
    start, end = (beta**0.5 for beta in model.betas)
    betas = torch.linspace(start, end, 1000, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - betas, dim=0)
    expected = ((1 - alphas) / alphas).sqrt()
    for prediction in told:
        assert torch.allclose(prediction.sigmas.double(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["model_ema.decay", "optimizer.weight", "logvar"])
def test_further_tensors_do_not_hide_the_family(name: str) -> None:
    file = published(PUBLISHED["celeba256"])
    tensors = {**file.header.tensors, name: TensorInfo("F32", (4,), 0, 0)}
    assert identify(replace(file.header, tensors=tensors)).family.name == "ldm-unconditional"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A small checkpoint of every family, as CompVis pickles it."""
    found: dict[str, Path] = {}
    for name in MODELS:
        folder = tmp_path_factory.mktemp(name)
        found[name] = save_ldm(folder / "model.ckpt", name)
    return found


def opened(path: Path) -> Checkpoint:
    return load(path, precision=Precision.FLOAT32, device=CPU)


@pytest.mark.parametrize("family", [family.name for family in LDM])
def test_a_pickled_checkpoint_is_its_family_and_no_other(
    family: str, checkpoints: Mapping[str, Path]
) -> None:
    loaded = opened(checkpoints[family])
    assert loaded.family == family
    assert isinstance(loaded.model.network, UNet) and loaded.model.network.config == MODELS[family].unet
    assert loaded.vae.module.config == MODELS[family].vae
    betas = schedule(MODELS[family].betas)["betas"].double()
    alphas = torch.cumprod(1 - betas, dim=0)
    assert torch.equal(loaded.model.prediction.sigmas, Discrete(alphas).sigmas)


def test_a_scale_in_the_file_counts(tmp_path: Path) -> None:
    path = save_ldm(tmp_path / "m.ckpt", "ldm-unconditional-f8", scale_factor=torch.tensor(0.22765929))
    assert opened(path).model.latent_format.scale == pytest.approx(0.22765929)


def test_the_average_of_the_weights_is_what_is_sampled_with(tmp_path: Path) -> None:
    tensors = ldm_tensors("ldm-unconditional")
    averages = {
        average_name(name): value + 0.5 for name, value in tensors.items() if name.startswith(NETWORK)
    }
    plain = opened(save_ldm(tmp_path / "plain.ckpt", "ldm-unconditional")).model.network
    averaged = opened(save_ldm(tmp_path / "ema.ckpt", "ldm-unconditional", **averages)).model.network
    assert isinstance(plain, nn.Module) and isinstance(averaged, nn.Module)
    for name, value in averaged.state_dict().items():
        assert torch.equal(value, plain.state_dict()[name] + 0.5), name


def test_an_incomplete_text_encoder_is_refused_by_name(tmp_path: Path) -> None:
    tensors = ldm_tensors("ldm-text")
    del tensors["cond_stage_model.transformer.norm.weight"]
    torch.save({"state_dict": tensors}, tmp_path / "m.ckpt")
    with pytest.raises(CheckpointError, match=r"lacks cond_stage_model\.transformer\.norm\.weight"):
        opened(tmp_path / "m.ckpt")


def test_a_first_stage_on_its_own_is_a_vae(tmp_path: Path) -> None:
    tensors = ldm_tensors("ldm-class")
    first = {name.removeprefix(VAE): value for name, value in tensors.items() if name.startswith(VAE)}
    torch.save(
        {"state_dict": {**first, "loss.discriminator.main.0.weight": torch.ones(2)}}, tmp_path / "vq.ckpt"
    )
    vae = load_vae(tmp_path / "vq.ckpt", precision=Precision.FLOAT32, device=CPU)
    assert isinstance(vae.module, VQModel) and vae.factor == 4
    assert vae.encode(torch.rand(1, 16, 24, 3)).shape == (1, 3, 4, 6)


def test_states_of_training_by_class_are_read_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in published files: the state of a callback is filed under its class, which nobody needs."""
    names = (
        "pytorch_lightning",
        "pytorch_lightning.callbacks",
        "pytorch_lightning.callbacks.model_checkpoint",
    )
    saved = type("ModelCheckpoint", (), {"__module__": names[-1]})
    with monkeypatch.context() as training:
        for name in names:
            training.setitem(sys.modules, name, ModuleType(name))
        setattr(sys.modules[names[-1]], "ModelCheckpoint", saved)  # noqa: B010
        content = {"callbacks": {saved: {"best": 1}}, "state_dict": ldm_tensors("ldm-unconditional")}
        torch.save(content, tmp_path / "m.ckpt")
    assert names[0] not in sys.modules
    assert opened(tmp_path / "m.ckpt").family == "ldm-unconditional"


# --- text ------------------------------------------------------------------------------------------


def test_a_prompt_is_bert_tokens_with_its_weights(checkpoints: Mapping[str, Path]) -> None:
    clip = opened(checkpoints["ldm-text"]).clip
    (chunk,) = clip.tokenize("A fox, (paintings:1.5) café foxes?")["bert"]
    # By hand, with the words at 1000 a, fox, whale, paint, ##ing, of, red, squirrel, ",", "!", cafe, ##s.
    ids = [101, 1000, 1001, 1008, 1003, 1004, 1011, 1010, 100, 100, 102]
    assert chunk.tokens == (*ids, *[0] * (77 - len(ids)))
    assert chunk.weights[4:7] == (1.5, 1.5, 1.5) and set(chunk.weights[7:]) == {1.0}
    plain, weighted, empty = (clip.encode(text).cond for text in ("a fox", "a (fox:1.5)", ""))
    assert plain.shape == (1, 77, 64)
    assert torch.allclose(weighted[0, 2], empty[0, 2] + 1.5 * (plain[0, 2] - empty[0, 2]), atol=1e-5)
    assert torch.allclose(weighted[0, 1], plain[0, 1], atol=1e-6)
    assert clip.encode("a fox " * 60).cond.shape == (1, 154, 64)
    scaled = clip.with_weighting(WEIGHTINGS["a1111"]).encode("a (fox:1.5)").cond
    assert torch.allclose(scaled[0, 2] / scaled[0, 1], 1.5 * plain[0, 2] / plain[0, 1], rtol=1e-3)
    earlier = clip.with_last_layer(-2).encode("a fox").cond
    assert not torch.allclose(earlier, plain, atol=1e-3)


def test_a_missing_or_foreign_vocabulary_is_asked_for(tmp_path: Path) -> None:
    clip = opened(save_ldm(tmp_path / "m.ckpt", "ldm-text")).clip
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nfox\n")
    with pytest.raises(
        CheckpointError, match=r"5 words and is not the vocabulary of 30522.*bert-base-uncased"
    ):
        clip.encode("a fox")
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"vocabulary is missing; put vocab.txt of .*bert-base-uncased"):
        clip.encode("a fox")


def test_a_model_that_reads_no_text_says_what_to_use(checkpoints: Mapping[str, Path]) -> None:
    named = {
        "ldm-class": "LDMClassLabel",
        "ldm-boxes": "LDMBoxes",
        "ldm-unconditional": "LDMUnconditional",
        "ldm-inpaint": "LDMInpaint",
        "ldm-super-resolution": "LDMSuperResolution",
    }
    for family, remedy in named.items():
        with pytest.raises(ValueError, match=remedy):
            opened(checkpoints[family]).clip.encode("a fox")


def test_text_for_a_network_that_reads_none_is_refused(checkpoints: Mapping[str, Path]) -> None:
    model = opened(checkpoints["ldm-unconditional"]).model
    text: list[Any] = [[torch.zeros(1, 77, 768), {}]]
    with pytest.raises(ValueError, match=r"768 wide, and unconditional latent diffusion reads none"):
        sample(
            model,
            text,
            text,
            {"samples": torch.zeros(1, 3, 8, 8)},
            seed=0,
            steps=1,
            cfg=1.0,
            sampler="euler",
            scheduler="normal",
        )


# --- end to end ------------------------------------------------------------------------------------


def their_vqvae(family: str) -> Any:
    config = MODELS[family].vae
    theirs = their_autoencoder(config)
    tensors = ldm_tensors(family)
    weights = {name.removeprefix(VAE): value for name, value in tensors.items() if name.startswith(VAE)}
    names = their_autoencoder_names(list(weights), len(config.widths))
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    theirs.load_state_dict(
        {names[name]: value.reshape(shapes[names[name]]) for name, value in weights.items()}
    )
    return theirs.eval()


def their_network(family: str) -> Any:
    config = MODELS[family].unet
    theirs = their_unet(config)
    tensors = ldm_tensors(family)
    weights = {
        name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)
    }
    theirs.load_state_dict(their_unet_weights(weights, config))
    return theirs.eval()


@torch.no_grad()
def test_super_resolution_draws_what_diffusers_pipeline_draws(checkpoints: Mapping[str, Path]) -> None:
    family = "ldm-super-resolution"
    start, end = MODELS[family].betas
    scheduler = DDIMScheduler(
        beta_start=start,
        beta_end=end,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    pipeline: Any = LDMSuperResolutionPipeline(their_vqvae(family), their_network(family), scheduler)
    pipeline.set_progress_bar_config(disable=True)
    small = noise(1, 3, 8, 8, seed=4).sigmoid()
    generator = torch.Generator().manual_seed(5)
    # The pipeline's preprocessing is for PIL; a tensor goes in as it is, in -1..1.
    theirs: Any = pipeline(
        small * 2 - 1, num_inference_steps=4, eta=0.0, generator=generator, output_type="np"
    ).images

    loaded = opened(checkpoints[family])
    shown: list[Any] = [[torch.zeros(1, 1, 0), {SMALL_PICTURE: small * 2 - 1}]]
    latent = sample_reference(
        loaded.model,
        shown,
        shown,
        {"samples": torch.zeros(1, 3, 8, 8)},
        seed=5,
        steps=4,
        scale=1.0,
    )
    ours = loaded.vae.decode(latent)
    assert ours.std() > 0.05 and relative(ours, torch.tensor(theirs)) < END_TO_END


@pytest.mark.parametrize("family", ["ldm-unconditional", "ldm-super-resolution"])
def test_a_folder_of_a_model_without_text_has_the_weights_of_the_single_file(
    family: str, checkpoints: Mapping[str, Path], tmp_path: Path
) -> None:
    their_network(family).save_pretrained(tmp_path / "unet")
    their_vqvae(family).save_pretrained(tmp_path / "vqvae")
    folder, single = opened(tmp_path), opened(checkpoints[family])
    assert folder.family == family
    for ours, theirs in zip(_modules(folder), _modules(single), strict=True):
        expected = theirs.state_dict()
        assert ours.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())
    assert torch.allclose(folder.model.prediction.sigmas, single.model.prediction.sigmas, rtol=1e-5)


CROSS: dict[str, Any] = {
    "block_out_channels": (32, 64),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": BERT.width,
    "attention_head_dim": 8,
    "sample_size": 8,
}


@torch.no_grad()
def test_a_folder_of_the_text_model_draws_what_diffusers_pipeline_draws(tmp_path: Path) -> None:
    """Guided, from the words to the picture: tokens, text encoder, network, autoencoder."""
    parts: dict[str, Any] = {
        "unet": cast("Any", UNet2DConditionModel)(**CROSS),
        "vqvae": their_autoencoder(MODELS["ldm-text"].vae),
        "bert": LDMBertModel(their_bert_config(BERT)),
    }
    for name, part in parts.items():
        part.load_state_dict({key: fill(f"{name}.{key}", v.shape) for key, v in part.state_dict().items()})
        part.eval().save_pretrained(tmp_path / name)
    scheduler: Any = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    scheduler.save_pretrained(tmp_path / "scheduler")
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    tokenizer: Any = cast("Any", BertTokenizer)(vocab=str(tmp_path / "tokenizer" / "vocab.txt"))
    pipeline: Any = LDMTextToImagePipeline(**parts, tokenizer=tokenizer, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    prompt = "A painting of a red squirrel, foxes!"
    theirs: Any = pipeline(
        prompt, num_inference_steps=4, guidance_scale=3.0, generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images  # fmt: skip

    loaded = opened(tmp_path)
    assert loaded.family == "ldm-text"
    told, untold = (_text_of(loaded, text) for text in (prompt, ""))
    latent = sample_reference(
        loaded.model, told, untold, {"samples": torch.zeros(1, 4, 8, 8)}, seed=5, steps=4, scale=3.0
    )
    ours = loaded.vae.decode(latent)
    assert ours.std() > 0.05 and relative(ours, torch.tensor(theirs)) < END_TO_END


def _text_of(loaded: Checkpoint, text: str) -> list[Any]:
    return [[loaded.clip.encode(text).cond, {}]]
