"""Where a published layout does not use our modules' names: one table a layout, from module to file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """Where in a file a parameter is: a whole tensor, or one of several equal parts of its rows."""

    name: str
    part: int = 0
    parts: int = 1
    transposed: bool = False

    def shape(self, stored: Shape) -> Shape:
        """The parameter's shape, from that of the tensor in the file.

        Raises:
            ValueError: the rows cannot be shared out, or there are none.
        """
        if self.parts > 1:
            if not stored or stored[0] % self.parts:
                raise ValueError(f"{self.name} is {list(stored)}: its rows are not {self.parts} equal parts")
            stored = (stored[0] // self.parts, *stored[1:])
        return stored[::-1] if self.transposed else stored

    def stored_shape(self, shape: Shape) -> Shape:
        """The shape of the tensor in the file, from the parameter's: the inverse of `shape`."""
        shape = shape[::-1] if self.transposed else shape
        return shape if self.parts == 1 else (shape[0] * self.parts, *shape[1:])


Naming = Callable[[Mapping[str, Shape]], Mapping[str, Source]]
"""From the shapes in a file, or of a module, to where each parameter of the module is in a file.

Names lack the prefix.
"""


def published(shapes: Mapping[str, Shape]) -> Mapping[str, Source]:
    """The layout whose names our modules wear."""
    return {name: Source(name) for name in shapes}


_OPENCLIP_ENDS = {
    "text_model.embeddings.token_embedding.weight": Source("token_embedding.weight"),
    "text_model.embeddings.position_embedding.weight": Source("positional_embedding"),
    "text_model.final_layer_norm.weight": Source("ln_final.weight"),
    "text_model.final_layer_norm.bias": Source("ln_final.bias"),
    "text_projection.weight": Source("text_projection", transposed=True),
}
_RESIDUAL_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_ATTENTION = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
"""Stored as one tensor, a third of its rows each."""


def residual_blocks(prefix: str, layers: int) -> dict[str, Source]:
    """The layers of a transformer of OpenCLIP, for text or for pictures; our names begin with `prefix`."""
    sources: dict[str, Source] = {}
    for n in range(layers):
        ours, theirs = f"{prefix}encoder.layers.{n}", f"transformer.resblocks.{n}"
        for kind in ("weight", "bias"):
            for name, stored in _RESIDUAL_BLOCK.items():
                sources[f"{ours}.{name}.{kind}"] = Source(f"{theirs}.{stored}.{kind}")
            for part, name in enumerate(_ATTENTION):
                sources[f"{ours}.{name}.{kind}"] = Source(f"{theirs}.attn.in_proj_{kind}", part, parts=3)
    return sources


def openclip(shapes: Mapping[str, Shape]) -> Mapping[str, Source]:
    """The text tower of OpenCLIP (SD 2.x's H, SDXL's G): projections fused, the last one transposed."""
    names = ("transformer.resblocks.{}.ln_1.weight", "text_model.encoder.layers.{}.layer_norm1.weight")
    layers = next(n for n in count() if not any(name.format(n) in shapes for name in names))
    return _OPENCLIP_ENDS | residual_blocks("text_model.", layers)
