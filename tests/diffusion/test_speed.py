"""What makes steps fast changes no result, and no step waits for a device."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from diffusion.adapters.patched import Changes, attach
from diffusion.conditioning import Conditioning
from diffusion.hooks import Hooks, Site
from diffusion.layers.attention import CrossAttention
from diffusion.layers.convolution import Conv2d, channels_last
from diffusion.layers.text import Text
from diffusion.masks import DifferentialDiffusion
from diffusion.model import DiffusionModel, Latent, Predictions
from diffusion.prediction import Eps
from diffusion.samplers import SAMPLERS
from diffusion.sampling import sample
from diffusion.unet import UNet
from tests.diffusion.small import UNET_CONFIG

WAITS = (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)
"""What needs values of a tensor in Python: on a GPU that waits for all work before it."""


def randomised(module: nn.Module) -> Any:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    for value in module.parameters():
        nn.init.normal_(value, std=0.05)
    return module.requires_grad_(False).eval()


@pytest.fixture(scope="module")
def network() -> UNet:
    return randomised(UNet(UNET_CONFIG))


def model_of(network: Any) -> DiffusionModel:
    return DiffusionModel(network, Eps())


def prompts(rows: int = 1) -> tuple[Conditioning, Conditioning]:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    return [(torch.randn(rows, 77, 32), {})], [(torch.randn(1, 77, 32), {})]


def run(
    model: DiffusionModel,
    sampler: str = "euler",
    batch: int = 1,
    rows: int = 1,
    steps: int = 3,
    conditioning: tuple[Conditioning, Conditioning] | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    positive, negative = conditioning or prompts(rows)
    latent: Latent = {"samples": torch.zeros(batch, 4, 8, 8)}
    if mask is not None:
        latent["noise_mask"] = mask
    return sample(
        model,
        positive,
        negative,
        latent,
        seed=0,
        steps=steps,
        cfg=5.0,
        sampler=sampler,
        scheduler="normal",
    )


# --- the prompt ----------------------------------------------------------------------------------


class Counted(nn.Module):
    """A projection that counts its calls."""

    calls = 0

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        Counted.calls += 1
        return self.inner(x)


KEYS = "middle_block.1.transformer_blocks.0.attn2.to_k"


@pytest.mark.parametrize(("batch", "rows"), [(1, 1), (3, 1), (2, 2)])
def test_the_prompt_is_read_once_a_run_and_the_result_is_the_same(
    network: UNet, batch: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = model_of(attach(network, Changes(wraps=((KEYS, Counted),))))
    Counted.calls = 0
    once = run(counted, batch=batch, rows=rows)
    assert Counted.calls == 1
    run(counted, batch=batch, rows=rows)
    assert Counted.calls == 2, "a second run reads its prompts itself"
    monkeypatch.setattr(UNet, "reads_text", False)
    torch.testing.assert_close(once, run(model_of(network), batch=batch, rows=rows), rtol=1e-4, atol=1e-4)


def test_hooks_on_what_attention_is_given_see_the_whole_batch_of_prompts(network: UNet) -> None:
    seen: list[tuple[int, ...]] = []

    def watch(q: Tensor, k: Tensor, v: Tensor, site: Site) -> tuple[Tensor, Tensor, Tensor]:
        seen.extend([tuple(k.shape)] if site.attention == "cross" else [])
        return q, k, v

    hooked = replace(model_of(network), hooks=Hooks(attention_inputs=(watch,)))
    result = run(hooked, batch=2, steps=1)
    assert set(seen) == {(4, 77, 32)}
    torch.testing.assert_close(result, run(model_of(network), batch=2, steps=1), rtol=1e-4, atol=1e-4)


def test_of_prompts_that_take_turns_only_the_one_whose_turn_it_is_stays_in_memory(network: UNet) -> None:
    kept: list[int] = []

    def look(denoised: Tensor, seen: Predictions) -> Tensor:
        kept.append(len(run_of.texts or ()))
        return denoised

    def start(model: DiffusionModel) -> DiffusionModel:
        nonlocal run_of
        run_of = model
        return model

    run_of = replace(model_of(network), after_guidance=(look,), per_run=(start,))
    [(prompt, _)], negative = prompts()
    turns: Conditioning = [
        (prompt + turn, {"start_percent": turn / 4, "end_percent": (turn + 1) / 4}) for turn in range(4)
    ]
    run(run_of, steps=8, conditioning=(turns, negative))
    assert len(kept) == 8
    assert 1 <= max(kept) <= 2


def test_every_attention_has_a_place_of_its_own_in_a_text(network: UNet) -> None:
    text = Text(torch.randn(2, 77, 32))
    network.read(text)
    assert len(text.kept) == sum(isinstance(m, CrossAttention) for m in network.modules()) // 2


# --- convolution ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3), (4, 4), (5, 3)])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_small_map_is_convolved_as_a_large_one(
    height: int, width: int, order: torch.memory_format, dtype: torch.dtype
) -> None:
    layer = randomised(Conv2d(8, 80, 3, padding=1)).to(dtype)
    channels_last(layer)
    x = torch.randn(2, 8, height, width).to(dtype, memory_format=order)
    assert layer._small(x)
    expected = F.conv2d(x.double(), layer.weight.double(), layer.bias.double(), padding=1)
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(layer(x).double(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2, "padding": 1},
        {"padding": 0},
        {"padding": 1, "padding_mode": "circular"},
        {"padding": 1, "groups": 2},
    ],
)
def test_other_convolutions_are_computed_as_ever(options: Mapping[str, Any]) -> None:
    layer, plain = (randomised(kind(8, 80, 3, **options)) for kind in (Conv2d, nn.Conv2d))
    channels_last(layer)
    x = torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(layer(x), plain(x))


def test_channels_last_order_leaves_names_and_values(network: UNet) -> None:
    ordered = randomised(UNet(UNET_CONFIG))
    channels_last(ordered)
    assert ordered.input_blocks[0][0].weight.is_contiguous(memory_format=torch.channels_last)
    for name, value in network.state_dict().items():
        assert torch.equal(ordered.state_dict()[name], value), name
    torch.testing.assert_close(run(model_of(ordered)), run(model_of(network)), rtol=1e-4, atol=1e-4)


# --- waiting -------------------------------------------------------------------------------------


class Waiting(TorchDispatchMode):
    """Finds what asks for values of tensors that a network's results went into; noise levels may be read."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.there = WeakTensorKeyDictionary()
        self.asked: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        on_device = any(tensor in self.there for tensor in given)
        if on_device and func in WAITS:
            self.asked.append("".join(traceback.format_stack()[-4:-1]))
        result = func(*args, **(kwargs or {}))
        if on_device:
            for leaf in tree_leaves(result):
                if isinstance(leaf, Tensor):
                    self.there[leaf] = True
        return result


