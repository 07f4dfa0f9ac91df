"""Vision encoders from files: under the names of transformers or of OpenCLIP, alone or in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from torch import nn

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.tensors import ModelFile
from diffusion.clip_vision import (
    CENTRED,
    MEAN,
    STD,
    ClipVision,
    ClipVisionNetwork,
    SiglipVisionNetwork,
    image_size,
    siglip_config,
    siglip_image_size,
    vision_config,
)
from diffusion.families.naming import Naming, Shape, Source, published, residual_blocks
from diffusion.placement import choose_device
from diffusion.precision import Precision

UNCLIP = "embedder.model.visual."
"""Where SD 2.1 unCLIP checkpoints keep theirs."""
_MODEL = "vision_model."
_PROJECTION = "visual_projection.weight"
_OTHER_SIDE = (
    "text_model.",
    "text_projection.",
    "logit_scale",
    "logit_bias",
    f"{_MODEL}embeddings.position_ids",
)
"""What files of a whole CLIP hold beside its vision encoder."""

_ENDS = {
    f"{_MODEL}embeddings.class_embedding": Source("class_embedding"),
    f"{_MODEL}embeddings.position_embedding.weight": Source("positional_embedding"),
    f"{_MODEL}embeddings.patch_embedding.weight": Source("conv1.weight"),
    _PROJECTION: Source("proj", transposed=True),
}
_NORMS = {"pre_layrnorm": "ln_pre", "post_layernorm": "ln_post"}


def openclip_vision(shapes: Mapping[str, Shape]) -> Mapping[str, Source]:
    """OpenCLIP's vision transformer: attention projections fused, that of the embedding transposed."""
    layers = next(n for n in count() if f"transformer.resblocks.{n}.ln_1.weight" not in shapes)
    norms = {
        f"{_MODEL}{name}.{kind}": Source(f"{stored}.{kind}")
        for name, stored in _NORMS.items()
        for kind in ("weight", "bias")
    }
    return _ENDS | norms | residual_blocks(_MODEL, layers)


def _encoder_alone(shapes: Mapping[str, Shape]) -> Mapping[str, Source]:
    """An encoder saved without the model around it: its names lack `vision_model.`."""
    return {name if name == _PROJECTION else f"{_MODEL}{name}": Source(name) for name in shapes}


@dataclass(frozen=True)
class _Layout:
    """One way encoders are stored, told by a tensor."""

    telltale: str
    prefix: str
    naming: Naming
    build: Callable[[ModelFile, str, Naming], tuple[Callable[[], nn.Module], int]]
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD


def _clip(file: ModelFile, prefix: str, naming: Naming) -> tuple[Callable[[], nn.Module], int]:
    def read(shapes: Mapping[str, Shape]) -> tuple[Callable[[], nn.Module], int]:
        vision = _inner(shapes)
        config, projection = vision_config(vision), shapes.get(_PROJECTION, (0,))[0]
        return lambda: ClipVisionNetwork(config, projection), image_size(vision)

    return sizes(read, file, prefix, naming)


def _siglip(file: ModelFile, prefix: str, naming: Naming) -> tuple[Callable[[], nn.Module], int]:
    def read(shapes: Mapping[str, Shape]) -> tuple[Callable[[], nn.Module], int]:
        vision = _inner(shapes)
        config = siglip_config(vision)
        return lambda: SiglipVisionNetwork(config), siglip_image_size(vision)

    return sizes(read, file, prefix, naming)


def _inner(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {name.removeprefix(_MODEL): shape for name, shape in shapes.items() if name.startswith(_MODEL)}


_LAYOUTS = (
    _Layout(f"{_MODEL}embeddings.class_embedding", "", published, _clip),
    _Layout("embeddings.class_embedding", "", _encoder_alone, _clip),
    _Layout("visual.class_embedding", "visual.", openclip_vision, _clip),
    _Layout(f"{UNCLIP}class_embedding", UNCLIP, openclip_vision, _clip),
    _Layout("class_embedding", "", openclip_vision, _clip),
    _Layout(f"{_MODEL}embeddings.patch_embedding.bias", "", published, _siglip, CENTRED, CENTRED),
    _Layout("embeddings.patch_embedding.bias", "", _encoder_alone, _siglip, CENTRED, CENTRED),
)


def load_clip_vision(
    path: Path, *, precision: Precision = Precision.AUTO, device: torch.device | None = None
) -> ClipVision:
    """Load a vision encoder: CLIP's L, H or G, or SigLIP's; which one it is shows in its tensors.

    Raises:
        CheckpointError: the file is damaged or holds no vision encoder.
    """
    return clip_vision(open_model(path), precision, choose_device() if device is None else device)


def clip_vision(file: ModelFile, precision: Precision, device: torch.device) -> ClipVision:
    """As `load_clip_vision`, from a model file that is open already."""
    layout = next((layout for layout in _LAYOUTS if layout.telltale in file.header.tensors), None)
    if layout is None:
        raise CheckpointError(
            file.header.path,
            "it holds no vision encoder of CLIP or SigLIP",
            "choose one, such as clip_vision_h.safetensors; for unCLIP, a checkpoint with its own",
        )
    build, side = layout.build(file, layout.prefix, layout.naming)
    dtype = precision.dtypes(device).text
    model = assemble(build, file, layout.prefix, dtype, device, naming=layout.naming, ignore=_OTHER_SIDE)
    return ClipVision(model, side, layout.mean, layout.std)
