"""Nodes that look at pictures: vision encoders, and style models that turn what they see into prompts."""

from typing import Annotated, Literal

from diffusion.clip_vision_files import load_clip_vision
from diffusion.placement import Placement
from diffusion.precision import Precision
from engine.context import Context
from engine.node import node
from engine.types import Files
from nodes.types import ClipVision, ClipVisionOutput, Image


@node("CLIPVisionLoader", title="Load CLIP Vision", category="loaders", lane="io")
def clip_vision_loader(*, clip_name: Annotated[str, Files("clip_vision")], context: Context) -> ClipVision:
    """Load a vision encoder: CLIP-L, OpenCLIP-H, OpenCLIP-G or SigLIP.

    Args:
        clip_name: The file, from the `clip_vision` folders.
    """
    return load_clip_vision(
        context.folders.find("clip_vision", clip_name),
        precision=context.resource(Precision),
        device=context.resource(Placement).device,
    )


@node("CLIPVisionEncode", title="CLIP Vision Encode", category="conditioning")
def clip_vision_encode(
    *, clip_vision: ClipVision, image: Image, crop: Literal["center", "none"]
) -> ClipVisionOutput:
    """Encode pictures with a vision encoder, for unCLIP models and style models.

    Args:
        clip_vision: The vision encoder.
        image: The pictures.
        crop: Cut the square at the centre out, or squeeze all of the picture into a square.
    """
    return clip_vision.encode_image(image, crop == "center")
