"""Checkpoints are recognised by header alone; fixtures are the published layouts' names and shapes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from diffusion.checkpoint import CheckpointError, Header, TensorInfo, identify
from diffusion.families import FAMILIES
from diffusion.families.sd1 import NETWORK, SD1, TEXT

LAYOUTS = Path(__file__).parents[1] / "golden" / "layouts"
FOREIGN = {
    "sd15-inpaint": "U-Net input of 4 channels",  # nine: the mask and the masked picture beside the latent
    "sd21-v": "no CLIP text encoder",
    "sdxl-base": "no CLIP text encoder",
    "sdxl-refiner": "no CLIP text encoder",
    "sd3-medium": "no U-Net input",
    "flux-dev": "no U-Net input",
    "sd15-safety-checker": "no autoencoder",
}


def header(name: str) -> Header:
    """A published layout as a header, its tensors in random order."""
    layout = json.loads((LAYOUTS / f"{name}.json").read_text(encoding="utf-8"))
    entries = list(layout.items())
    random.Random(name).shuffle(entries)
    tensors = {name: TensorInfo(dtype, tuple(shape), 0, 0) for name, (shape, dtype) in entries}
    return Header(Path(f"{name}.safetensors"), tensors)


def changed(original: Header, **tensors: tuple[int, ...] | None) -> Header:
    kept = {name: info for name, info in original.tensors.items() if name not in tensors}
    new = {name: TensorInfo("F16", shape, 0, 0) for name, shape in tensors.items() if shape is not None}
    return replace(original, tensors={**kept, **new})


def test_stable_diffusion_1_is_recognised() -> None:
    assert identify(header("sd15")).family is SD1


@pytest.mark.parametrize("name", FOREIGN)
def test_another_family_is_refused_saying_what_was_looked_for(name: str) -> None:
    with pytest.raises(CheckpointError, match=FOREIGN[name]) as caught:
        identify(header(name))
    assert all(family.name in caught.value.reason for family in FAMILIES)


@pytest.mark.parametrize("name", ["model_ema.decay", "model_ema.diffusion_modelout2weight", "extra.weight"])
def test_further_tensors_do_not_hide_the_family(name: str) -> None:
    assert identify(changed(header("sd15"), **{name: (4,)})).family is SD1


def test_schedule_buffers_and_position_numbers_are_not_needed() -> None:
    original = header("sd15")
    unneeded = [name for name in original.tensors if "." not in name or name.endswith("position_ids")]
    assert len(unneeded) == 13
    assert identify(changed(original, **dict.fromkeys(unneeded))).family is SD1


def test_a_text_encoder_of_another_width_than_the_unet_reads_is_refused() -> None:
    mixed = changed(header("sd15"), **{f"{TEXT}embeddings.token_embedding.weight": (49408, 1024)})
    with pytest.raises(CheckpointError, match="U-Net reads 768 where the text encoder is 1024 wide"):
        identify(mixed)


def test_a_wrong_size_is_named_with_what_was_expected() -> None:
    odd = changed(header("sd15"), **{f"{NETWORK}out.2.weight": (8, 320, 3, 3)})
    with pytest.raises(CheckpointError, match="is 8x320x3x3, not 4x"):
        identify(odd)


def test_a_checkpoint_that_two_families_claim_is_refused_in_any_order() -> None:
    twin = replace(SD1, name="twin")
    for families in ([SD1, twin], [twin, SD1]):
        with pytest.raises(CheckpointError, match="more than one"):
            identify(header("sd15"), families)
