"""Arithmetic of what control networks add."""

from __future__ import annotations

from torch import Tensor

from diffusion.hooks import Residuals


def scaled(residuals: Residuals, strength: float, like: Tensor) -> Residuals:
    """All of it times `strength`, in the type and on the device of what it is added to."""

    def scale(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.to(like) * strength

    # One tensor may be for many blocks.
    once = {id(x): x.to(like) * strength for x in {id(x): x for x in residuals.inputs.values()}.values()}
    inputs = {block: once[id(x)] for block, x in residuals.inputs.items()}
    return Residuals(tuple(map(scale, residuals.skips)), scale(residuals.middle), inputs)


def averaged(residuals: Residuals) -> Residuals:
    """Each map's mean over the picture: what ControlNets made for shuffled pictures add everywhere alike."""

    def average(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.mean(dim=(2, 3), keepdim=True)

    return Residuals(tuple(map(average, residuals.skips)), average(residuals.middle))
