"""Stable Diffusion 1.5 at full size against the reference: from the prompt to the bytes saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.adapters import Adapter, attach_lora
from diffusion.checkpoint import Checkpoint, load
from diffusion.conditioning import Conditioning, Options
from diffusion.control import ControlModel, apply_control, load_control
from diffusion.mixing import average, concatenate
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.sampling import sample
from nodes.inpaint import vae_encode_for_inpaint
from tests.diffusion.sd15 import (
    COND,
    CONTROL,
    EXTRA,
    GOLDEN,
    IMAGE,
    LATENT,
    NUMBERS,
    POSITIVE,
    UNET,
    error,
    save_filled,
)
from tests.tensors import load_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Pair = tuple[Conditioning, Conditioning]


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    return load_file(NUMBERS)


@pytest.fixture(scope="module")
def extra() -> dict[str, Tensor]:
    return load_file(EXTRA)


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    path = save_filled("sd15", tmp_path_factory.mktemp("sd15") / "sd15.safetensors")
    yield load(path, precision=Precision.FLOAT32, device=torch.device("cpu"))
    path.unlink()  # 2.1 GB that pytest would keep for three runs


@pytest.fixture(scope="module")
def conditionings(sd15: Checkpoint) -> Pair:
    positive, negative = (sd15.clip.encode(prompt).cond for prompt in (POSITIVE, ""))
    return [(positive, {})], [(negative, {})]


def sampled(model: DiffusionModel, positive: Conditioning, negative: Conditioning, **more: Any) -> Tensor:
    """Four steps from noise of 16 by 16, or as told."""
    usual: dict[str, Any] = {
        "latent": {"samples": torch.zeros(1, 4, 16, 16)},
        "seed": 1,
        "sampler": "euler",
        "scheduler": "normal",
    }
    return sample(model, positive, negative, **{**usual, **more}, steps=4, cfg=7.5)


def test_one_call_of_the_unet(sd15: Checkpoint, golden: dict[str, Tensor]) -> None:
    with torch.no_grad():
        out = sd15.model.network(golden["unet/x"], golden["unet/t"], golden["unet/context"])
    assert error(out, golden["unet/out"]) <= UNET


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("sampler", "scheduler"), [("euler", "normal"), ("dpmpp_2m", "karras")])
def test_a_seed_gives_the_references_picture(
    sampler: str,
    scheduler: str,
    seed: int,
    sd15: Checkpoint,
    conditionings: Pair,
    golden: dict[str, Tensor],
) -> None:
    key = f"{sampler}_{scheduler}_seed{seed}"
    denoised: list[Tensor] = []

    def note(step: int, total: int, prediction: Tensor, x: Tensor) -> None:
        denoised.append(prediction.clone())

    latent = sampled(
        sd15.model, *conditionings, seed=seed, sampler=sampler, scheduler=scheduler, on_step=note
    )
    first, expected = golden[f"{key}/first_denoised"], golden[f"{key}/latent"]
    assert error(denoised[0], first) <= LATENT * float(first.std())
    assert error(latent, expected) <= LATENT * float(expected.std())
    picture = sd15.vae.decode(latent)
    assert error(picture, golden[f"{key}/image"]) <= IMAGE
    saved = (picture * 255).clamp(0, 255).to(torch.uint8)  # truncated, as the save node does
    off = (saved.int() - golden[f"{key}/image_u8"].int()).abs()
    assert int(off.max()) <= 1 and float((off > 0).float().mean()) <= 0.002


def test_a_mask_keeps_the_picture_outside_it(
    sd15: Checkpoint, conditionings: Pair, extra: dict[str, Tensor]
) -> None:
    given = {"samples": extra["inpaint/latent_plain"], "noise_mask": extra["inpaint/mask"][None]}
    how = {"sampler": "dpmpp_2m", "scheduler": "karras", "denoise": 0.8}
    latent = sampled(sd15.model, *conditionings, latent=given, seed=3, **how)
    expected = extra["inpaint_setmask/latent"]
    assert error(latent, expected) <= LATENT * float(expected.std())


def test_prompts_mixed_joined_and_cut_short_give_the_references_latents(
    sd15: Checkpoint, conditionings: Pair, extra: dict[str, Tensor]
) -> None:
    positive, negative = conditionings
    other = [(sd15.clip.encode("a wide green field").cond, Options())]
    cases: dict[str, Conditioning] = {
        "cond_average": average(positive, other, 0.6),
        "cond_concat": concatenate(positive, other),
        "clip_skip2": [(sd15.clip.with_last_layer(-2).encode(POSITIVE).cond, {})],
    }
    for name, prompted in cases.items():
        latent = sampled(sd15.model, prompted, negative)
        expected = extra[f"{name}/latent"]
        assert error(latent, expected) <= LATENT * float(expected.std()), name


def test_encoding_for_inpainting_and_sampling_equal_the_references(
    sd15: Checkpoint, conditionings: Pair, extra: dict[str, Tensor]
) -> None:
    encoded = vae_encode_for_inpaint(pixels=extra["inpaint/image"], vae=sd15.vae, mask=extra["inpaint/mask"])
    expected = extra["inpaint/encoded"]
    assert error(encoded["samples"], expected) <= LATENT * float(expected.std())
    assert encoded.get("noise_mask", torch.empty(0)).equal(extra["inpaint/noise_mask"])
    latent = sampled(sd15.model, *conditionings, latent=encoded, seed=3)
    expected = extra["inpaint_encode/latent"]
    assert error(latent, expected) <= LATENT * float(expected.std())


def test_a_lora_gives_the_references_states_and_latent_and_leaves_the_model_as_it_was(
    sd15: Checkpoint,
    conditionings: Pair,
    golden: dict[str, Tensor],
) -> None:
    expected = load_file(GOLDEN / "sd15-lora-e2e.safetensors")
    adapter = Adapter.read(GOLDEN / "sd15-lora.safetensors")
    model, clip, unmatched = attach_lora(sd15.model, sd15.clip, adapter, 0.8, 0.5)
    assert model is not None and clip is not None and unmatched == ()
    cond = clip.encode(POSITIVE).cond
    assert error(cond, expected["lora/cond"]) <= COND
    latent = sampled(model, [(cond, {})], [(clip.encode("").cond, {})])
    assert error(latent, expected["lora/latent"]) <= LATENT * float(expected["lora/latent"].std())
    assert torch.equal(sd15.clip.encode(POSITIVE).cond, conditionings[0][0][0])
    with torch.no_grad():
        out = sd15.model.network(golden["unet/x"], golden["unet/t"], golden["unet/context"])
    assert error(out, golden["unet/out"]) <= UNET


@pytest.fixture
def controlnet(tmp_path: Path) -> Iterator[ControlModel]:
    path = save_filled("sd15-controlnet", tmp_path / "control.safetensors")
    yield load_control(path, precision=Precision.FLOAT32, placement=Placement())
    path.unlink()


def test_a_controlnet_steers_as_the_references_does(
    sd15: Checkpoint, conditionings: Pair, controlnet: ControlModel
) -> None:
    expected = load_file(GOLDEN / "control.safetensors")
    hint, text = expected["controlnet/hint"], conditionings[0][0][0]
    fitted = controlnet.fit(sd15.model)
    features = fitted.read(hint.movedim(-1, 1), None)
    added = fitted.steer(expected["controlnet/x"], expected["controlnet/t"], text, {}, features)
    middle = expected["controlnet/middle"]
    assert added.middle is not None and error(added.middle, middle) <= CONTROL * float(middle.std())
    for skip, (mean, std) in zip(added.skips, expected["controlnet/mean_std"], strict=True):
        assert skip is not None
        assert abs(float(skip.mean() - mean)) <= CONTROL * float(std)
        assert abs(float(skip.std() - std)) <= CONTROL * float(std)
    positive, negative = apply_control(conditionings, controlnet, hint, 0.6, end=0.5)
    latent = sampled(sd15.model, positive, negative)
    wanted = expected["controlnet/latent"]
    assert error(latent, wanted) <= CONTROL * float(wanted.std())
