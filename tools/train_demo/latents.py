"""Before stage 3: scale the autoencoder as SD 1.x expects, and encode the U-Net's training pictures once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffusion.vae import AutoencoderKL
from tools.train_demo.autoencoder import CONFIG, LATENT_NOISE
from tools.train_demo.data import BACKGROUNDS, OBJECTS, Painter, Scene
from tools.train_demo.runs import SEED, log, save, to_tensor

SCALE = 0.18215
"""What SD 1.x multiplies latents by."""

ROUNDS = 8
"""Pictures of every object on every background."""


@dataclass(frozen=True)
class Latents:
    """Scaled latents [N, 4, 16, 16], and the object and background of each [N, 2]."""

    values: Tensor
    labels: Tensor


def scaled(weights: dict[str, Tensor], mean: Tensor, std: Tensor) -> dict[str, Tensor]:
    """Fold a shift and a scale of each latent channel into the 1x1 convolutions around the latent.

    Afterwards latents times 0.18215 have mean 0 and spread 1 in every channel, and pictures decode as before.
    The log variance becomes the constant noise the decoder was trained to forgive.
    """
    folded = {name: value.clone() for name, value in weights.items()}
    gain = 1 / (std * SCALE)
    channels = len(mean)
    folded["quant_conv.weight"][:channels] *= gain.view(-1, 1, 1, 1)
    folded["quant_conv.bias"][:channels] = (folded["quant_conv.bias"][:channels] - mean) * gain
    folded["quant_conv.weight"][channels:] = 0
    folded["quant_conv.bias"][channels:] = 2 * float(np.log(LATENT_NOISE / SCALE))
    post = folded["post_quant_conv.weight"]
    folded["post_quant_conv.bias"] += post[:, :, 0, 0] @ mean
    folded["post_quant_conv.weight"] = post / gain.view(1, -1, 1, 1)
    return folded


@torch.no_grad()
def encode(vae: AutoencoderKL, painter: Painter, scenes: list[Scene]) -> Tensor:
    """Latents [N, 4, 16, 16] of scenes, unscaled."""
    parts: list[Tensor] = []
    for start in range(0, len(scenes), 8):
        pixels = to_tensor([painter.draw(scene) for scene in scenes[start : start + 8]])
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(vae.encode(pixels).float())
    return torch.cat(parts)


def prepare(directory: Path, rounds: int = ROUNDS) -> None:
    """Write `autoencoder-scaled.pt` (weights) and `latents.pt` (training latents)."""
    painter, rng = Painter(), np.random.default_rng((SEED, 3))
    vae = AutoencoderKL(CONFIG)
    weights = torch.load(directory / "autoencoder.pt", weights_only=True)["average"]["weights"]
    vae.load_state_dict(weights)
    scenes = [
        painter.scene(rng, index, background)
        for _ in range(rounds)
        for index in range(len(OBJECTS))
        for background in range(len(BACKGROUNDS))
    ]
    values = encode(vae, painter, scenes)
    mean, std = values.mean((0, 2, 3)), values.std((0, 2, 3))
    log(f"latents of {len(scenes)} pictures: mean {mean.tolist()}, std {std.tolist()}")
    save(directory / "autoencoder-scaled.pt", scaled(weights, mean, std))
    labels = torch.tensor([[scene.object, scene.background] for scene in scenes])
    standard = (values - mean.view(1, -1, 1, 1)) / std.view(1, -1, 1, 1)
    save(directory / "latents.pt", {"values": standard, "labels": labels})


def load_latents(directory: Path) -> Latents:
    """Read what `prepare` wrote."""
    state = torch.load(directory / "latents.pt", weights_only=True)
    return Latents(state["values"], state["labels"])
