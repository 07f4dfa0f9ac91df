"""GLIGEN against diffusers: objects, fused layers, and whole guided runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from diffusion.checkpoint import Checkpoint, CheckpointError, load, placed
from diffusion.checkpoint.diffusers_names import unet_names
from diffusion.entries import prepare
from diffusion.families.sd1 import NETWORK
from diffusion.gligen import Box, Gligen, Place, load_gligen, transformer_widths
from diffusion.placement import CountedMemory, Placement
from diffusion.placement.weights import size_of
from diffusion.precision import Precision
from tests.diffusion.golden_networks import relative
from tests.diffusion.small import UNET_CONFIGS, save_family, small_tensors
from tests.diffusion.test_family_runs import END_TO_END, SHAPE, ours, theirs
from tests.tensors import save_file

CPU = torch.device("cpu")
PHRASES = torch.randn(2, 32, generator=torch.Generator().manual_seed(4))
# Rectangles of the 16 x 12 latent in cells, and the same as fractions: left, top, right, bottom.
BOXES = [Box(PHRASES[:1], 4, 6, 2, 1), Box(PHRASES[1:], 6, 8, 6, 8)]
FRACTIONS = [[1 / 16, 2 / 12, 7 / 16, 6 / 12], [8 / 16, 6 / 12, 16 / 16, 12 / 12]]


@pytest.fixture(scope="module")
def unet() -> Any:
    """Diffusers' U-Net with gated attention: the small SD 1.x with random layers between its attentions."""
    config, build = UNET_CONFIGS["sd1"], cast("Any", UNet2DConditionModel)
    unet = build(
        block_out_channels=config.widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=config.context_dim,
        attention_head_dim=8,
        attention_type="gated",
    ).eval()
    known = cast("Any", convert_ldm_unet_checkpoint)(small_tensors(), dict(unet.config))
    added = unet.load_state_dict(known, strict=False).missing_keys
    generator = torch.Generator().manual_seed(5)
    state = unet.state_dict()
    for name in sorted(added):
        state[name].copy_(
            torch.randn(state[name].shape, generator=generator) * (0.5 if "alpha" in name else 0.2)
        )
    return unet


