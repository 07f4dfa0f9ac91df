"""OpenCLIP's text transformer, as its checkpoints name the tensors, from torch's own attention."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def to_openclip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A tower's weights by transformers' names, as OpenCLIP saves them."""
    found = {
        "token_embedding.weight": weights["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": weights["text_model.embeddings.position_embedding.weight"],
        "ln_final.weight": weights["text_model.final_layer_norm.weight"],
        "ln_final.bias": weights["text_model.final_layer_norm.bias"],
        "text_projection": weights["text_projection.weight"].T.contiguous(),
        "logit_scale": torch.tensor(4.6052),
    }
    layers = 1 + max(int(name.split(".")[3]) for name in weights if ".layers." in name)
    for n in range(layers):
        theirs, ours = f"text_model.encoder.layers.{n}", f"transformer.resblocks.{n}"
        for kind in ("weight", "bias"):
            for name, stored in _LAYER.items():
                found[f"{ours}.{stored}.{kind}"] = weights[f"{theirs}.{name}.{kind}"]
            parts = [weights[f"{theirs}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            found[f"{ours}.attn.in_proj_{kind}"] = torch.cat(parts)
    return found


def openclip_states(tensors: Mapping[str, Tensor], ids: Tensor, heads: int, layer: int) -> Tensor:
    """States [B, 77, W] after the layer that `layer` (-1 the last) counts, before any final normalisation."""
    x = tensors["token_embedding.weight"][ids] + tensors["positional_embedding"]
    width = x.shape[-1]
    future = torch.full((77, 77), float("-inf")).triu(1)
    layers = sum(name.endswith("ln_1.weight") for name in tensors)
    for n in range(layers + 1 + layer):
        at = {k.removeprefix(f"transformer.resblocks.{n}."): v for k, v in tensors.items()}
        attention = torch.nn.MultiheadAttention(width, heads, batch_first=True)
        attention.load_state_dict(
            {k.removeprefix("attn."): v for k, v in at.items() if k.startswith("attn.")}
        )
        normed = F.layer_norm(x, (width,), at["ln_1.weight"], at["ln_1.bias"])
        x = x + attention(normed, normed, normed, need_weights=False, attn_mask=future)[0]
        normed = F.layer_norm(x, (width,), at["ln_2.weight"], at["ln_2.bias"])
        hidden = F.gelu(F.linear(normed, at["mlp.c_fc.weight"], at["mlp.c_fc.bias"]))
        x = x + F.linear(hidden, at["mlp.c_proj.weight"], at["mlp.c_proj.bias"])
    return x
