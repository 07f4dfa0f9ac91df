"""Files of control networks: published shapes, random weights, and what diffusers' networks are given."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffusion.control import load_control
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.layers.embedding import timestep_embedding
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.unet import UNetConfig
from tests.diffusion.test_unet import rand, randomised
from tests.tensors import save_file

GOLDEN_FOLDER = Path(__file__).parents[1] / "golden"


def layout(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of a published file."""
    held = json.loads((GOLDEN_FOLDER / "layouts" / f"{name}.json").read_text(encoding="utf-8"))
    return {key: tuple(shape) for key, (shape, _) in held.items()}


def loaded(path: Path, tensors: Mapping[str, Tensor], **more: Any) -> Any:
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
    return load_control(path, precision=Precision.FLOAT32, placement=Placement(), **more)


class Given:
    """What a ControlNet is given, in our words and in diffusers'."""

    def __init__(self, kind: str, batch: int = 2) -> None:
        self.x, self.t, self.context = (
            rand(batch, 4, 7, 9),
            torch.tensor([700.0, 20.0])[:batch],
            rand(batch, 5, 48),
        )
        self.hint = rand(batch, 3, 56, 72).abs()
        pooled, numbers = rand(batch, 16), torch.arange(6.0 * batch).view(batch, 6)
        sizes = timestep_embedding(numbers.flatten(), 8).view(batch, -1)
        self.y = torch.cat([pooled, sizes], dim=1) if kind == "sdxl" else None
        self.added = {"text_embeds": pooled, "time_ids": numbers}


def own_state(base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A random ControlNet for a U-Net with these weights."""
    config = ControlNetConfig(UNetConfig.from_shapes({name: v.shape for name, v in base.items()}))
    return dict(randomised(ControlNet(config), 5).state_dict())
