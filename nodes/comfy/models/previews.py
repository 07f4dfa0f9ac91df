"""`latent_preview`: progress of a sampler written by a pack, with a picture of what it has so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from diffusion.model import LatentFormat as Format
from diffusion.preview import latent_to_rgb
from engine.context import current_call
from nodes.comfy.execution.pictures import preview
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.parts import LatentFormat
from nodes.resize import to_bytes

LONGEST = 512
"""Pixels of a preview's longer side, where nobody wishes another."""


class LatentPreviewer:
    """Makes pictures of latents [B, C, H, W] in model space."""

    def decode_latent_to_preview(self, x0: Tensor) -> Image.Image:
        """The first latent as a picture."""
        raise NotImplementedError

    def decode_latent_to_preview_image(self, preview_format: str, x0: Tensor) -> tuple[str, Image.Image, int]:
        """The same as (format, picture, longest side)."""
        return "JPEG", self.decode_latent_to_preview(x0), _longest()


class Latent2RGBPreviewer(LatentPreviewer):
    """Gives each channel a colour: its row of `latent_rgb_factors`, red, green and blue."""

    def __init__(
        self,
        latent_rgb_factors: Sequence[Sequence[float]],
        latent_rgb_factors_bias: Sequence[float] | None = None,
    ) -> None:
        red, green, blue = latent_rgb_factors_bias or (0.0, 0.0, 0.0)
        rows = tuple((row[0], row[1], row[2]) for row in latent_rgb_factors)
        self._format = Format(channels=len(rows), rgb=rows, rgb_bias=(red, green, blue))

    def decode_latent_to_preview(self, x0: Tensor) -> Image.Image:
        return Image.fromarray(to_bytes(latent_to_rgb(x0[:1], self._format)[0]))


def get_previewer(device: Any, latent_format: LatentFormat) -> LatentPreviewer | None:
    """A previewer for a family; None where the person who runs this wants no previews."""
    call = current_call()
    wanted = call is not None and call.context.options.preview_method != "none"
    if not wanted or not latent_format.latent_rgb_factors:
        return None
    return Latent2RGBPreviewer(latent_format.latent_rgb_factors, latent_format.latent_rgb_factors_bias)


def prepare_callback(
    model: PackModel, steps: int, x0_output_dict: dict[str, Any] | None = None
) -> Callable[[int, Tensor, Tensor, int], None]:
    """A callback that reports the running node's progress; it raises Interrupted when that was cancelled.

    With `x0_output_dict` the last denoised latent is left there under `x0`.
    """
    call = current_call()
    previewer = get_previewer(model.load_device, model.model.latent_format)

    def callback(step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
        if x0_output_dict is not None:
            x0_output_dict["x0"] = x0
        if call is None:
            return
        shown = None if previewer is None else previewer.decode_latent_to_preview_image("JPEG", x0)
        call.context.progress(step + 1, total_steps, preview(shown, _longest()))

    return callback


def _longest() -> int:
    call = current_call()
    return LONGEST if call is None else call.context.options.preview_size
