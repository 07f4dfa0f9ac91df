"""Stage 1: train the autoencoder, first on crops (cheap), then on whole pictures (what it will see)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffusion.vae import AutoencoderKL, VAEConfig
from tools.train_demo.data import OBJECTS, SIZE, Painter
from tools.train_demo.optimizer import Average, Optimizers
from tools.train_demo.runs import SEED, load, log, save, to_tensor

CONFIG = VAEConfig(widths=(64, 64, 96, 96), res_blocks=1)
"""Normalisation has 32 groups: with 64 channels two share one, and absolute colour survives it."""

LATENT_NOISE = 0.05
"""Noise on latents in training, relative to their spread: the decoder must forgive the U-Net's errors."""


@dataclass(frozen=True)
class Phase:
    """Steps on crops of one size, of pictures of the first `objects` objects."""

    steps: int
    side: int
    batch: int
    objects: int
    rates: tuple[float, float]
    """Learning-rate factor at the first step and after the last; linear in between."""

    def rate(self, step: int) -> float:
        """The factor at a step of this phase."""
        start, end = self.rates
        return start + (end - start) * step / self.steps


PHASES = (
    Phase(50, 64, 8, 36, (0.02, 1.0)),
    Phase(1270, 64, 8, 36, (1.0, 1.0)),
    Phase(380, 64, 8, 36, (1.0, 0.57)),
    Phase(500, SIZE, 3, 36, (0.57, 0.01)),
    Phase(900, 64, 8, len(OBJECTS), (0.7, 0.5)),
    Phase(400, SIZE, 3, len(OBJECTS), (0.5, 0.01)),
)
"""Two rounds, because the list of objects grew when the first round had gone better than planned."""


def sample(painter: Painter, rng: np.random.Generator, phase: Phase) -> Tensor:
    """A batch [B, 3, side, side] in -1..1."""
    chosen = rng.integers(phase.objects, size=phase.batch)
    pictures = [painter.draw(painter.scene(rng, int(index))) for index in chosen]
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
    reference = to_tensor([painter.draw(painter.scene(held_out, i)) for i in range(len(OBJECTS))])
    judge = AutoencoderKL(CONFIG)
    total = sum(phase.steps for phase in phases)
    while step < total:
        rng = np.random.default_rng((SEED, step))
        torch.manual_seed(SEED + step)
        phase, within = _phase(phases, step)
        pixels = sample(painter, rng, phase)
        latent = phase.side // CONFIG.factor
        noise = torch.randn(phase.batch, 4, latent, latent)
        with torch.autocast("cpu", torch.bfloat16):
            loss = network(pixels, noise)
        loss.backward()
        optimizers.step(phase.rate(within))
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


def _phase(phases: tuple[Phase, ...], step: int) -> tuple[Phase, int]:
    """The phase of a step, and the step's number within it."""
    for phase in phases:
        if step < phase.steps:
            return phase, step
        step -= phase.steps
    raise ValueError("the training has ended")
