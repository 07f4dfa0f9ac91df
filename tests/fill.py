"""Deterministic pseudo-random weights for a checkpoint layout: the rule the golden numbers were made with.

A tensor depends on its name and shape alone: r = randn(shape) of a generator seeded with crc32(name), then

* 1-D gains are 1, biases 0.01 r, embeddings and other vectors 0.02 r, everything else r / sqrt(fan in);
* schedule buffers have their true values, position numbers count, `logit_scale` is 4.6052;
* four kinds of U-Net tensors get a structured part, so that it behaves roughly like a noise predictor.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

Layout = Mapping[str, Sequence[object]]
"""Tensor name to [shape, dtype], as in golden/layouts."""

UNET = "model.diffusion_model."
DTYPES = {"F16": torch.float16, "F32": torch.float32, "BF16": torch.bfloat16, "I64": torch.int64}
_EMBEDDING = re.compile(
    r"(token_embedding|position_embedding|shared)\.weight$|positional_embedding$|pos_embed$"
    r"|class_embedding$|relative_attention_bias\.weight$"
)


def fill_layout(layout: Layout, dtype: str | None = None) -> dict[str, Tensor]:
    """All tensors of a layout, in the layout's types or, but for buffers and position numbers, in `dtype`."""
    last = last_output_block(layout)
    tensors: dict[str, Tensor] = {}
    for name, (shape, stored) in layout.items():
        assert isinstance(shape, list) and isinstance(stored, str)
        kept = stored == "I64" or (name in BUFFERS and stored == "F32")
        wanted = DTYPES[stored if kept or dtype is None else dtype]
        tensors[name] = (
            fill(name, cast("list[int]", shape), last, integer=stored == "I64").to(wanted).contiguous()
        )
    return tensors


def fill(name: str, shape: Sequence[int], last: int | None = None, *, integer: bool = False) -> Tensor:
    """One tensor, float32. `last` is the number of the U-Net's last output block, None outside a U-Net."""
    shape = list(shape)
    if integer:
        return torch.arange(shape[-1]).expand(shape)
    if name in BUFFERS and shape == [1000]:
        return BUFFERS[name].float()
    if name.endswith("logit_scale"):
        return torch.full(shape, 4.6052)
    if len(shape) == 1 and name.endswith((".weight", ".scale")) and "weights" not in name:
        return torch.ones(shape)
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    if len(shape) == 1 and name.endswith("bias"):
        return drawn * 0.01
    if len(shape) < 2 or _EMBEDDING.search(name):
        return drawn * 0.02
    # OpenCLIP stores its text projection transposed.
    fan_in = shape[0] if name.endswith("model.text_projection") else math.prod(shape[1:])
    tensor = drawn / math.sqrt(fan_in)
    if last is None or not name.startswith(UNET):
        return tensor
    return _structured(name.removeprefix(UNET), tensor, last)


def _structured(name: str, tensor: Tensor, last: int) -> Tensor:
    """Let the signal through: in by a centre tap, past the last block by its skip, out by a centre tap."""
    if name == "input_blocks.0.0.weight":
        tensor *= 0.2
        for channel in range(tensor.shape[0]):
            tensor[channel, channel // 2 % 4, 1, 1] += _sign(channel)
    elif name == f"output_blocks.{last}.0.skip_connection.weight":
        tensor *= 0.2
        outer, inner = tensor.shape[:2]
        for channel in range(outer):
            tensor[channel, inner - outer + channel, 0, 0] += 1.0
    elif name == "out.2.weight":
        tensor *= 0.2
        pairs = tensor.shape[1] // 8
        for channel in range(tensor.shape[1]):
            tensor[channel // 2 % 4, channel, 1, 1] += _sign(channel) / pairs
    elif name.startswith(f"output_blocks.{last}.") and name.endswith(
        ("out_layers.3.weight", "proj_out.weight")
    ):
        tensor *= 0.2
    return tensor


def _sign(channel: int) -> float:
    return 1.0 if channel % 2 == 0 else -1.0


def last_output_block(names: Mapping[str, object]) -> int | None:
    """The number of the last output block of the U-Net among these tensors, None without a U-Net."""
    matches = (re.match(re.escape(UNET) + r"output_blocks\.(\d+)\.", name) for name in names)
    return max((int(match[1]) for match in matches if match), default=None)


def _schedule_buffers() -> dict[str, Tensor]:
    """What SD 1.x files store of the scaled-linear schedule (0.00085 to 0.012 in 1000 steps), float64."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = 1 - betas
    product = torch.cumprod(alphas, 0)
    before = torch.cat([torch.ones(1, dtype=torch.float64), product[:-1]])
    variance = betas * (1 - before) / (1 - product)
    return {
        "betas": betas,
        "alphas_cumprod": product,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": product.sqrt(),
        "sqrt_one_minus_alphas_cumprod": (1 - product).sqrt(),
        "log_one_minus_alphas_cumprod": (1 - product).log(),
        "sqrt_recip_alphas_cumprod": (1 / product).sqrt(),
        "sqrt_recipm1_alphas_cumprod": (1 / product - 1).sqrt(),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": variance.clamp(min=1e-20).log(),
        "posterior_mean_coef1": betas * before.sqrt() / (1 - product),
        "posterior_mean_coef2": (1 - before) * alphas.sqrt() / (1 - product),
    }


BUFFERS = _schedule_buffers()
