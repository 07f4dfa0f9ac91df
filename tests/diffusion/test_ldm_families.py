"""The latent diffusion paper's checkpoints as CompVis pickled them: recognised, and loaded whole."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from diffusion.checkpoint.parts import load_vae
from diffusion.families.ldm import LDM
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.precision import Precision
from diffusion.timesteps import Discrete
from diffusion.unet import UNet
from diffusion.vq import VQModel
from tests.diffusion.small_ldm import MODELS, average_name, ldm_tensors, opened, save_ldm, schedule

CPU = torch.device("cpu")


@pytest.mark.parametrize("family", [family.name for family in LDM])
def test_a_pickled_checkpoint_is_its_family_and_no_other(family: str, ldm_files: Mapping[str, Path]) -> None:
    loaded = opened(ldm_files[family])
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
