"""Load with a placement: weights stay on the host, and come to the device when they are used."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from diffusion.autoencoder import Vae
from diffusion.checkpoint.loader import Checkpoint
from diffusion.ldm.readers import BoxReader, ClassReader, NoReader
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.text import TextEncoder

Part = TypeVar("Part", Checkpoint, DiffusionModel, TextEncoder, Vae)


def placed(part: Part, placement: Placement) -> Part:
    """What was loaded to `placement.home`, to be computed with on `placement.device`."""
    if placement.memory is None:
        return part
    if isinstance(part, Checkpoint):
        parts = {"model": part.model, "clip": part.clip, "vae": part.vae}
        return replace(part, **{name: placed(each, placement) for name, each in parts.items()})
    if isinstance(part, TextEncoder):
        towers = {key: replace(tower, placement=placement) for key, tower in part.towers.items()}
        t5 = None if part.t5 is None else replace(part.t5, placement=placement)
        return replace(part, towers=towers, t5=t5, reader=_placed_reader(part, placement))
    return replace(part, device=placement.device, placement=placement)


def _placed_reader(encoder: TextEncoder, placement: Placement) -> ClassReader | BoxReader | NoReader | None:
    reader = encoder.reader
    return replace(reader, placement=placement) if isinstance(reader, ClassReader | BoxReader) else reader
