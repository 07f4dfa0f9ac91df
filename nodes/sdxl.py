"""Nodes that turn words and sizes into conditioning for Stable Diffusion XL and its refiner."""

from typing import Annotated

from engine.folders import Folders
from engine.node import node
from engine.types import Multiline, Range
from nodes.conditioning import embeddings_used
from nodes.types import Clip, Conditioning

Text = Annotated[str, Multiline(dynamic_prompts=True)]
Pixels = Annotated[int, Range(0, 16384)]


def both_used(*, text_g: str | None, text_l: str | None, folders: Folders) -> str:
    """Content of the embedding files that either prompt names."""
    return " ".join(embeddings_used(text=text, folders=folders) for text in (text_g, text_l))


@node(
    "CLIPTextEncodeSDXL",
    title="CLIPTextEncodeSDXL",
    category="advanced/conditioning",
    fingerprint=both_used,
)
def clip_text_encode_sdxl(
    *,
    clip: Clip,
    width: Pixels = 1024,
    height: Pixels = 1024,
    crop_w: Pixels = 0,
    crop_h: Pixels = 0,
    target_width: Pixels = 1024,
    target_height: Pixels = 1024,
    text_g: Text,
    text_l: Text,
) -> Conditioning:
    """Encode prompts for SDXL, with the sizes it was trained to be told.

    Args:
        clip: The text encoder of an SDXL checkpoint.
        width: Width of the picture in the training data that this one is to be like, in pixels: small values
            give the look of enlarged thumbnails, large ones detail.
        height: Its height.
        crop_w: How much was cut off its left side; more than 0 gives pictures cut off there.
        crop_h: How much was cut off its top.
        target_width: Width of the picture to be made.
        target_height: Its height.
        text_g: What the larger text encoder (OpenCLIP-G) reads.
        text_l: What the smaller one (CLIP-L) reads; often the same.
    """
    cond, pooled = clip.encode(text_g, l=text_l)
    sizes = {
        "width": width,
        "height": height,
        "crop_w": crop_w,
        "crop_h": crop_h,
        "target_width": target_width,
        "target_height": target_height,
    }
    return [[cond, {"pooled_output": pooled, **sizes}]]


@node(
    "CLIPTextEncodeSDXLRefiner",
    title="CLIPTextEncodeSDXLRefiner",
    category="advanced/conditioning",
    fingerprint=embeddings_used,
)
def clip_text_encode_sdxl_refiner(
    *,
    ascore: Annotated[float, Range(0.0, 1000.0, step=0.01)] = 6.0,
    width: Pixels = 1024,
    height: Pixels = 1024,
    text: Text,
    clip: Clip,
) -> Conditioning:
    """Encode a prompt for the SDXL refiner, with how pleasing the picture is to be.

    Args:
        ascore: Aesthetic score, 0 to 10 in the training data; usual are 6 for the positive and 2.5 for the
            negative prompt.
        width: Width of the picture in the training data that this one is to be like, in pixels.
        height: Its height.
        text: The text to be encoded.
        clip: The text encoder of a refiner checkpoint.
    """
    cond, pooled = clip.encode(text)
    options = {"pooled_output": pooled, "aesthetic_score": ascore, "width": width, "height": height}
    return [[cond, options]]
