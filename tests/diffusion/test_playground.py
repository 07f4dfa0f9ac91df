"""Playground 2.5, SDXL's layout with other noise levels and latents: recognised, run and saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.schedulers.scheduling_edm_euler import EDMEulerScheduler
from torch import Tensor

from diffusion.checkpoint import Checkpoint, identify, load
from diffusion.checkpoint.folder import DiffusersFolder
from diffusion.checkpoint.parts import load_diffusion_model
from diffusion.checkpoint.writing import checkpoint_tensors, write_safetensors
from diffusion.families.sd1 import NETWORK
from diffusion.families.sdxl import PLAYGROUND, SDXL
from diffusion.noise import initial_noise
from diffusion.precision import Precision
from diffusion.prediction import Edm
from diffusion.sampling import sample
from tests.diffusion.golden_networks import relative
from tests.diffusion.small import UNET_CONFIGS, family_tensors
from tests.diffusion.test_diffusers_folder import saved
from tests.diffusion.test_families import changed, header
from tests.diffusion.test_family_runs import their_unet
from tests.tensors import save_file

CPU = torch.device("cpu")
SHAPE, STEPS, SCALE, SEED = (1, 4, 8, 12), 4, 3.0, 3
PARITY = 1e-3  # relative, over four guided steps in float32
MEANS, DEVIATIONS = [-1.5, 1.75, -1.25, 2.5], [8.5, 6.0, 6.5, 5.25]


def by_channel(values: list[float]) -> Tensor:
    return torch.tensor(values).reshape(1, -1, 1, 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("playground") / "playground.safetensors"
    statistics = {"edm_mean": by_channel(MEANS), "edm_std": by_channel(DEVIATIONS)}
    save_file({**family_tensors("sdxl"), **statistics}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(path: Path) -> Checkpoint:
    return load(path, precision=Precision.FLOAT32, device=CPU)


def test_it_is_told_from_sdxl_by_the_mean_of_its_latents() -> None:
    published = header("sdxl-base")
    assert identify(published).family is SDXL
    assert identify(changed(published, edm_mean=(1, 4, 1, 1), edm_std=(1, 4, 1, 1))).family is PLAYGROUND


@torch.no_grad()
def test_it_makes_what_diffusers_makes(checkpoint: Checkpoint) -> None:
    """Euler over the preconditioned network, and latents as diffusers' pipeline hands them to the VAE."""
    (positive, pooled), (negative, other) = (checkpoint.clip.encode(text) for text in ("a red fox", "grey"))
    got = sample(
        checkpoint.model,
        [(positive, {"pooled_output": pooled})],
        [(negative, {"pooled_output": other})],
        {"samples": torch.zeros(SHAPE)},
        seed=SEED,
        steps=STEPS,
        cfg=SCALE,
        sampler="euler",
        scheduler="karras",
    )
    scheduler: Any = EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=0.5)
    scheduler.set_timesteps(STEPS)
    unet = their_unet("sdxl", UNET_CONFIGS["sdxl"])
    # The run starts from the latent of zeros, which is not the mean of the latents.
    start = -by_channel(MEANS) * 0.5 / by_channel(DEVIATIONS)
    x = start + initial_noise(torch.Size(SHAPE), SEED, None) * scheduler.init_noise_sigma
    sizes = torch.tensor([[64, 96, 0, 0, 64, 96]])
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t)
        cond, uncond = (
            unet(scaled, t, context, added_cond_kwargs={"text_embeds": vector, "time_ids": sizes}).sample
            for context, vector in ((positive, pooled), (negative, other))
        )
        x = scheduler.step(uncond + SCALE * (cond - uncond), t, x).prev_sample
    expected = x * by_channel(DEVIATIONS) / 0.5 + by_channel(MEANS)
    assert relative(got, expected) < PARITY


def test_its_network_in_a_file_of_its_own_keeps_its_noise_levels(path: Path, tmp_path: Path) -> None:
    whole = family_tensors("sdxl")
    own = {name.removeprefix(NETWORK): value for name, value in whole.items() if name.startswith(NETWORK)}
    width = 1280 + 6 * 256  # what the vector of a full-size network tells it by
    own["label_emb.0.0.weight"] = torch.zeros(len(own["label_emb.0.0.weight"]), width)
    file = tmp_path / "network.safetensors"
    save_file({**own, "edm_mean": by_channel(MEANS), "edm_std": by_channel(DEVIATIONS)}, file)
    model = load_diffusion_model(file, precision=Precision.FLOAT32, device=CPU)
    assert model.family == PLAYGROUND.title and isinstance(model.prediction, Edm)
    assert model.latent_format.means == tuple(MEANS)


def test_a_saved_checkpoint_is_known_again(checkpoint: Checkpoint, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    with again.open("wb") as file:
        write_safetensors(file, checkpoint_tensors(checkpoint.model, checkpoint.clip, checkpoint.vae), {})
    loaded = load(again, precision=Precision.FLOAT32, device=CPU)
    assert loaded.family == "playground"
    assert loaded.model.latent_format == checkpoint.model.latent_format


def test_a_folder_says_in_its_settings_what_the_file_has_in_tensors(tmp_path: Path) -> None:
    scheduler = {
        "_class_name": "EDMDPMSolverMultistepScheduler",
        "prediction_type": "epsilon",
        "sigma_min": 0.01,
        "sigma_max": 60.0,
        "sigma_data": 0.25,
    }
    saved(tmp_path, "sdxl", scheduler)
    config = tmp_path / "vae" / "config.json"
    stated = {"latents_mean": MEANS, "latents_std": DEVIATIONS, "scaling_factor": 0.5}
    config.write_text(json.dumps({**json.loads(config.read_text()), **stated}))
    assert set(DiffusersFolder(tmp_path).header.tensors) >= {"edm_mean", "edm_std"}
    loaded = load(tmp_path, precision=Precision.FLOAT32, device=CPU)
    prediction = loaded.model.prediction
    assert loaded.family == "playground" and isinstance(prediction, Edm) and prediction.sigma_data == 0.25
    assert [float(end) for end in (prediction.sigma_min, prediction.sigma_max)] == pytest.approx([0.01, 60.0])
    assert loaded.model.latent_format.deviations == tuple(DEVIATIONS)
