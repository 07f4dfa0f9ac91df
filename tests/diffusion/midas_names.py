"""The names MiDaS gives the tensors of DPT-Hybrid, by rules from transformers' names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_RULES = (
    (
        r"^dpt\.embeddings\.backbone\.bit\.embedder\.convolution",
        "pretrained.model.patch_embed.backbone.stem.conv",
    ),
    (r"^dpt\.embeddings\.backbone\.bit\.embedder\.norm", "pretrained.model.patch_embed.backbone.stem.norm"),
    (
        r"^dpt\.embeddings\.backbone\.bit\.encoder\.stages\.(\d+)\.layers\.(\d+)\.",
        r"pretrained.model.patch_embed.backbone.stages.\1.blocks.\2.",
    ),
    (r"^dpt\.embeddings\.projection", "pretrained.model.patch_embed.proj"),
    (r"^dpt\.embeddings\.cls_token", "pretrained.model.cls_token"),
    (r"^dpt\.embeddings\.position_embeddings", "pretrained.model.pos_embed"),
    (r"^dpt\.encoder\.layer\.(\d+)\.attention\.output\.dense", r"pretrained.model.blocks.\1.attn.proj"),
    (r"^dpt\.encoder\.layer\.(\d+)\.intermediate\.dense", r"pretrained.model.blocks.\1.mlp.fc1"),
    (r"^dpt\.encoder\.layer\.(\d+)\.output\.dense", r"pretrained.model.blocks.\1.mlp.fc2"),
    (r"^dpt\.encoder\.layer\.(\d+)\.layernorm_before", r"pretrained.model.blocks.\1.norm1"),
    (r"^dpt\.encoder\.layer\.(\d+)\.layernorm_after", r"pretrained.model.blocks.\1.norm2"),
    (r"^dpt\.layernorm", "pretrained.model.norm"),
    (r"^neck\.reassemble_stage\.readout_projects\.2\.0", "pretrained.act_postprocess3.0.project.0"),
    (r"^neck\.reassemble_stage\.readout_projects\.3\.0", "pretrained.act_postprocess4.0.project.0"),
    (r"^neck\.reassemble_stage\.layers\.2\.projection", "pretrained.act_postprocess3.3"),
    (r"^neck\.reassemble_stage\.layers\.3\.projection", "pretrained.act_postprocess4.3"),
    (r"^neck\.reassemble_stage\.layers\.3\.resize", "pretrained.act_postprocess4.4"),
    (r"^neck\.convs\.0", "scratch.layer1_rn"),
    (r"^neck\.convs\.1", "scratch.layer2_rn"),
    (r"^neck\.convs\.2", "scratch.layer3_rn"),
    (r"^neck\.convs\.3", "scratch.layer4_rn"),
    (r"^neck\.fusion_stage\.layers\.0", "scratch.refinenet4"),
    (r"^neck\.fusion_stage\.layers\.1", "scratch.refinenet3"),
    (r"^neck\.fusion_stage\.layers\.2", "scratch.refinenet2"),
    (r"^neck\.fusion_stage\.layers\.3", "scratch.refinenet1"),
    (r"(scratch\.refinenet\d)\.projection", r"\1.out_conv"),
    (r"\.residual_layer(\d)\.convolution(\d)", r".resConfUnit\1.conv\2"),
    (r"^head\.head\.", "scratch.output_conv."),
)
_ATTENTION = re.compile(r"dpt\.encoder\.layer\.(\d+)\.attention\.attention\.query\.(weight|bias)")


def to_midas(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of transformers' `DPTForDepthEstimation` as MiDaS' file has it."""
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if match := _ATTENTION.fullmatch(name):
            parts = [tensors[name.replace("query", part)] for part in ("query", "key", "value")]
            found[f"pretrained.model.blocks.{match[1]}.attn.qkv.{match[2]}"] = torch.cat(parts)
        elif ".attention.attention." not in name:
            for pattern, instead in _RULES:
                name = re.sub(pattern, instead, name)
            found[name] = value
    return found
