"""Load with a placement: weights stay on the host, and come to the device when they are used."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from diffusion.autoencoder import Vae
from diffusion.checkpoint.loader import Checkpoint
from diffusion.clip_text import ClipTower
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.text import TextEncoder

Part = TypeVar("Part", Checkpoint, DiffusionModel, TextEncoder, Vae)


def placed(part: Part, placement: Placement) -> Part:
    """What was loaded to `placement.home`, to be computed with on `placement.device`.

    A part that knows nothing of placements goes on computing at home.
    """
    if placement.memory is None:
        return part
    if isinstance(part, Checkpoint):
        model, clip, vae = (
            placed(part.model, placement),
            placed(part.clip, placement),
            placed(part.vae, placement),
        )
        return replace(part, model=model, clip=clip, vae=vae)
    if isinstance(part, TextEncoder):
        towers = {
            key: replace(tower, placement=placement) if isinstance(tower, ClipTower) else tower
            for key, tower in part.towers.items()
        }
        t5 = None if part.t5 is None else replace(part.t5, placement=placement)
        return replace(part, towers=towers, t5=t5)
    return replace(part, device=placement.device, placement=placement)
