"""Nodes between pictures and latents."""

from typing import Annotated

from engine.node import node
from engine.types import Range
from nodes.types import Image, Latent, Vae


@node("VAEDecode", title="VAE Decode", category="latent", lane="decode")
def vae_decode(*, samples: Latent, vae: Vae) -> Image:
    """Decode latent images back into pixel space images.

    Args:
        samples: The latent to be decoded.
        vae: The VAE model used for decoding the latent.

    Returns:
        IMAGE: The decoded image.
    """
    return vae.decode(samples["samples"])


@node("VAEEncode", title="VAE Encode", category="latent")
def vae_encode(*, pixels: Image, vae: Vae) -> Latent:
    """Encode pictures into latents (the mean of the posterior, never a draw from it).

    Args:
        pixels: The pictures; sides are cropped to multiples of 8 around the centre.
        vae: The VAE model used for encoding.
    """
    return {"samples": vae.encode(pixels)}


@node("VAEDecodeTiled", title="VAE Decode (Tiled)", category="_for_testing", lane="decode")
def vae_decode_tiled(
    *,
    samples: Latent,
    vae: Vae,
    tile_size: Annotated[int, Range(64, 4096, step=32)] = 512,
    overlap: Annotated[int, Range(0, 4096, step=32)] = 64,
    temporal_size: Annotated[int, Range(8, 4096, step=4)] = 64,
    temporal_overlap: Annotated[int, Range(4, 4096, step=4)] = 8,
) -> Image:
    """Decode latents tile by tile, which needs memory for one tile instead of the whole picture.

    Args:
        samples: The latent to be decoded.
        vae: The VAE model used for decoding.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share; at most a quarter of the tile is used.
        temporal_size: Only used by video VAEs: frames decoded at a time.
        temporal_overlap: Only used by video VAEs: frames that neighbouring pieces share.
    """
    return vae.decode_tiled(samples["samples"], tile=tile_size, overlap=min(overlap, tile_size // 4))


@node("VAEEncodeTiled", title="VAE Encode (Tiled)", category="_for_testing")
def vae_encode_tiled(
    *,
    pixels: Image,
    vae: Vae,
    tile_size: Annotated[int, Range(64, 4096, step=64)] = 512,
    overlap: Annotated[int, Range(0, 4096, step=32)] = 64,
    temporal_size: Annotated[int, Range(8, 4096, step=4)] = 64,
    temporal_overlap: Annotated[int, Range(4, 4096, step=4)] = 8,
) -> Latent:
    """Encode pictures tile by tile, which needs memory for one tile instead of the whole picture.

    Args:
        pixels: The pictures; sides are cropped to multiples of 8 around the centre.
        vae: The VAE model used for encoding.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share; at most a quarter of the tile is used.
        temporal_size: Only used by video VAEs: frames encoded at a time.
        temporal_overlap: Only used by video VAEs: frames that neighbouring pieces share.
    """
    return {"samples": vae.encode_tiled(pixels, tile=tile_size, overlap=min(overlap, tile_size // 4))}
