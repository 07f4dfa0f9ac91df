"""Which types a policy gives on which device, and that the fast ones stay close to float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from diffusion.checkpoint import load
from diffusion.placement import choose_device
from diffusion.precision import Dtypes, Precision, fastest_sound_type
from tests.diffusion.small import save_small

CPU = torch.device("cpu")


def whatever_the_device(answer: object) -> Callable[[object], object]:
    """A question about a device that always has this answer."""

    def asked(device: object) -> object:
        return answer

    return asked


def length(x: Tensor) -> Tensor:
    """The Euclidean norm of all values."""
    return x.square().sum().sqrt()


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": False, "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_a_cpu_computes_in_bfloat16_only_if_it_multiplies_it(
    capabilities: dict[str, bool], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert Precision.AUTO.dtypes(CPU).network == expected


@pytest.mark.parametrize(
    ("name", "capability", "expected"),
    [
        ("NVIDIA H200", (9, 0), torch.bfloat16),
        ("NVIDIA A100-SXM4-40GB", (8, 0), torch.bfloat16),
        ("NVIDIA GeForce RTX 2080 Ti", (7, 5), torch.float16),
        ("NVIDIA GeForce GTX 1660 SUPER", (7, 5), torch.float32),
        ("NVIDIA GeForce GTX 1080", (6, 1), torch.float32),
    ],
)
def test_a_gpu_computes_in_the_best_type_it_has(
    name: str, capability: tuple[int, int], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", whatever_the_device(capability))
    monkeypatch.setattr(torch.cuda, "get_device_name", whatever_the_device(name))
    assert fastest_sound_type(torch.device("cuda:0")) == expected


def test_the_text_encoder_and_half_precision_autoencoders_stay_in_float32() -> None:
    assert Precision.FLOAT32.dtypes(CPU) == Dtypes(torch.float32, torch.float32, torch.float32)
    assert Precision.FP16.dtypes(CPU) == Dtypes(torch.float16, torch.float32, torch.float32)
    assert Precision.BF16.dtypes(CPU) == Dtypes(torch.bfloat16, torch.float32, torch.bfloat16)


def test_policies_go_by_the_names_people_type() -> None:
    assert [Precision(name) for name in ("auto", "float32", "bf16", "fp16")] == list(Precision)


def test_bfloat16_stays_close_to_float32(tmp_path: Path) -> None:
    path = save_small(tmp_path / "m.safetensors")
    exact = load(path, precision=Precision.FLOAT32, device=CPU)
    fast = load(path, precision=Precision.BF16, device=CPU)
    generator = torch.Generator().manual_seed(0)
    x, t = torch.randn(2, 4, 16, 16, generator=generator), torch.tensor([3.0, 700.0])
    context = exact.clip.encode("a cat").cond.expand(2, -1, -1)
    with torch.no_grad():
        reference = exact.model.network(x, t, context)
        result = fast.model.network(x.bfloat16(), t, context.bfloat16())
    assert result.dtype == torch.bfloat16
    # bfloat16 keeps 8 bits: rounding after each of some twenty layers adds up to a few per cent.
    assert length(result.float() - reference) / length(reference) < 0.03
    assert (fast.vae.decode(x) - exact.vae.decode(x)).abs().mean() < 2 / 255


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    assert choose_device("cpu") == CPU
    with pytest.raises(ValueError, match=r"no device 'xpu:7'.*available: cpu"):
        choose_device("xpu:7")