ADAPTIVE = {"dpm_adaptive": "its step size depends on the error it made"}


@pytest.mark.parametrize("sampler", sorted(SAMPLERS.keys() - ADAPTIVE.keys()))
def test_no_step_waits_for_the_device(sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watched(monkeypatch, sampler=sampler)


def test_no_step_with_masks_and_regions_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    [(prompt, _)], negative = prompts()
    regions: Conditioning = [
        (prompt, {"area": (4, 8, 0, 0)}),
        (prompt, {"mask": torch.rand(1, 8, 8), "set_area_to_bounds": True, "end_percent": 0.5}),
        (prompt, {"default": True}),
    ]
    watched(monkeypatch, conditioning=(regions, negative), mask=torch.rand(1, 1, 8, 8))


def watched(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """A run whose steps must ask for no values."""
    watch = Waiting()

    def network(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        out = 0.9 * x + 0.1 * torch.tanh(context.mean())
        watch.there[out] = True
        return out

    # The look for NaN comes at the end of a run where looking means waiting; this machine has no such device.
    for name in ("_read", "finish"):
        monkeypatch.setattr(f"diffusion.sampling._Watch.{name}", Mock())
    with watch:
        model = replace(model_of(network), mask_schedule=DifferentialDiffusion())
        result = run(model, steps=4, **options)
    assert result in watch.there, "the watch has followed the state to the end"
    assert not watch.asked, "\n".join(watch.asked)


def test_the_watch_finds_what_waits() -> None:
    watch = Waiting()
    with watch:
        x = torch.ones(2)
        watch.there[x] = True
        float((x * 2).sum())
    assert len(watch.asked) == 1
