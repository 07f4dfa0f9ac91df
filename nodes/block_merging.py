"""Nodes that merge two models of one family with a ratio for each block of its network."""

from collections.abc import Mapping
from itertools import chain

from diffusion.merging import by_prefix
from engine.node import NodeFunction, node
from nodes.merging import MergedModel, Ratio, merged
from nodes.types import Model

_DOC = """Merge two {} models with a ratio for each block.

Args:
    model1: The first model. Everything but the weights is taken from it.
    model2: The second model, of the same family.
    ratios: The share of the first model in this block.
"""


def _numbered(stem: str, count: int) -> list[str]:
    return [f"{stem}.{n}." for n in range(count)]


def _unet(inputs: int, outputs: int) -> list[str]:
    down, up = _numbered("input_blocks", inputs), _numbered("output_blocks", outputs)
    return ["time_embed.", "label_emb.", *down, *_numbered("middle_block", 3), *up, "out."]


def _mmdit(blocks: int) -> list[str]:
    embedders = ["pos_embed.", "x_embedder.", "context_embedder.", "y_embedder.", "t_embedder."]
    return [*embedders, *_numbered("joint_blocks", blocks), "final_layer."]


_FLUX = [
    *("img_in.", "time_in.", "guidance_in", "vector_in.", "txt_in."),
    *chain(_numbered("double_blocks", 19), _numbered("single_blocks", 38)),
    "final_layer.",
]


def _merge(name: str, family: str, blocks: list[str]) -> NodeFunction[..., MergedModel]:
    def merge(*, model1: Model, model2: Model, **ratios: Ratio) -> MergedModel:
        return _by_block(model1, model2, ratios)

    merge.__doc__ = _DOC.format(family)
    category = "advanced/model_merging/model_specific"
    return node(name, title=name, category=category, lane="io", keywords=dict.fromkeys(blocks, 1.0))(merge)


def _by_block(model1: Model, model2: Model, ratios: Mapping[str, float]) -> MergedModel:
    return merged(model1, model2, by_prefix(ratios, next(iter(ratios.values()), 1.0)))


model_merge_sd1 = _merge("ModelMergeSD1", "SD 1.x", _unet(12, 12))
model_merge_sd2 = _merge("ModelMergeSD2", "SD 2.x", _unet(12, 12))
model_merge_sdxl = _merge("ModelMergeSDXL", "SDXL", _unet(9, 9))
model_merge_sd3_2b = _merge("ModelMergeSD3_2B", "SD3 medium", _mmdit(24))
model_merge_sd35_large = _merge("ModelMergeSD35_Large", "SD 3.5 large", _mmdit(38))
model_merge_flux1 = _merge("ModelMergeFlux1", "Flux.1", _FLUX)