def tensors_of(unet: Any) -> dict[str, Tensor]:
    """What diffusers' U-Net has more than a plain one, by the names of GLIGEN's own files."""
    state = unet.state_dict()
    names = unet_names([name for name in state if not name.startswith("position_net.")])
    added = {ours: state[stored].clone() for ours, stored in names.items() if ".fuser." in ours}
    return added | {name: value.clone() for name, value in state.items() if name.startswith("position_net.")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gligen")


@pytest.fixture(scope="module")
def gligen(unet: Any, folder: Path) -> Gligen:
    save_file(tensors_of(unet), folder / "gligen.safetensors")
    return load_gligen(folder / "gligen.safetensors", precision=Precision.FLOAT32, placement=Placement())


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Checkpoint:
    path = save_family(folder / "sd1.safetensors", "sd1")
    return load(path, precision=Precision.FLOAT32, device=CPU)


def their_boxes(count: int) -> dict[str, Any]:
    """The first boxes as diffusers' pipeline hands them over, filled up to 30 places."""
    boxes, phrases, masks = torch.zeros(1, 30, 4), torch.zeros(1, 30, 32), torch.zeros(1, 30)
    boxes[0, :count] = torch.tensor(FRACTIONS)[:count]
    phrases[0, :count], masks[0, :count] = PHRASES[:count], 1
    return {"boxes": boxes, "positive_embeddings": phrases, "masks": masks}


@pytest.mark.parametrize("count", [0, 1, 2])
@torch.no_grad()
def test_objects_are_those_of_diffusers(count: int, gligen: Gligen, unet: Any) -> None:
    got = gligen.objects(BOXES[:count], 12, 16)
    assert got.shape == (1, 30, 32)
    assert relative(got, unet.position_net(**their_boxes(count))) < 1e-5


def test_a_guided_run_makes_what_diffusers_makes(checkpoint: Checkpoint, gligen: Gligen, unet: Any) -> None:
    positive, negative = (checkpoint.clip.encode(text).cond for text in ("a red fox", "blurry"))
    options: Any = {"gligen": ("position", gligen, BOXES)}
    got = ours(checkpoint, [(positive, options)], [(negative, {})])
    sides = [
        {"encoder_hidden_states": text, "cross_attention_kwargs": {"gligen": their_boxes(count)}}
        for text, count in ((positive, 2), (negative, 0))
    ]
    assert relative(got, theirs(unet, "epsilon", *sides)) < END_TO_END
    plain = ours(checkpoint, [(positive, {})], [(negative, {})])
    assert relative(plain, got) > 10 * END_TO_END  # the boxes matter


def test_the_model_without_boxes_stays_as_it_was(checkpoint: Checkpoint, gligen: Gligen) -> None:
    text = checkpoint.clip.encode("a red fox").cond
    before = ours(checkpoint, [(text, {})], [(text, {})])
    ours(checkpoint, [(text, cast("Any", {"gligen": ("position", gligen, BOXES)}))], [(text, {})])
    assert torch.equal(ours(checkpoint, [(text, {})], [(text, {})]), before)


@pytest.mark.parametrize("share", [4.0, 0.8])
def test_layers_count_within_a_budget_and_give_the_same_numbers(
    share: float, checkpoint: Checkpoint, unet: Any, folder: Path, gligen: Gligen
) -> None:
    """With room for both networks, and with less than both take, so that layers pass through."""
    text = checkpoint.clip.encode("a red fox").cond
    with torch.inference_mode():
        expected = ours(checkpoint, [(text, boxed(gligen))], [(text, {})])
        networks = (cast("Any", checkpoint.model.network), gligen.network)
        weights = sum(size_of(network.parameters()) for network in networks)
        memory = CountedMemory(int(share * weights))
        place = Placement(CPU, memory, layer_bytes=2**17)
        small = load_gligen(folder / "gligen.safetensors", precision=Precision.FLOAT32, placement=place)
        within = replace(checkpoint, model=placed(checkpoint.model, place))
        got = ours(within, [(text, boxed(small))], [(text, {})])
    assert relative(got, expected) < 1e-5
    assert size_of(small.network.parameters()) < memory.peak <= share * weights


def boxed(gligen: Gligen) -> Any:
    return {"gligen": ("position", gligen, BOXES)}


def test_boxes_of_an_area_are_measured_by_the_area(checkpoint: Checkpoint, gligen: Gligen) -> None:
    text = checkpoint.clip.encode("x").cond
    options: Any = {"gligen": ("position", gligen, BOXES[:1]), "area": (6, 8, 0, 8)}
    positive, negative = prepare(checkpoint.model, [(text, options)], [[(text, {})]], torch.zeros(SHAPE))
    assert positive[0].told is not None and negative[0].told is not None
    assert torch.equal(positive[0].told, gligen.objects(BOXES[:1], 6, 8))
    assert all(torch.equal(cast("Tensor", entry.told), gligen.objects((), 1, 1)) for entry in negative)


def test_a_file_of_the_whole_unet_loads_as_well(unet: Any, gligen: Gligen, tmp_path: Path) -> None:
    whole = {f"model.{name}": value for name, value in tensors_of(unet).items()}
    plain = {name: value for name, value in small_tensors().items() if name.startswith(NETWORK)}
    whole |= {f"model.{name.removeprefix(NETWORK)}": value for name, value in plain.items()}
    save_file(whole, tmp_path / "x.safetensors")
    loaded = load_gligen(tmp_path / "x.safetensors", precision=Precision.FLOAT32, placement=Placement())
    for name, value in gligen.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], value), name


def test_layers_for_another_model_are_refused_before_anything_is_sampled(
    gligen: Gligen, checkpoint: Checkpoint, folder: Path
) -> None:
    path = save_family(folder / "sd2.safetensors", "sd2")
    other = load(path, precision=Precision.FLOAT32, device=CPU)
    text = other.clip.encode("x").cond
    options: Any = {"gligen": ("position", gligen, BOXES)}
    with pytest.raises(ValueError, match=r"does not belong to SD 2\.x: at input block 1 it is 32 wide"):
        ours(other, [(text, options)], [(text, {})])
    gligen.check(checkpoint.model)
    with pytest.raises(ValueError, match="does not belong"):
        gligen.check(replace(checkpoint.model, network=torch.nn.Identity()))


def test_too_many_boxes_and_foreign_phrases_are_refused(gligen: Gligen) -> None:
    with pytest.raises(ValueError, match="31 boxes and GLIGEN takes 30"):
        gligen.objects(BOXES[:1] * 31, 12, 16)
    with pytest.raises(ValueError, match="64 wide and this GLIGEN reads 32"):
        gligen.objects([Box(torch.zeros(1, 64), 1, 1, 0, 0)], 12, 16)


def test_a_file_without_layers_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match="holds no GLIGEN"):
        load_gligen(tmp_path / "x.safetensors", precision=Precision.FLOAT32, placement=Placement())


def test_every_attention_of_the_unet_has_layers_of_its_own(gligen: Gligen, checkpoint: Checkpoint) -> None:
    network: Any = checkpoint.model.network
    assert gligen.network.config.widths == transformer_widths(network)
    assert gligen.network.config.widths[Place("middle", 0, 0)] == 64
