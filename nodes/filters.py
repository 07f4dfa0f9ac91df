"""Nodes that change the pixels of pictures: blur, sharpen, blend, fewer colours, noise."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import torch
from PIL import Image as PilImage
from torch import Tensor

from diffusion.latent_operations import gaussian_blur
from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range
from nodes.batches import opaque
from nodes.resize import resize, to_bytes
from nodes.types import Image, Seed

Radius = Annotated[int, Range(1, 31, step=1)]
Share = Annotated[float, Range(0.0, 1.0, step=0.01)]
Dither = Literal["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"]
BlendMode = Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"]

SHARPENING = 10.0
"""How many times the difference to the blurred picture an `alpha` of 1 adds."""


@node("EmptyImage", title="EmptyImage", category="image", lane="cpu")
def empty_image(
    *,
    width: Annotated[int, Range(1, 16384, step=1)] = 512,
    height: Annotated[int, Range(1, 16384, step=1)] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
    color: Annotated[int, Range(0, 0xFFFFFF, step=1)] = 0,
) -> Image:
    """Make pictures of one colour.

    Args:
        width: The width in pixels.
        height: The height in pixels.
        batch_size: How many.
        color: Red × 65536 + green × 256 + blue, each 0 to 255.
    """
    levels = torch.tensor([color >> 16, (color >> 8) & 0xFF, color & 0xFF]) / 255
    return levels.expand(batch_size, height, width, 3).contiguous()


@node("ImageInvert", title="Invert Image", category="image", lane="cpu")
def image_invert(*, image: Image) -> Image:
    """Turn pictures into their negative.

    Args:
        image: The pictures.
    """
    return 1.0 - image


@node("ImageAddNoise", title="ImageAddNoise", category="image", lane="cpu")
def image_add_noise(*, image: Image, seed: Seed = 0, strength: Share = 0.5) -> Image:
    """Add Gaussian noise to pictures.

    Args:
        image: The pictures.
        seed: The random seed used for creating the noise.
        strength: Its standard deviation; white is 1.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(image.shape, generator=generator).to(image)
    return (image + strength * noise).clamp(0.0, 1.0)


@node("ImageBlur", title="Image Blur", category="image/postprocessing", lane="cpu")
def image_blur(
    *, image: Image, blur_radius: Radius = 1, sigma: Annotated[float, Range(0.1, 10.0, step=0.1)] = 1.0
) -> Image:
    """Blur pictures.

    Args:
        image: The pictures.
        blur_radius: How many pixels to each side are mixed in.
        sigma: The width of the Gaussian bell, in units of the radius.
    """
    return gaussian_blur(image.movedim(-1, 1), blur_radius, sigma).movedim(1, -1)


@node("ImageSharpen", title="Image Sharpen", category="image/postprocessing", lane="cpu")
def image_sharpen(
    *,
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Range(0.1, 10.0, step=0.01)] = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, step=0.01)] = 1.0,
) -> Image:
    """Sharpen pictures: what differs from their blurred version is made stronger (unsharp masking).

    Args:
        image: The pictures.
        sharpen_radius: How many pixels to each side count.
        sigma: The width of the Gaussian bell, in units of the radius.
        alpha: How much: ten times the difference is added at 1.
    """
    return sharpened(image.movedim(-1, 1), sharpen_radius, sigma, alpha).movedim(1, -1).clamp(0.0, 1.0)


@node("ImageBlend", title="Image Blend", category="image/postprocessing", lane="cpu")
def image_blend(*, image1: Image, image2: Image, blend_factor: Share = 0.5, blend_mode: BlendMode) -> Image:
    """Blend pictures, in the modes of drawing programs.

    Args:
        image1: The pictures below; the result has their size.
        image2: The pictures on top, cut and scaled to that size; one goes over each of several below.
        blend_factor: How much the blended picture shows; at 0 there is only the one below.
        blend_mode: How the colours combine.
    """
    height, width = image1.shape[1:3]
    if image2.shape[1:3] != (height, width):
        image2 = resize(image2.movedim(-1, 1), width, height, "bicubic", "center").movedim(1, -1)
    channels = max(image1.shape[-1], image2.shape[-1])
    batch = max(len(image1), len(image2))
    below, above = (to_batch(opaque(image, channels), batch).to(image1) for image in (image1, image2))
    return (below * (1 - blend_factor) + BLENDING[blend_mode](below, above) * blend_factor).clamp(0.0, 1.0)


@node("ImageQuantize", title="Image Quantize", category="image/postprocessing", lane="cpu")
def image_quantize(
    *, image: Image, colors: Annotated[int, Range(1, 256, step=1)] = 256, dither: Dither
) -> Image:
    """Reduce pictures to a few colours, chosen for each picture by median cut.

    Args:
        image: The pictures.
        colors: How many colours.
        dither: How shades between them are imitated: not at all, by spreading what is left over, or by a
            regular pattern of 2 × 2 to 16 × 16 pixels.
    """
    shades = [quantized(PilImage.fromarray(to_bytes(one[..., :3])), colors, dither) for one in image]
    return torch.stack(shades).to(image)


def quantized(picture: PilImage.Image, colors: int, dither: str) -> Tensor:
    """A picture in a palette of its own, [H,W,3] in 0..1."""
    palette = picture.quantize(colors=colors)
    method = PilImage.Dither.FLOYDSTEINBERG if dither == "floyd-steinberg" else PilImage.Dither.NONE
    if dither.startswith("bayer"):
        found = len(palette.getcolors() or ())
        picture = patterned(picture, int(dither.removeprefix("bayer-")), 2 * 256 / found)
    shown = picture.quantize(palette=palette, dither=method).convert("RGB")
    return torch.as_tensor(np.asarray(shown).astype(np.float32) / 255.0)


def patterned(picture: PilImage.Image, side: int, spread: float) -> PilImage.Image:
    """Thresholds of `spread` levels added to every pixel: ordered dithering (Bayer 1973)."""
    levels = np.asarray(picture).astype(np.float32)
    height, width = levels.shape[:2]
    tiles = np.tile(bayer(side), (-(-height // side), -(-width // side)))[:height, :width, None]
    return PilImage.fromarray((levels + spread * tiles + 0.5).clip(0, 255).astype(np.uint8))


def bayer(side: int) -> np.ndarray:
    """Bayer's matrix for a power of two: `side` x `side` different thresholds in -1/2..1/2."""
    matrix = np.zeros((1, 1))
    while len(matrix) < side:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / matrix.size - 0.5


def sharpened(x: Tensor, radius: int, sigma: float, alpha: float) -> Tensor:
    """[B,C,H,W] with its difference to the blurred `x` made stronger."""
    return x + SHARPENING * alpha * (x - gaussian_blur(x, radius, sigma))


def overlay(below: Tensor, above: Tensor) -> Tensor:
    """Multiply in the shadows of `below`, screen in its lights."""
    return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))


def soft_light(below: Tensor, above: Tensor) -> Tensor:
    """W3C compositing and blending, level 1, section 10.1 "soft-light"."""
    curve = torch.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, below.sqrt())
    darker = below - (1 - 2 * above) * below * (1 - below)
    return torch.where(above <= 0.5, darker, below + (2 * above - 1) * (curve - below))


BLENDING: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "normal": lambda below, above: above,
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: 1 - (1 - below) * (1 - above),
    "overlay": overlay,
    "soft_light": soft_light,
    "difference": lambda below, above: below - above,
}
