"""Nodes for the models of the latent diffusion paper: what they read in place of text."""

from typing import Annotated, NamedTuple

import torch
import torch.nn.functional as F

from diffusion.ldm.boxes import Box
from diffusion.ldm.pictures import MASK, MASKED_PICTURE, SMALL_PICTURE
from diffusion.ldm.readers import BoxReader, ClassReader
from engine.node import node
from engine.types import Multiline, Range
from nodes.inpaint import centred
from nodes.masks import as_batch
from nodes.types import Clip, Conditioning, Image, Latent, Mask, Vae

CATEGORY = "conditioning/latent diffusion"
HALF = 0.5
"""From where on a mask covers."""
Share = Annotated[float, Range(0.0, 1.0, step=0.001)]


class Shown(NamedTuple):
    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node("LDMClassLabel", title="Class Label (Latent Diffusion)", category=CATEGORY)
def ldm_class_label(*, clip: Clip, class_label: Annotated[int, Range(-1, 100_000)] = 0) -> Conditioning:
    """Draw a class, with class-conditional models of the latent diffusion paper.

    Args:
        clip: The second output of Load Checkpoint, for such a model.
        class_label: Number of the class, for ImageNet 0 to 999 (207 is a golden retriever). -1 is the label
            that stands for any class: the negative conditioning that guidance needs. The ImageNet model on f4
            latents has one; others run with a cfg of 1.
    """
    reader = clip.reader
    if not isinstance(reader, ClassReader):
        raise ValueError("this model draws no classes: use LDMClassLabel with a class-conditional model")
    return [[reader.encode(reader.anything if class_label == -1 else class_label), {}]]


@node("LDMBoxes", title="Boxes (Latent Diffusion)", category=CATEGORY)
def ldm_boxes(
    *,
    clip: Clip,
    boxes: Annotated[str, Multiline()] = "",
    crop_x: Share = 0.0,
    crop_y: Share = 0.0,
    crop_width: Share = 1.0,
    crop_height: Share = 1.0,
) -> Conditioning:
    """Say which object is where, for layout-to-image models of the latent diffusion paper.

    Args:
        clip: The second output of Load Checkpoint, for such a model.
        boxes: One object a line: class number, left edge, top edge, width and height, the last four as shares
            of the scene (0 to 1), as in `68 0.1 0.5 0.3 0.4`. At most 30 objects.
        crop_x: Left edge of the part of the scene that the picture shows.
        crop_y: Its top edge.
        crop_width: Its width.
        crop_height: Its height.
    """
    reader = clip.reader
    if not isinstance(reader, BoxReader):
        raise ValueError("this model draws no layouts: use LDMBoxes with a layout-to-image model")
    crop = Box(crop_x, crop_y, crop_width, crop_height)
    return [[reader.encode(parse_boxes(boxes), crop), {}]]


def parse_boxes(text: str) -> list[Box]:
    """Boxes from lines of a class number and four shares of the picture; empty lines say nothing.

    Raises:
        ValueError: a line is something else.
    """
    lines = enumerate(text.splitlines(), start=1)
    return [_box(number, line) for number, line in lines if line.strip()]


def _box(number: int, line: str) -> Box:
    try:
        label, x, y, width, height = line.replace(",", " ").split()
        return Box(float(x), float(y), float(width), float(height), int(label))
    except ValueError as error:
        raise ValueError(
            f"line {number} of the boxes is {line.strip()!r}: it should be a class number and left, top, "
            "width and height as shares of the scene, such as '68 0.1 0.5 0.3 0.4'"
        ) from error


@node("LDMUnconditional", title="Unconditional (Latent Diffusion)", category=CATEGORY, lane="cpu")
def ldm_unconditional() -> Conditioning:
    """Nothing at all, for models that draw without being told what. Sample with a cfg of 1."""
    return _nothing()


def _nothing(**options: torch.Tensor) -> Conditioning:
    """Text without width: what networks without cross-attention are given."""
    return [[torch.zeros(1, 1, 0), {**options}]]


@node("LDMSuperResolution", title="Super-Resolution (Latent Diffusion)", category=CATEGORY, lane="cpu")
def ldm_super_resolution(*, pixels: Image) -> Shown:
    """Enlarge pictures four times, with the super-resolution model of the latent diffusion paper.

    Sample with a cfg of 1; the paper's own settings are CompVis Sampler, ddim with an eta of 1, 100 steps.

    Args:
        pixels: The small pictures.

    Returns:
        positive: The picture, shown to the model.
        negative: The same, for a sampler's other input.
        latent: Empty, of the size the enlarged picture needs.
    """
    small = pixels[..., :3].movedim(-1, 1) * 2 - 1
    shown = _nothing(**{SMALL_PICTURE: small})
    return Shown(shown, shown, {"samples": torch.zeros_like(small)})


@node("LDMInpaint", title="Inpaint (Latent Diffusion)", category=CATEGORY)
def ldm_inpaint(*, pixels: Image, mask: Mask, vae: Vae) -> Shown:
    """Fill in what a mask covers, with the inpainting model of the latent diffusion paper.

    Sample with a cfg of 1, and lay the result over the original picture with ImageCompositeMasked.

    Args:
        pixels: The pictures; sides are cropped to what the model can take, around the centre.
        mask: Where to draw; scaled to the pictures, and hard: anything from a half on is drawn.
        vae: The model's own VAE.

    Returns:
        positive: Picture and mask, shown to the model.
        negative: The same, for a sampler's other input.
        latent: Empty, of the picture's size.
    """
    selected = F.interpolate(as_batch(mask)[:, None].float(), size=pixels.shape[1:3], mode="bilinear")
    hard = (selected >= HALF).float()
    picture, hole = (centred(x, vae.factor) for x in (pixels.movedim(-1, 1)[:, :3], hard))
    seen = vae.encode((picture * (1 - hole)).movedim(1, -1))
    cells = F.interpolate(hole, size=seen.shape[-2:], mode="nearest")
    shown = _nothing(**{MASKED_PICTURE: seen, MASK: cells})
    return Shown(shown, shown, {"samples": torch.zeros_like(seen)})


@node("EmptyLatentForVAE", title="Empty Latent for VAE", category="latent", lane="cpu")
def empty_latent_for_vae(
    *,
    vae: Vae,
    width: Annotated[int, Range(16, 16384, step=8)] = 256,
    height: Annotated[int, Range(16, 16384, step=8)] = 256,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Make empty latents of the channels and the scale of a VAE, whatever it is.

    Models of the latent diffusion paper have latents of a quarter of the picture's size, and others.

    Args:
        vae: The VAE that will decode them.
        width: The width of the picture in pixels.
        height: The height of the picture in pixels.
        batch_size: How many.
    """
    channels = vae.module.config.latent_channels
    return {"samples": torch.zeros(batch_size, channels, height // vae.factor, width // vae.factor)}
