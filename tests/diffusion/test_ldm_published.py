"""The latent diffusion paper's published models, known by their headers: full size, not a byte of it."""

from __future__ import annotations

import random
from dataclasses import replace
from math import prod
from pathlib import Path

import pytest
import torch

from diffusion.checkpoint import Header, TensorInfo, identify
from diffusion.checkpoint.loader import load_file
from diffusion.families import FAMILIES
from diffusion.families.sd1 import NETWORK
from diffusion.precision import Precision
from diffusion.unet import UNet
from diffusion.vq import VQModel
from tests.diffusion.compvis_layout import PUBLISHED, Published, UNetLayout
from tests.diffusion.small_ldm import average_name, modules, schedule
from tests.diffusion.test_families import OnMeta

CPU = torch.device("cpu")


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
    used = sum(value.numel() for part in modules(loaded) for value in part.parameters())
    stored = sum(prod(shape) for name, shape in model.shapes().items() if not unneeded(model, name))
    assert used == stored


def unneeded(model: Published, name: str) -> bool:
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
