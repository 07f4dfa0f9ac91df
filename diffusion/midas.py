"""MiDaS' DPT-Hybrid under its original names: where each parameter of transformers' DPT is in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from diffusion.families.naming import Shape, Source

_EMBEDDINGS = "dpt.embeddings"
_RESNET, _THEIR_RESNET = f"{_EMBEDDINGS}.backbone.bit", "pretrained.model.patch_embed.backbone"
_LAYER = {
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "attention.output.dense": "attn.proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}
_ATTENTION = ("query", "key", "value")
"""Stored as one tensor, a third of its rows each."""
_RESNET_PARTS = ("conv1", "conv2", "conv3", "norm1", "norm2", "norm3", "downsample.conv", "downsample.norm")
_BLOCKS = "pretrained.model.blocks.{}.norm1.weight"
_LEVELS = range(4)
_PATCH = 16


def hybrid_settings(shapes: Mapping[str, Shape]) -> Mapping[str, Any]:
    """The sizes of a DPT-Hybrid as transformers' DPT wants them, from the shapes in MiDaS' file.

    Published: ResNet-50 without its last stage and ViT-B/16, at 384 pixels (dpt_hybrid-midas-501f0c75).

    Raises:
        KeyError: naming a tensor that a DPT-Hybrid has and `shapes` lacks.
    """
    width = shapes["pretrained.model.cls_token"][-1]
    grid = round((shapes["pretrained.model.pos_embed"][1] - 1) ** 0.5)
    stages = _numbered(shapes, _THEIR_RESNET + ".stages.{}.blocks.0.conv1.weight")
    return {
        "model_type": "dpt",
        "is_hybrid": True,
        "hidden_size": width,
        "intermediate_size": shapes["pretrained.model.blocks.0.mlp.fc1.weight"][0],
        "num_hidden_layers": len(_numbered(shapes, _BLOCKS)),
        "num_attention_heads": max(1, width // 64),
        "layer_norm_eps": 1e-6,
        "image_size": _PATCH * grid,
        "patch_size": _PATCH,
        "backbone_featmap_shape": [1, shapes["pretrained.model.patch_embed.proj.weight"][1], grid, grid],
        "neck_hidden_sizes": [shapes[f"scratch.layer{level + 1}_rn.weight"][1] for level in _LEVELS],
        "fusion_hidden_size": shapes["scratch.layer1_rn.weight"][0],
        "reassemble_factors": [1, 1, 1, 0.5],
        "readout_type": "project",
        "backbone_config": {
            "model_type": "bit",
            "embedding_size": shapes[f"{_THEIR_RESNET}.stem.conv.weight"][0],
            "hidden_sizes": [shapes[f"{_THEIR_RESNET}.stages.{n}.blocks.0.conv3.weight"][0] for n in stages],
            "depths": [len(_blocks_of(shapes, n)) for n in stages],
            "out_features": [f"stage{n + 1}" for n in stages],
            "global_padding": "same",
            "layer_type": "bottleneck",
            "embedding_dynamic_padding": True,
        },
    }


def midas(shapes: Mapping[str, Shape]) -> Mapping[str, Source]:
    """The layout of MiDaS' file, whose vision transformer is timm's."""
    sources = {
        f"{_EMBEDDINGS}.cls_token": Source("pretrained.model.cls_token"),
        f"{_EMBEDDINGS}.position_embeddings": Source("pretrained.model.pos_embed"),
        f"{_RESNET}.embedder.convolution.weight": Source(f"{_THEIR_RESNET}.stem.conv.weight"),
    }
    for ours, theirs in _layers(shapes):
        for kind in ("weight", "bias"):
            sources[f"{ours}.{kind}"] = Source(f"{theirs}.{kind}")
    for n in _numbered(shapes, _BLOCKS):
        for part, name in enumerate(_ATTENTION):
            for kind in ("weight", "bias"):
                parameter = f"dpt.encoder.layer.{n}.attention.attention.{name}.{kind}"
                sources[parameter] = Source(f"pretrained.model.blocks.{n}.attn.qkv.{kind}", part, parts=3)
    return sources


def _layers(shapes: Mapping[str, Shape]) -> Iterator[tuple[str, str]]:
    """Layers with a weight and perhaps a bias: our name, then MiDaS'."""
    yield f"{_EMBEDDINGS}.projection", "pretrained.model.patch_embed.proj"
    yield f"{_RESNET}.embedder.norm", f"{_THEIR_RESNET}.stem.norm"
    yield from _resnet(shapes)
    yield "dpt.layernorm", "pretrained.model.norm"
    for n in _numbered(shapes, _BLOCKS):
        for ours, theirs in _LAYER.items():
            yield f"dpt.encoder.layer.{n}.{ours}", f"pretrained.model.blocks.{n}.{theirs}"
    for level in _LEVELS:
        stage, theirs = "neck.reassemble_stage", f"pretrained.act_postprocess{level + 1}"
        yield f"{stage}.readout_projects.{level}.0", f"{theirs}.0.project.0"
        yield f"{stage}.layers.{level}.projection", f"{theirs}.3"
        yield f"{stage}.layers.{level}.resize", f"{theirs}.4"
        yield f"neck.convs.{level}", f"scratch.layer{level + 1}_rn"
        # Fusion starts at the coarsest level: MiDaS' fourth, transformers' first.
        fusion, refine = f"neck.fusion_stage.layers.{3 - level}", f"scratch.refinenet{level + 1}"
        yield f"{fusion}.projection", f"{refine}.out_conv"
        for unit in (1, 2):
            for conv in (1, 2):
                ours = f"{fusion}.residual_layer{unit}.convolution{conv}"
                yield ours, f"{refine}.resConfUnit{unit}.conv{conv}"
    for place in (0, 2, 4):
        yield f"head.head.{place}", f"scratch.output_conv.{place}"


def _resnet(shapes: Mapping[str, Shape]) -> Iterator[tuple[str, str]]:
    for stage in _numbered(shapes, _THEIR_RESNET + ".stages.{}.blocks.0.conv1.weight"):
        for block in _blocks_of(shapes, stage):
            ours = f"{_RESNET}.encoder.stages.{stage}.layers.{block}"
            for part in _RESNET_PARTS:
                yield f"{ours}.{part}", f"{_THEIR_RESNET}.stages.{stage}.blocks.{block}.{part}"


def _blocks_of(shapes: Mapping[str, Shape], stage: int) -> range:
    return _numbered(shapes, f"{_THEIR_RESNET}.stages.{stage}.blocks." + "{}.conv1.weight")


def _numbered(shapes: Mapping[str, Shape], telltale: str) -> range:
    """The numbers for which there is a tensor of that name."""
    return range(next(n for n in count() if telltale.format(n) not in shapes))
