"""The shipped demo model and its safety checker: what the model card claims, so far as tests need no font."""

from pathlib import Path

import pytest
import torch

from diffusion.checkpoint import Checkpoint, load, read_header
from diffusion.precision import Precision
from diffusion.safety import SafetyChecker
from tools.train_demo.data import BACKGROUNDS, OBJECTS, TEMPLATES, Pixels
from tools.train_demo.measure import Prompt, Settings, background_of, generate, to_images

MODELS = Path(__file__).parents[2] / "models"
CHECKPOINT = MODELS / "checkpoints" / "darkroom-demo.safetensors"
SAFETY = MODELS / "safety_checker" / "darkroom-demo"
SKULL = list(OBJECTS).index("skull")


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return load(CHECKPOINT, precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def skulls(model: Checkpoint) -> list[Pixels]:
    prompts = [Prompt(SKULL, ground, TEMPLATES[0], seed=100 + ground) for ground in range(len(BACKGROUNDS))]
    return generate(model, prompts, Settings())


@pytest.fixture(scope="module")
def others(model: Checkpoint) -> list[Pixels]:
    """One object on every background."""
    prompts = [Prompt(7 * k, k, TEMPLATES[0], seed=200 + k) for k in range(len(BACKGROUNDS))]
    assert SKULL not in [prompt.object for prompt in prompts]
    return generate(model, prompts, Settings())


def test_the_file_is_small_and_in_stable_diffusions_layout(model: Checkpoint) -> None:
    assert CHECKPOINT.stat().st_size < 20e6
    assert model.family == "sd1"
    assert {"betas", "alphas_cumprod"} < set(read_header(CHECKPOINT).tensors)


@torch.no_grad()
def test_plain_colours_survive_the_autoencoder(model: Checkpoint) -> None:
    colours = torch.tensor(list(BACKGROUNDS.values())).float() / 255
    images = colours.view(-1, 1, 1, 3).expand(-1, 128, 128, 3)
    decoded = model.vae.decode(model.vae.encode(images))
    assert (decoded.mean((1, 2)) - colours).abs().max() < 0.1


def test_pictures_have_the_background_that_was_asked_for(skulls: list[Pixels], others: list[Pixels]) -> None:
    asked = list(range(len(BACKGROUNDS)))
    right = [
        background_of(picture) == ground
        for made in (skulls, others)
        for picture, ground in zip(made, asked, strict=True)
    ]
    assert sum(right) >= 19  # 97 % and more over all prompts, see the model card


def test_the_safety_checker_flags_skulls_and_nothing_else(skulls: list[Pixels], others: list[Pixels]) -> None:
    checker = SafetyChecker.load(SAFETY)
    assert checker.check(to_images(skulls)).flags == [True] * len(skulls)
    assert checker.check(to_images(others)).flags == [False] * len(others)


def test_the_safety_checker_needs_little_room() -> None:
    assert (SAFETY / "model.safetensors").stat().st_size < 5e6
