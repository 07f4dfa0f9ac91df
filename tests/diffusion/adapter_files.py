"""Adapters made up for the small checkpoint: every layer they name is there, filled with seeded noise."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from diffusion.checkpoint import Checkpoint

ATTENTION = "input_blocks.1.1.transformer_blocks.0.attn2.to_k"
FLAT = "lora_unet_" + ATTENTION.replace(".", "_")
MLP = "text_model.encoder.layers.0.mlp.fc1"
FLAT_MLP = "lora_te_" + MLP.replace(".", "_")


def low_rank(
    stems: Iterable[tuple[str, int, int]], *, rank: int = 2, seed: int = 0, alpha: float | None = 1.0
) -> dict[str, Tensor]:
    """A kohya LoRA for the given (name, rows, columns)."""
    source = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for stem, rows, columns in stems:
        tensors[f"{stem}.lora_up.weight"] = torch.randn(rows, rank, generator=source)
        tensors[f"{stem}.lora_down.weight"] = torch.randn(rank, columns, generator=source) / columns**0.5
        if alpha is not None:
            tensors[f"{stem}.alpha"] = torch.tensor(alpha)
    return tensors


def for_everything(checkpoint: Checkpoint, seed: int = 0) -> dict[str, Tensor]:
    """A LoRA on every matrix and kernel of the network and the text encoder."""
    parts = {"lora_unet_": checkpoint.model.network, "lora_te_": checkpoint.clip.towers["l"].model}
    stems: list[tuple[str, int, int]] = []
    for prefix, network in parts.items():
        assert isinstance(network, torch.nn.Module)
        for name, value in network.named_parameters():
            if value.ndim in (2, 4) and "embedding" not in name:
                module = name.removesuffix(".weight").replace(".", "_")
                stems.append((prefix + module, value.shape[0], value[0].numel()))
    tensors = low_rank(stems, seed=seed)
    return {name: value * 0.3 if "lora_up" in name else value for name, value in tensors.items()}
