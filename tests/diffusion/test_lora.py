"""LoRAs attached to real networks: what changes, what never does, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from diffusion.adapters import Adapter, Patched, attach_lora
from diffusion.adapters.deltas import LowRank
from diffusion.checkpoint import Checkpoint, CheckpointError, load
from diffusion.model import DiffusionModel
from diffusion.precision import Precision
from diffusion.prediction import Eps
from diffusion.unet import UNet
from nodes.values import sizeof
from tests.diffusion.adapter_files import ATTENTION, FLAT, FLAT_MLP, MLP, for_everything, low_rank
from tests.diffusion.small import save_small
from tests.tensors import save_file

PATH = Path("style.safetensors")
NAMES = {"to_k": (FLAT, 32, 32), "mlp": (FLAT_MLP, 64, 32)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = save_small(tmp_path_factory.mktemp("small") / "small.safetensors")
    return load(path, precision=Precision.FLOAT32, device=torch.device("cpu"))


def attached(
    small: Checkpoint, tensors: Mapping[str, Tensor], model: float = 1.0, clip: float = 1.0
) -> Checkpoint:
    """The checkpoint with an adapter of which every layer fits."""
    found = attach_lora(small.model, small.clip, Adapter.of(tensors, PATH), model, clip)
    assert found.model is not None and found.clip is not None and found.unmatched == ()
    return replace(small, model=found.model, clip=found.clip)


@torch.no_grad()
def predicted(model: DiffusionModel) -> Tensor:
    source = torch.Generator().manual_seed(7)
    x, context = torch.randn(2, 4, 8, 8, generator=source), torch.randn(2, 77, 32, generator=source)
    return model.network(x.to(model.dtype), torch.tensor([700.0, 20.0]), context.to(model.dtype))


def weight(network: object, name: str) -> Tensor:
    return cast("nn.Module", network).get_parameter(name)


def test_attaching_and_letting_go_leaves_every_output_bit_equal(small: Checkpoint) -> None:
    model, cond = predicted(small.model), small.clip.encode("a (red:1.3) fox").cond
    state = {name: value.clone() for name, value in weights(small.model).items()}
    changed = attached(small, for_everything(small), 0.7, 0.4)
    other = predicted(changed.model)
    assert (other - model).abs().max() > 0.01
    assert (changed.clip.encode("a (red:1.3) fox").cond - cond).abs().max() > 0.01
    del changed
    assert torch.equal(predicted(small.model), model)
    assert torch.equal(small.clip.encode("a (red:1.3) fox").cond, cond)
    assert all(torch.equal(value, state[name]) for name, value in weights(small.model).items())


def weights(model: DiffusionModel) -> dict[str, Tensor]:
    return dict(cast("nn.Module", model.network).state_dict())


def test_models_with_other_loras_run_side_by_side_undisturbed(small: Checkpoint) -> None:
    models = [small, *(attached(small, for_everything(small, seed)) for seed in (1, 2, 3))]
    alone = [(predicted(one.model), one.clip.encode("a fox").cond) for one in models]
    fresh = [small, *(attached(small, for_everything(small, seed)) for seed in (1, 2, 3))]
    with ThreadPoolExecutor(8) as pool:
        both = [
            (pool.submit(predicted, one.model), pool.submit(one.clip.encode, "a fox")) for one in fresh * 4
        ]
        for place, (latent, encoding) in enumerate(both):
            assert torch.equal(latent.result(), alone[place % 4][0])
            assert torch.equal(encoding.result().cond, alone[place % 4][1])


def test_at_strength_zero_a_part_is_the_very_object(small: Checkpoint) -> None:
    adapter = Adapter.of(low_rank(NAMES.values()), PATH)
    assert attach_lora(small.model, small.clip, adapter, 0.0, 0.0)[:2] == (small.model, small.clip)
    model, clip, _ = attach_lora(small.model, small.clip, adapter, 0.0, 1.0)
    assert model is small.model and clip is not small.clip
    model, clip, _ = attach_lora(small.model, small.clip, adapter, 1.0, 0.0)
    assert model is not small.model and clip is small.clip


def test_only_named_weights_change_and_only_they_take_memory(small: Checkpoint) -> None:
    model = attached(small, low_rank(NAMES.values()), 0.5).model
    network = cast("Patched", model.network)
    assert network.bytes_to_come == 32 * 32 * 4
    predicted_size = sizeof((model,)).ram.bytes
    base, made = dict(network.base.named_parameters()), dict(network.module.named_parameters())
    assert [name for name in base if made[name] is not base[name]] == [f"{ATTENTION}.weight"]
    assert network.bytes_to_come == 0
    assert abs(sizeof((model,)).ram.bytes - predicted_size) < 1000
    assert predicted_size - sizeof((small.model,)).ram.bytes < 32 * 32 * 4 + 5000


def test_nothing_is_computed_before_the_network_runs(
    small: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[LowRank] = []
    multiply = LowRank.matrix

    def counted(self: LowRank, device: torch.device) -> Tensor:
        made.append(self)
        return multiply(self, device)

    monkeypatch.setattr(LowRank, "matrix", counted)
    twice = attached(attached(small, low_rank(NAMES.values())), low_rank(NAMES.values(), seed=1))
    assert made == []
    predicted(twice.model)
    assert len(made) == 2
    predicted(twice.model)
    assert len(made) == 2


def test_loras_in_a_row_add_up_in_float32_before_the_weight_is_rounded(small: Checkpoint) -> None:
    base = small.model
    half = replace(base, network=cast("UNet", base.network), dtype=torch.bfloat16)
    half = replace(half, network=_copy(cast("UNet", base.network)).to(torch.bfloat16))
    first, second = (low_rank([NAMES["to_k"]], seed=seed) for seed in (1, 2))
    one = attach_lora(half, None, Adapter.of(first, PATH), 0.3).model
    assert one is not None
    two = attach_lora(one, None, Adapter.of(second, PATH), -0.2).model
    assert two is not None and cast("Patched", two.network).base is half.network
    expected = weight(half.network, f"{ATTENTION}.weight").float()
    for tensors, strength in ((first, 0.3), (second, -0.2)):
        up, down = tensors[f"{FLAT}.lora_up.weight"], tensors[f"{FLAT}.lora_down.weight"]
        expected = expected + strength * (0.5 * (up @ down))  # alpha 1 over rank 2
    got = weight(two.network, f"{ATTENTION}.weight")
    assert got.dtype == torch.bfloat16
    assert torch.equal(got, expected.to(torch.bfloat16))


def _copy(network: UNet) -> UNet:
    made = UNet(network.config).eval()
    made.load_state_dict(network.state_dict())
    return made


DIFFUSERS = "down_blocks.0.attentions.0.transformer_blocks.0.attn2"
LYCORIS = f"lycoris_{DIFFUSERS.replace('.', '_')}_to_k"
TE1, NAMED = FLAT_MLP.replace("te_", "te1_"), f"text_encoders.clip_l.transformer.{MLP}"


@pytest.mark.parametrize(
    ("stem", "text", "up", "down"),
    [
        (FLAT, FLAT_MLP, ".lora_up.weight", ".lora_down.weight"),
        (f"diffusion_model.{ATTENTION}", NAMED, ".lora_B.weight", ".lora_A.weight"),
        (f"unet.{DIFFUSERS}.to_k", f"text_encoder.{MLP}", ".lora_B.default.weight", ".lora_A.default.weight"),
        (f"unet.{DIFFUSERS}.processor.to_k", f"text_encoder.{MLP}", "_lora.up.weight", "_lora.down.weight"),
        (f"{DIFFUSERS}.to_k", f"text_encoder.{MLP}", ".lora.up.weight", ".lora.down.weight"),
        (LYCORIS, TE1, ".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"),
    ],
    ids=["kohya", "original", "peft", "processor", "bare", "lycoris"],
)
def test_every_trainers_layout_of_one_lora_gives_the_same_weights(
    small: Checkpoint, stem: str, text: str, up: str, down: str
) -> None:
    kohya = low_rank(NAMES.values(), alpha=None)
    expected = attached(small, kohya, 0.6, 0.9)
    renamed = {
        name.replace(FLAT_MLP, text)
        .replace(FLAT, stem)
        .replace(".lora_up.weight", up)
        .replace(".lora_down.weight", down): value
        for name, value in kohya.items()
    }
    got = attached(small, renamed, 0.6, 0.9)
    assert torch.equal(predicted(got.model), predicted(expected.model))
    assert torch.equal(got.clip.encode("fox").cond, expected.clip.encode("fox").cond)


def test_norms_and_biases_change_where_a_file_has_them(small: Checkpoint) -> None:
    tensors = {
        "lora_unet_out_0.w_norm": torch.full((32,), 0.5),
        "lora_unet_conv_norm_out.b_norm": torch.full((32,), -0.25),
        "lora_unet_out_2.diff_b": torch.ones(4),
        f"{FLAT}.diff_b": torch.ones(32),
    }
    found = attach_lora(small.model, None, Adapter.of(tensors, PATH), 2.0)
    assert found.model is not None and found.unmatched == (f"{FLAT} (bias)",)  # keys have none
    for name, change in (("out.0.weight", 1.0), ("out.0.bias", -0.5), ("out.2.bias", 2.0)):
        before = weight(small.model.network, name)
        assert torch.equal(weight(found.model.network, name), before + change), name


def test_a_file_in_half_precision_is_read_as_it_is_stored(small: Checkpoint, tmp_path: Path) -> None:
    tensors = {name: value.half() for name, value in low_rank(NAMES.values()).items()}
    save_file(tensors, tmp_path / "half.safetensors")
    torch.save(tensors, tmp_path / "half.pt")
    read = [Adapter.read(tmp_path / name) for name in ("half.safetensors", "half.pt")]
    weights = [attach_lora(small.model, None, adapter, 0.5).model for adapter in read]
    expected = attached(small, {name: value.float() for name, value in tensors.items()}, 0.5).model
    for model in weights:
        assert model is not None
        assert torch.equal(predicted(model), predicted(expected))


def test_layers_that_fit_nothing_are_told_and_the_rest_is_attached(small: Checkpoint) -> None:
    tensors = low_rank([NAMES["to_k"], *((f"lora_unet_input_blocks_77_{n}", 8, 8) for n in range(5))])
    tensors["some.other.tensor"] = torch.ones(1)
    found = attach_lora(small.model, small.clip, Adapter.of(tensors, PATH))
    assert found.model is not small.model and found.clip is small.clip
    assert len(found.unmatched) == 6
    warning = found.warning("style")
    assert warning is not None
    assert warning.startswith("style: 6 of its layers fit nothing in the model and are left out (")
    assert warning.endswith(" and 3 more)") and "input_blocks_77" in warning
    # What is for a part that is not given is not missed.
    assert attach_lora(small.model, None, Adapter.of(low_rank(NAMES.values()), PATH)).unmatched == ()


def test_a_lora_for_text_encoders_alone_needs_one(small: Checkpoint) -> None:
    adapter = Adapter.of(low_rank([NAMES["mlp"]]), PATH)
    found = attach_lora(small.model, small.clip, adapter)
    assert found.model is small.model and found.clip is not small.clip
    with pytest.raises(CheckpointError, match="changes text encoders only, and none is given; use Load LoRA"):
        attach_lora(small.model, None, adapter)


class Joint(nn.Module):
    """The parameters of one block of Stable Diffusion 3's transformer, by their names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        attention = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        last = nn.ModuleDict({"adaLN_modulation": modulation, "linear": nn.Linear(width, width)})
        self.joint_blocks = nn.ModuleList([nn.ModuleDict({"x_block": nn.ModuleDict({"attn": attention})})])
        self.final_layer = last


