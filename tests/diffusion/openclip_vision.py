"""A vision encoder's weights as OpenCLIP names and stores them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_ENDS = {
    "class_embedding": "vision_model.embeddings.class_embedding",
    "positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "ln_post.weight": "vision_model.post_layernorm.weight",
    "ln_post.bias": "vision_model.post_layernorm.bias",
}
_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}


def to_openclip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of transformers' `CLIPVisionModelWithProjection`, as OpenCLIP saves them."""
    found = {theirs: weights[name] for theirs, name in _ENDS.items()}
    found["proj"] = weights["visual_projection.weight"].T.contiguous()
    layers = 1 + max(int(name.split(".")[3]) for name in weights if ".layers." in name)
    for n in range(layers):
        layer, block = f"vision_model.encoder.layers.{n}", f"transformer.resblocks.{n}"
        for kind in ("weight", "bias"):
            for theirs, name in _LAYER.items():
                found[f"{block}.{theirs}.{kind}"] = weights[f"{layer}.{name}.{kind}"]
            parts = [weights[f"{layer}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            found[f"{block}.attn.in_proj_{kind}"] = torch.cat(parts)
    return found
