"""Stage 1: train the autoencoder, first on crops (cheap), then on whole pictures (what it will see)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffusion.vae import AutoencoderKL, VAEConfig
from tools.train_demo.data import SIZE, Painter
from tools.train_demo.optimizer import Average, Optimizers, trapezoid
from tools.train_demo.runs import SEED, load, log, save, to_tensor

CONFIG = VAEConfig(widths=(64, 64, 96, 96), res_blocks=1)
"""Normalisation has 32 groups: with 64 channels two share one, and absolute colour survives it."""

LATENT_NOISE = 0.05
"""Noise on latents in training, relative to their spread: the decoder must forgive the U-Net's errors."""


@dataclass(frozen=True)
class Phase:
    """Steps on crops of one size."""

    steps: int
    side: int
    batch: int


PHASES = (Phase(1700, 64, 8), Phase(500, SIZE, 3))


def sample(painter: Painter, rng: np.random.Generator, phase: Phase) -> Tensor:
    """A batch [B, 3, side, side] in -1..1."""
    pictures = [painter.draw(painter.scene(rng)) for _ in range(phase.batch)]
    corners = rng.integers(0, SIZE - phase.side + 1, (phase.batch, 2))
    side = phase.side
    return to_tensor([p[y : y + side, x : x + side] for p, (y, x) in zip(pictures, corners, strict=True)])


class Reconstruction(torch.nn.Module):
    """The loss: absolute and squared error, and absolute error of the image gradients for sharp edges."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, pixels: Tensor, noise: Tensor) -> Tensor:
        latent = self.vae.encode(pixels)
        spread = latent.detach().float().std()
        error = self.vae.decode(latent + LATENT_NOISE * spread * noise).float() - pixels
        across, down = error.diff(dim=-1).abs().mean(), error.diff(dim=-2).abs().mean()
        return error.abs().mean() + 2 * error.square().mean() + 0.5 * (across + down)


def psnr(vae: AutoencoderKL, pixels: Tensor) -> float:
    """Mean peak signal-to-noise ratio in dB of encoding and decoding pixels in -1..1."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        decoded = torch.cat([vae.decode(vae.encode(part)).float() for part in pixels.split(8)])
    error = (decoded.clamp(-1, 1) - pixels).div(2).square().mean((1, 2, 3))
    return float((-10 * error.log10()).mean())


def train(directory: Path, phases: tuple[Phase, ...] = PHASES) -> None:
    """Train, or go on with a training, and leave `autoencoder.pt` in `directory`."""
    path = directory / "autoencoder.pt"
    torch.manual_seed(SEED)
    vae = AutoencoderKL(CONFIG)
    network = Reconstruction(vae)
    optimizers = Optimizers(vae, muon_lr=0.02, adam_lr=2e-3, ends=_ENDS)
    average = Average(vae, 0.998)
    step = 0
    if (state := load(path)) is not None:
        vae.load_state_dict(state["network"])
        optimizers.load_state_dict(state["optimizers"])
        average.load_state_dict(state["average"])
        step = state["step"]
    painter = Painter()
    held_out = np.random.default_rng(SEED + 1)
    reference = to_tensor([painter.draw(painter.scene(held_out, i)) for i in range(36)])
    judge = AutoencoderKL(CONFIG)
    total = sum(phase.steps for phase in phases)
    while step < total:
        rng = np.random.default_rng((SEED, step))
        phase = _phase(phases, step)
        pixels = sample(painter, rng, phase)
        latent = phase.side // CONFIG.factor
        noise = torch.randn(phase.batch, 4, latent, latent)
        with torch.autocast("cpu", torch.bfloat16):
            loss = network(pixels, noise)
        loss.backward()
        optimizers.step(trapezoid(step, total))
        average.update(vae)
        step += 1
        if step % 50 == 0:
            log(f"autoencoder {step}/{total} loss {loss.item():.4f}")
        if step % 250 == 0 or step == total:
            judge.load_state_dict(average.weights)
            log(f"autoencoder {step}/{total} psnr {psnr(judge, reference):.2f} dB")
            save(
                path,
                {
                    "network": vae.state_dict(),
                    "optimizers": optimizers.state_dict(),
                    "average": average.state_dict(),
                    "step": step,
                },
            )


_ENDS = (
    "encoder.conv_in",
    "encoder.conv_out",
    "decoder.conv_in",
    "decoder.conv_out",
    "quant_conv",
    "post_quant_conv",
)


def _phase(phases: tuple[Phase, ...], step: int) -> Phase:
    for phase in phases:
        if step < phase.steps:
            return phase
        step -= phase.steps
    return phases[-1]


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    train(Path(sys.argv[1]))
