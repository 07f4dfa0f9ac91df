"""The names trainers give a network's layers, against the published correspondences."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from diffusion.adapters.targets import NETWORK, Target, Targets, is_text
from diffusion.names import Shape, aliases

GOLDEN = Path(__file__).parents[1] / "golden"
PREFIX = "model.diffusion_model."
FAMILIES = ["sd15", "sdxl-base", "sd3-medium", "flux-dev"]


def shapes_of(family: str) -> dict[str, Shape]:
    """The parameters of a published network, by their names after the prefix."""
    layout = json.loads((GOLDEN / "layouts" / f"{family}.json").read_text(encoding="utf-8"))
    prefix = "" if family == "flux-dev" else PREFIX
    return {n.removeprefix(prefix): tuple(s) for n, (s, _) in layout.items() if n.startswith(prefix)}


def published(family: str) -> dict[str, Target]:
    """diffusers' names of what the network has."""
    shapes = shapes_of(family)
    entries: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / "lora-names.json.gz").read_bytes()))[
        family
    ]
    found: dict[str, Target] = {}
    for name, entry in entries.items():
        parts: list[Any] = [entry, None] if isinstance(entry, str) else entry
        parameter, rows, *swapped = parts
        weight = "" if name.endswith(".weight") else ".weight"
        if parameter + weight in shapes:
            rows = None if rows is None else (rows[1], rows[2])
            found[name + weight] = Target(parameter + weight, rows, bool(swapped))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_diffusers_names_are_the_published_ones(family: str) -> None:
    derived = {a.name: Target(a.parameter, a.rows, a.swapped) for a in aliases(shapes_of(family))}
    assert derived == published(family)
    assert len(derived) > 300


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_is_found_by_every_spelling_of_its_name(family: str) -> None:
    shapes = shapes_of(family)
    targets = Targets({NETWORK: shapes})
    for name, target in published(family).items():
        module = name.removesuffix(".weight")
        flat = module.replace(".", "_")
        for spelled in (
            *(module, f"unet.{module}", f"transformer.{module}", f"base_model.model.{module}"),
            *(f"lora_unet_{flat}", f"lycoris_{flat}", f"lora_transformer_{flat}"),
        ):
            assert targets.find(spelled) == (NETWORK, target), spelled
    for name in shapes:
        module, _, kind = name.rpartition(".")
        if kind == "weight":
            for spelled in (f"diffusion_model.{module}", f"lora_unet_{module.replace('.', '_')}"):
                assert targets.find(spelled) == (NETWORK, Target(name)), spelled


def test_attention_processors_of_early_diffusers_are_found() -> None:
    targets = Targets({NETWORK: shapes_of("sd15")})
    attention = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"
    original = "input_blocks.1.1.transformer_blocks.0.attn1"
    for early, layer in (("processor.to_q", "to_q"), ("processor.to_out", "to_out.0")):
        assert targets.find(f"{attention}.{early}") == (NETWORK, Target(f"{original}.{layer}.weight"))


TOWER = {"text_model.encoder.layers.3.mlp.fc1.weight": (64, 32), "text_projection.weight": (32, 32)}


@pytest.mark.parametrize(
    ("prefix", "towers", "meant"),
    [
        ("lora_te_", ["l"], "l"),
        ("lora_te_", ["h"], "h"),
        ("lora_te_", ["g"], "g"),
        ("lora_te1_", ["l", "g"], "l"),
        ("lora_te2_", ["l", "g"], "g"),
        ("text_encoder.", ["l", "g"], "l"),
        ("text_encoder_2.", ["l", "g"], "g"),
        ("text_encoders.clip_g.transformer.", ["l", "g"], "g"),
    ],
)
def test_text_encoders_go_by_their_number_or_name(prefix: str, towers: list[str], meant: str) -> None:
    targets = Targets({NETWORK: shapes_of("sd15"), **dict.fromkeys(towers, TOWER)})
    for layer in ("text_model.encoder.layers.3.mlp.fc1", "text_projection"):
        spelled = prefix + (layer.replace(".", "_") if prefix.startswith("lora_") else layer)
        assert targets.find(spelled) == (meant, Target(f"{layer}.weight"))
        assert is_text(spelled)
    assert targets.find(f"{prefix}text_model.encoder.layers.99.mlp.fc1") is None


def test_rows_of_a_fused_tensor_are_taken_and_put_back() -> None:
    whole = torch.arange(12.0).reshape(6, 2)
    target = Target("qkv.weight", (2, 2))
    assert torch.equal(target.take(whole), torch.tensor([[4.0, 5.0], [6.0, 7.0]]))
    put = target.put(torch.zeros(2, 2), whole)
    assert put[2:4].eq(0).all() and torch.equal(put[[0, 1, 4, 5]], whole[[0, 1, 4, 5]])
    assert target.bias() == Target("qkv.bias", (2, 2))
    swapped = Target("modulation.weight", swapped=True)
    assert torch.equal(swapped.take(whole)[:, 0], torch.tensor([6.0, 8, 10, 0, 2, 4]))
    assert torch.equal(swapped.put(swapped.take(whole), whole), whole)
