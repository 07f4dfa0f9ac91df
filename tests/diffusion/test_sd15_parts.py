"""Stable Diffusion 1.5's text encoder and autoencoder at full size, each from a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.checkpoint.parts import load_text_encoder, load_vae
from diffusion.precision import Precision
from diffusion.text import TextEncoder
from tests.diffusion.sd15 import COND, EXTRA, IMAGE, LATENT, NUMBERS, POSITIVE, error, save_filled
from tests.tensors import load_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    return load_file(NUMBERS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextEncoder]:
    folder = tmp_path_factory.mktemp("clip")
    path = save_filled("sd15", folder / "clip_l.safetensors", part="cond_stage_model.transformer.")
    yield load_text_encoder([path], "stable_diffusion", precision=Precision.FLOAT32, device=CPU)
    path.unlink()  # pytest would keep it for three runs


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vae]:
    folder = tmp_path_factory.mktemp("vae")
    path = save_filled("sd15", folder / "vae.safetensors", part="first_stage_model.")
    yield load_vae(path, precision=Precision.FLOAT32, device=CPU)
    path.unlink()


def prompts() -> dict[str, str]:
    with cast("Any", safe_open(NUMBERS, framework="pt")) as file:  # its stub says nothing of what it gives
        long = file.metadata()["long_prompt"]
    return {
        POSITIVE: POSITIVE,
        "empty": "",
        "weights": "a (red:1.3) car, [blue] sky, ((storm))",
        "long": long,
    }


@pytest.mark.parametrize("name", list(prompts()))
def test_prompts_encode_to_the_references_states(
    name: str, clip: TextEncoder, golden: dict[str, Tensor]
) -> None:
    cond, pooled = clip.encode(prompts()[name])
    assert error(cond, golden[f"clip/{name}/cond"]) <= COND
    assert error(pooled, golden[f"clip/{name}/pooled"]) <= COND


def test_clip_skip_gives_the_references_states(clip: TextEncoder, golden: dict[str, Tensor]) -> None:
    cond, pooled = clip.with_last_layer(-2).encode(POSITIVE)
    assert error(cond, golden[f"clip/{POSITIVE}, stop_at_clip_layer -2/cond"]) <= COND
    assert error(pooled, golden[f"clip/{POSITIVE}, stop_at_clip_layer -2/pooled"]) <= COND


def test_a_picture_becomes_the_references_latent(vae: Vae, golden: dict[str, Tensor]) -> None:
    expected = golden["vae/encoded"]
    assert error(vae.encode(golden["vae/image"]), expected) <= LATENT * float(expected.std())


def test_tiled_coding_equals_the_references(vae: Vae) -> None:
    extra = load_file(EXTRA)
    decoded, encoded = extra["tiled/decoded"].float(), extra["tiled/encoded"]
    picture = vae.decode_tiled(extra["tiled/latent"], tile=128, overlap=32)
    assert error(picture, decoded) <= IMAGE + 2**-12  # stored as float16: half a step below 1
    latent = vae.encode_tiled(decoded, tile=128, overlap=32)
    assert error(latent, encoded) <= LATENT * float(encoded.std())