def test_separate_layers_in_the_file_change_their_rows_of_the_fused_tensor() -> None:
    network = Joint(8)
    model = DiffusionModel(network, Eps())
    tensors = low_rank(
        [("transformer.transformer_blocks.0.attn.to_k", 8, 8), ("transformer.norm_out.linear", 16, 8)],
        alpha=None,
    )
    tensors["transformer.transformer_blocks.0.attn.to_v.diff_b"] = torch.ones(8)
    found = attach_lora(model, None, Adapter.of(tensors, PATH), 0.5)
    assert found.model is not None and found.unmatched == ()
    deltas = {
        name: tensors[f"transformer.{name}.lora_up.weight"] @ tensors[f"transformer.{name}.lora_down.weight"]
        for name in ("transformer_blocks.0.attn.to_k", "norm_out.linear")
    }
    changed, whole = found.model.network, network.get_parameter
    qkv = "joint_blocks.0.x_block.attn.qkv"
    expected = whole(f"{qkv}.weight").clone()
    expected[8:16] += 0.5 * deltas["transformer_blocks.0.attn.to_k"]
    assert torch.allclose(weight(changed, f"{qkv}.weight"), expected, atol=1e-7)
    bias = whole(f"{qkv}.bias").clone()
    bias[16:] += 0.5
    assert torch.allclose(weight(changed, f"{qkv}.bias"), bias, atol=1e-7)
    # The file has scale before shift, the network shift before scale.
    delta = deltas["norm_out.linear"]
    modulation = "final_layer.adaLN_modulation.1.weight"
    swapped = whole(modulation) + 0.5 * torch.cat([delta[8:], delta[:8]])
    assert torch.allclose(weight(changed, modulation), swapped, atol=1e-7)
