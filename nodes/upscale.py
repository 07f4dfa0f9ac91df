"""Nodes that enlarge pictures with a network made for it."""

from typing import Annotated

from diffusion.placement import Placement
from diffusion.upscaling import Upscaler, load_upscaler
from engine.context import Context
from engine.node import node
from engine.types import Files, Socket
from nodes.types import Image

UpscaleModel = Annotated[Upscaler, Socket("UPSCALE_MODEL")]


@node("UpscaleModelLoader", title="Load Upscale Model", category="loaders", lane="io")
def upscale_model_loader(
    *, model_name: Annotated[str, Files("upscale_models")], context: Context
) -> UpscaleModel:
    """Load a network that enlarges pictures: ESRGAN or Real-ESRGAN, and with spandrel installed many others.

    Args:
        model_name: The file, from the `upscale_models` folders.
    """
    return load_upscaler(context.folders.find("upscale_models", model_name), context.resource(Placement))


@node("ImageUpscaleWithModel", title="Upscale Image (using Model)", category="image/upscaling")
def image_upscale_with_model(*, upscale_model: UpscaleModel, image: Image, context: Context) -> Image:
    """Enlarge pictures with a network, which adds the detail; by how much depends on the network.

    Large pictures go in tiles of 512 pixels, or smaller ones where memory is short.

    Args:
        upscale_model: The network, from Load Upscale Model.
        image: The pictures.
    """
    return upscale_model(image, context.progress)
