"""What each format of LoRA and LyCORIS does to a weight, against the reference's numbers and the papers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diffusion.adapters import Adapter
from diffusion.adapters.deltas import Delta, fits
from diffusion.adapters.formats import SPELLINGS, Malformed, deltas, split
from diffusion.checkpoint import CheckpointError
from tests.tensors import load_file

GOLDEN = load_file(Path(__file__).parents[1] / "golden" / "lora.safetensors")
CASES = sorted({tuple(name.split("/")[1:3]) for name in GOLDEN if name.startswith("case/")})
TOLERANCE = 2e-6
"""Of the golden numbers; ours are within 6e-8."""


def parts_of(kind: str, base: str) -> dict[str, Tensor]:
    """The tensors of one case by their part, read from names as a file would have them."""
    found: dict[str, Tensor] = {}
    for name, tensor in GOLDEN.items():
        if name.startswith(f"case/{kind}/{base}/"):
            ending = name.split("/", 3)[3]
            named = split("some.module" + (ending if ending.startswith("_") else f".{ending}"))
            assert named is not None and named[0] == "some.module"
            found[named[1]] = tensor
    return found


def delta_of(parts: Mapping[str, Tensor]) -> Delta:
    weight = deltas(parts).weight
    assert weight is not None
    return weight


def error(got: Tensor, expected: Tensor) -> float:
    assert got.shape == expected.shape
    return float((got - expected).abs().max() / max(1.0, float(expected.abs().max())))


@pytest.mark.parametrize(("kind", "base"), CASES)
def test_a_patched_weight_is_the_references(kind: str, base: str) -> None:
    delta, weight = delta_of(parts_of(kind, base)), GOLDEN[f"base/{base}"]
    before = weight.clone()
    assert fits(delta, tuple(weight.shape))
    strengths = [name for name in GOLDEN if name.startswith(f"out/{kind}/{base}/strength")]
    assert len(strengths) == 3
    for name in strengths:
        got = delta.applied(weight, float(name.rpartition("strength")[2]))
        assert error(got, GOLDEN[name]) <= TOLERANCE, name
    assert torch.equal(weight, before)


def test_adapters_add_up_in_their_order() -> None:
    weight = delta_of(parts_of("lora_kohya", "lin")).applied(GOLDEN["base/lin"], 0.8)
    weight = delta_of(parts_of("lokr_full", "lin")).applied(weight, 0.4)
    assert error(weight, GOLDEN["out/stacked/lin"]) <= TOLERANCE


def test_dora_of_peft_divides_by_the_norm_of_the_sum() -> None:
    """arXiv 2402.09353, equation 5: W' = m (W + BA) / ||W + BA||, here with m the norms of W's own rows."""
    up, down, weight = torch.randn(6, 2), torch.randn(2, 5), torch.randn(6, 5)
    magnitude = norms(weight)
    parts = {".lora_up.weight": up, ".lora_down.weight": down, ".magnitude": magnitude}
    got = delta_of(parts).applied(weight, 1.0)
    total = weight + up @ down
    assert torch.allclose(got, total * (magnitude / norms(total))[:, None], atol=1e-6)
    assert torch.allclose(norms(got), magnitude, atol=1e-5)


def norms(rows: Tensor) -> Tensor:
    return rows.square().sum(1).sqrt()


def test_a_kernel_of_1x1_and_a_flattened_one_are_the_same() -> None:
    delta = delta_of(parts_of("lora_conv1", "conv1"))
    assert fits(delta, (12, 8, 1, 1)) and fits(delta, (12, 8))
    assert not fits(delta, (8, 12)) and not fits(delta, (12, 8, 3, 3))


@pytest.mark.parametrize(
    ("ending", "part"),
    [
        (".lora_B.default.weight", ".lora_up.weight"),
        (".lora_linear_layer.down.weight", ".lora_down.weight"),
        ("_lora.up.weight", ".lora_up.weight"),
        (".lora_magnitude_vector.default.weight", ".magnitude"),
        (".dora_scale", ".dora_scale"),
        (".set_weight", ".set_weight"),
    ],
)
def test_every_trainers_ending_is_known(ending: str, part: str) -> None:
    assert split(f"unet.conv_in{ending}") == ("unet.conv_in", part)


def test_biases_norms_and_replacements_have_their_own_tensors() -> None:
    found = deltas({".w_norm": torch.full((4,), 2.0), ".b_norm": torch.full((4,), 3.0)})
    assert found.weight is not None and found.bias is not None
    assert torch.equal(found.weight.applied(torch.ones(4), 0.5), torch.full((4,), 2.0))
    assert torch.equal(found.bias.applied(torch.ones(4), -1.0), torch.full((4,), -2.0))
    given = torch.full((2, 2), 7.0)
    assert torch.equal(delta_of({".set_weight": given}).applied(torch.ones(2, 2), 0.1), given)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({".lora_up.weight": (8, 4)}, "lacks lora_down.weight"),
        ({".lora_up.weight": (8, 4), ".lora_down.weight": (3, 8)}, "cannot be multiplied"),
        ({".lora_up.weight": (8, 4), ".lora_down.weight": (4,)}, "no matrix"),
        ({".lora_up.weight": (8, 0), ".lora_down.weight": (0, 8)}, "cannot be multiplied"),
        ({".hada_w1_a": (8, 2), ".hada_w1_b": (2, 8), ".hada_w2_a": (8, 2)}, "lacks hada_w2_b"),
        ({".hada_w1_a": (8, 2), ".hada_w1_b": (2, 8), ".hada_w2_a": (4, 2), ".hada_w2_b": (2, 8)}, "factors"),
        ({".lokr_w1": (4, 4)}, "lacks lokr_w2_a"),
        ({".oft_blocks": (4, 3, 2)}, "oft_blocks"),
        ({".lora_up.weight": (8, 4), ".lora_down.weight": (4, 8), ".alpha": (3,)}, "alpha"),
    ],
)
def test_tensors_that_make_no_delta_are_refused(parts: dict[str, tuple[int, ...]], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        deltas({part: torch.zeros(shape) for part, shape in parts.items()})


def test_a_file_that_is_no_adapter_says_so() -> None:
    with pytest.raises(
        CheckpointError, match=r"checkpoint\.safetensors: its 1 tensors are of no LoRA format"
    ):
        Adapter.of({"model.diffusion_model.out.0.weight": torch.ones(3)}, Path("checkpoint.safetensors"))
    with pytest.raises(CheckpointError, match=r"cut\.safetensors: lora_unet_out_2: it lacks lora_down"):
        Adapter.of({"lora_unet_out_2.lora_up.weight": torch.ones(3, 1)}, Path("cut.safetensors"))


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4, 8]), max_size=4).map(tuple)
PARTS = st.dictionaries(st.sampled_from(sorted(set(SPELLINGS.values()))), SHAPES, min_size=1, max_size=6)


@settings(max_examples=300)
@given(PARTS, st.sampled_from([(8,), (8, 4), (4, 8, 1, 1), (8, 2, 3, 3)]))
def test_tensors_of_any_shapes_are_refused_or_change_the_weight_they_fit(
    parts: dict[str, tuple[int, ...]], shape: tuple[int, ...]
) -> None:
    try:
        found = deltas({part: torch.ones(size) for part, size in parts.items()})
    except Malformed:
        return
    for delta in found:
        if delta is not None and fits(delta, shape):
            assert delta.applied(torch.ones(shape), 0.5).shape == shape
