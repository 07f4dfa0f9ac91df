"""Small pictures of what a sampler has so far."""

import io
import logging
from collections.abc import Callable

import torch
from PIL import Image as PilImage
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.checkpoint.tiny import load_tiny_decoder
from diffusion.preview import decoded, latent_to_rgb
from engine.context import Context, Preview
from engine.folders import Folders
from nodes.resize import to_bytes
from nodes.types import Model

QUALITY = 95

_log = logging.getLogger(__name__)


def report_steps(model: Model, context: Context) -> Callable[[int, int, Tensor, Tensor], None]:
    """A sampler callback that reports progress, with previews of the predicted picture if they are on."""
    wanted = context.options.preview_method != "none"
    show = shower(model, context) if wanted else None

    def on_step(step: int, total: int, denoised: Tensor, x: Tensor) -> None:
        preview = None if show is None else jpeg(show(denoised[:1]), context.options.preview_size)
        context.progress(step + 1, total, preview)

    return on_step


def shower(model: Model, context: Context) -> Callable[[Tensor], Tensor]:
    """What makes a picture [H,W,3] in 0..1 of a latent [1,C,H,W] in model space.

    `taesd` decodes it with the family's tiny autoencoder, if that is there; everything else, and where it is
    not, takes a linear fit of its channels to colours.
    """
    if context.options.preview_method == "taesd":
        decoder = tiny_decoder(model, context.folders)
        if decoder is not None:
            return lambda latent: decoded(latent, decoder, model.dtype, model.device)[0]
    return lambda latent: latent_to_rgb(latent, model.latent_format)[0]


def tiny_decoder(model: Model, folders: Folders) -> torch.nn.Module | None:
    """The decoder for previews of a model, from `vae_approx`; None, and a note in the log, without one."""
    name = model.latent_format.taesd
    found = next(
        (file for file in folders.list("vae_approx") if name and file.startswith(f"{name}_decoder.")), None
    )
    if found is None:
        _log.warning("there is no %s_decoder in vae_approx; previews are made by latent2rgb", name or "TAESD")
        return None
    try:
        return load_tiny_decoder(folders.find("vae_approx", found), model.dtype, model.device)
    except CheckpointError as error:  # a run does not fail for its previews
        _log.warning("%s; previews are made by latent2rgb", error)
        return None


def jpeg(rgb: Tensor, longer_side: int) -> Preview:
    """Encode `rgb` [H,W,3] in 0..1, scaled (also up) until its longer side has `longer_side` pixels."""
    picture = PilImage.fromarray(to_bytes(rgb))
    scale = longer_side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    data = io.BytesIO()
    picture.resize(size, PilImage.Resampling.BILINEAR).save(data, format="JPEG", quality=QUALITY)
    return Preview(data.getvalue())
