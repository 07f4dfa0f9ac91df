"""What inpainting networks are shown of the mask and of the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.inpainting import MaskedPicture
from diffusion.model import SD1_LATENT, DiffusionModel
from diffusion.prediction import Eps
from diffusion.sampling import sample
from tests.diffusion.golden_networks import golden_values, relative
from tests.diffusion.test_unet import GOLDEN, golden_unet

GREY = torch.tensor([0.8223, -0.6876, 0.6364, 0.1380])
CHANNELS = MaskedPicture(SD1_LATENT)
PICTURE = torch.linspace(-3, 3, 2 * 4 * 8 * 8).reshape(2, 4, 8, 8)
NONE = torch.zeros(2, 4, 8, 8)


def half(size: int = 64) -> Tensor:
    """1 in the right half."""
    mask = torch.zeros(1, size, size)
    mask[..., size // 2 :] = 1
    return mask


def seen(options: dict[str, Any], latent: Tensor) -> tuple[Tensor, Tensor]:
    channels = CHANNELS(options, latent)["concat"]
    assert channels.shape == (2, 5, 8, 8)
    return channels[:, :1], channels[:, 1:]


@pytest.mark.parametrize("latent", [PICTURE, NONE])
def test_without_a_mask_all_is_to_be_drawn_and_grey_is_seen(latent: Tensor) -> None:
    mask, picture = seen({"noise_mask": None}, latent)
    assert mask.eq(1).all() and picture.eq(GREY[:, None, None]).all()


def test_the_conditionings_mask_and_picture_are_seen_scaled_for_the_network() -> None:
    options = {"concat_mask": half(), "concat_latent_image": PICTURE[:1], "noise_mask": torch.ones(1, 8, 8)}
    mask, picture = seen(options, NONE)
    assert mask.equal(half(8).expand(2, 1, 8, 8))
    assert torch.allclose(picture, (PICTURE[:1] * 0.18215).expand(2, -1, -1, -1))


def test_failing_these_the_runs_noise_mask_and_latent_are_seen() -> None:
    mask, picture = seen({"noise_mask": half()[:, None]}, PICTURE)
    assert mask.equal(half(8).expand(2, 1, 8, 8)) and picture.equal(PICTURE)
    assert seen({"noise_mask": half()}, NONE)[1].eq(GREY[:, None, None]).all()


def test_a_mask_is_cut_to_the_pictures_proportions_then_scaled_and_rounded() -> None:
    wide = torch.full((1, 16, 32), 0.4)
    wide[..., :8] = wide[..., 24:] = 1.0  # the margins beside the centred square
    wide[..., 8:16] = 0.6
    mask, _ = seen({"concat_mask": wide}, PICTURE)
    assert mask[..., :3].eq(1).all() and mask[..., 4:].eq(0).all()
    tall, _ = seen({"concat_mask": wide.mT}, PICTURE)
    assert tall.equal(mask.mT)


@torch.no_grad()
def test_further_channels_beside_the_latent_are_the_networks_input() -> None:
    values = golden_values("tiny-sd15-inpaint")
    x, channels = values["x"][:, :4], values["x"][:, 4:]
    out = golden_unet("tiny-sd15-inpaint")(x, values["t"], values["context"], concat=channels)
    assert relative(out, values["out"]) < GOLDEN


def test_a_run_shows_the_network_its_noise_mask_and_every_sides_picture() -> None:
    shown: list[Tensor] = []

    def network(x: Tensor, t: Tensor, context: Tensor, *, concat: Tensor) -> Tensor:
        shown.append(concat)
        return torch.zeros_like(x)

    model = DiffusionModel(network, Eps(), extra=CHANNELS)
    text = torch.zeros(1, 77, 8)
    own: Any = {"concat_mask": torch.ones(1, 8, 8), "concat_latent_image": NONE[:1]}
    latent: Any = {"samples": PICTURE, "noise_mask": half()[:, None]}
    settings: Any = {"seed": 0, "steps": 1, "cfg": 2.0, "sampler": "euler", "scheduler": "normal"}
    sample(model, [[text, own]], [[text, {}]], latent, **settings)
    negative, positive = shown[0].chunk(2)
    assert negative[:, :1].equal(half(8).expand(2, 1, 8, 8)) and torch.allclose(
        negative[:, 1:], PICTURE * 0.18215
    )
    assert positive[:, :1].eq(1).all() and positive[:, 1:].eq(0).all()


def test_a_regional_prompt_sees_its_part_of_the_mask() -> None:
    shown: list[Tensor] = []

    def network(x: Tensor, t: Tensor, context: Tensor, *, concat: Tensor) -> Tensor:
        shown.append(concat)
        return torch.zeros_like(x)

    model = replace(DiffusionModel(network, Eps()), extra=CHANNELS)
    region: Any = {"area": (8, 4, 0, 4)}  # the right half, all of it masked
    latent: Any = {"samples": PICTURE, "noise_mask": half()[:, None]}
    settings: Any = {"seed": 0, "steps": 1, "cfg": 1.0, "sampler": "euler", "scheduler": "normal"}
    sample(model, [[torch.zeros(1, 77, 8), region]], [], latent, **settings)
    assert shown[0].shape == (2, 5, 8, 4) and shown[0][:, :1].eq(1).all()
