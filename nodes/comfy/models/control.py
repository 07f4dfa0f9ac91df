"""The CONTROL_NET socket as packs expect it: copied, given a picture, put into a conditioning."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

from torch import Tensor

from diffusion.conditioning import Control, Steering
from diffusion.control import Applied, ControlModel, load_control
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.precision import Precision
from nodes.comfy.hidden import running
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.vae import PackVae


class PackControl:
    """A control network that may be changed after `copy`; the weights are shared. `wrapped` is the engine's.

    In a conditioning, under `control`, it steers the run like one that a node of ours put there.
    """

    compression_ratio = 8
    global_average_pooling = False

    def __init__(self, wrapped: ControlModel) -> None:
        self.wrapped = wrapped
        self.cond_hint_original: Tensor | None = None
        self.strength = 1.0
        self.timestep_percent_range: tuple[float, float] = (0.0, 1.0)
        self.previous_controlnet: Control | None = None
        self.vae: PackVae | None = None
        self.extra_concat_orig: list[Tensor] = []

    def copy(self) -> PackControl:
        """One to be changed."""
        return copy(self)

    def set_cond_hint(
        self,
        cond_hint: Tensor,
        strength: float = 1.0,
        timestep_percent_range: tuple[float, float] = (0.0, 1.0),
        vae: PackVae | None = None,
        extra_concat: Sequence[Tensor] = (),
    ) -> PackControl:
        """Give it a picture [B, C, H, W] in 0..1, how strongly it steers, and in which part of the run."""
        self.cond_hint_original, self.strength = cond_hint, strength
        self.timestep_percent_range, self.vae = timestep_percent_range, vae
        self.extra_concat_orig = list(extra_concat)
        return self

    def set_previous_controlnet(self, controlnet: Control | None) -> PackControl:
        """Steer together with another."""
        self.previous_controlnet = controlnet
        return self

    def prepare(self, model: DiffusionModel, latent: Tensor) -> Steering:
        """Made ready for a run over `latent` (see `diffusion.conditioning.Control`)."""
        if self.cond_hint_original is None:
            raise ValueError("a pack put a control network without a picture into a conditioning")
        start, end = self.timestep_percent_range
        applied = Applied(
            self.wrapped,
            self.cond_hint_original.movedim(1, -1),
            self.strength,
            start,
            end,
            self.previous_controlnet,
            None if self.vae is None else self.vae.wrapped,
        )
        return applied.prepare(model, latent)

    def get_models(self) -> list[Any]:
        """Networks to be brought to the device; they come by themselves here."""
        return []

    def pre_run(self, model: Any, percent_to_timestep_function: Any) -> None:
        """Nothing: `prepare` does it."""

    def cleanup(self) -> None:
        """Nothing: what a run made goes with it."""


def load_controlnet(
    ckpt_path: str | Path, model: PackModel | None = None, model_options: Any = None
) -> PackControl:
    """Load a control network of any kind by path (see `diffusion.control.load_control`)."""
    context = running()
    return PackControl(
        load_control(
            Path(ckpt_path),
            precision=context.resource(Precision),
            placement=context.resource(Placement),
            model=None if model is None else model.wrapped,
        )
    )
