"""The VQ autoencoder (Esser et al. 2021, arXiv 2012.09841) as latent diffusion uses it (arXiv 2112.10752).

Diffusion runs on the latents before quantisation; decoding begins with it, so whatever a sampler leaves is
moved to the nearest entries of the codebook. Attribute names are the tensor names of published checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffusion.vae import AutoencoderKL, Decoder, Encoder, VAEConfig

_PART = 4096
"""Vectors compared with the codebook at a time, which takes 128 MB for 8192 entries."""


class Codebook(nn.Module):
    """Vectors that latents are rounded to."""

    def __init__(self, entries: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(entries, width)

    def forward(self, latent: Tensor) -> Tensor:
        """The entry nearest to each vector of a latent [B, C, H, W]."""
        vectors = latent.movedim(1, -1)
        parts = torch.split(vectors.reshape(-1, latent.shape[1]), _PART)
        nearest = torch.cat([self._nearest(part) for part in parts])
        return self.embedding(nearest.view(vectors.shape[:-1])).movedim(-1, 1)

    def _nearest(self, vectors: Tensor) -> Tensor:
        """Numbers [N] of the entries nearest to vectors [N, C]."""
        # The square of the vector itself is the same for all entries; bfloat16 would mix up near ones.
        table = self.embedding.weight.float()
        return (table.square().sum(dim=1) - 2 * vectors.float() @ table.T).argmin(dim=1)


class VQModel(nn.Module):
    """Pixels in -1..1 to latents (f4: 3 channels of 1/4 the size) and back by way of the codebook."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        if config.codebook is None:
            raise ValueError("a VQ autoencoder needs a codebook")
        self.config = config
        latent = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = Codebook(config.codebook, latent)
        self.quant_conv = nn.Conv2d(latent, latent, 1)
        self.post_quant_conv = nn.Conv2d(latent, latent, 1)

    def encode(self, pixels: Tensor) -> Tensor:
        """Latent [B, C, H/f, W/f], not quantised, of pixels [B, 3, H, W] in -1..1."""
        return self.quant_conv(self.encoder(pixels))

    def decode(self, latent: Tensor) -> Tensor:
        """Pixels [B, 3, fH, fW], about -1..1 and not clamped, of a latent [B, C, H, W], quantised or not."""
        return self.decoder(self.post_quant_conv(self.quantize(latent)))


def autoencoder(config: VAEConfig) -> AutoencoderKL | VQModel:
    """The kind of autoencoder these sizes are of."""
    return AutoencoderKL(config) if config.codebook is None else VQModel(config)
