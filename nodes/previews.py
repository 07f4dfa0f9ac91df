"""Small pictures of what a sampler has so far."""

import io
from collections.abc import Callable

from PIL import Image as PilImage
from torch import Tensor

from diffusion.preview import latent_to_rgb
from engine.context import Context, Preview
from nodes.resize import to_bytes
from nodes.types import Model

QUALITY = 95


def report_steps(model: Model, context: Context) -> Callable[[int, int, Tensor, Tensor], None]:
    """A sampler callback that reports progress, with previews of the predicted picture if they are on."""
    wanted = context.options.preview_method != "none"

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        preview = None
        if wanted:
            rgb = latent_to_rgb(denoised[:1], model.latent_format)[0]
            preview = jpeg(rgb, context.options.preview_size)
        context.progress(step + 1, total, preview)

    return on_step


def jpeg(rgb: Tensor, longer_side: int) -> Preview:
    """Encode `rgb` [H,W,3] in 0..1, scaled (also up) until its longer side has `longer_side` pixels."""
    picture = PilImage.fromarray(to_bytes(rgb))
    scale = longer_side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    data = io.BytesIO()
    picture.resize(size, PilImage.Resampling.BILINEAR).save(data, format="JPEG", quality=QUALITY)
    return Preview(data.getvalue())
