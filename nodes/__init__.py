"""The built-in nodes, one file a family; `builtin()` lists them all, nothing is found by scanning."""

from engine.registry import Registry
from nodes.conditioning import clip_set_last_layer, clip_text_encode
from nodes.image import image_scale, load_image, preview_image, save_image
from nodes.latent import empty_latent_image, latent_upscale
from nodes.loaders import checkpoint_loader_simple, safety_checker_loader
from nodes.safety import safety_check
from nodes.sampling import ksampler, ksampler_advanced
from nodes.vae import vae_decode, vae_decode_tiled, vae_encode

NODES = (
    ksampler,
    checkpoint_loader_simple,
    clip_text_encode,
    clip_set_last_layer,
    vae_decode,
    vae_encode,
    vae_decode_tiled,
    empty_latent_image,
    latent_upscale,
    save_image,
    preview_image,
    load_image,
    image_scale,
    ksampler_advanced,
    safety_checker_loader,
    safety_check,
)


def builtin() -> Registry:
    """A registry of every built-in node."""
    registry = Registry()
    for function in NODES:
        registry.add(function)
    return registry
