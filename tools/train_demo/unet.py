"""Stage 3: train the U-Net to predict noise in latents, given the text tower's view of the caption."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel

from diffusion.unet import UNet, UNetConfig
from tools.train_demo.data import BACKGROUNDS, OBJECTS, TEMPLATES, Scene, caption_as
from tools.train_demo.latents import load_latents
from tools.train_demo.optimizer import Average, Optimizers, trapezoid
from tools.train_demo.runs import SEED, load, log, save
from tools.train_demo.schedule import ALPHAS_CUMPROD
from tools.train_demo.towers import TEXT, Tokens

CONFIG = UNetConfig(
    widths=(64, 128), down_depths=((0,), (1,)), up_depths=((1, 1), (0, 0)), middle_depth=1, context_dim=64
)
"""Attention at 8x8 only: at 16x16 it would cost three times all the rest."""

STEPS, BATCH = 5000, 32
EMPTY = 0.1
"""Part of the captions left empty, for classifier-free guidance (Ho and Salimans 2021)."""
WEIGHT_LIMIT = 25.0
_ENDS = ("input_blocks.0.", "out.", "time_embed")


class Captions:
    """Text states of every caption and of the empty prompt, made once."""

    @torch.no_grad()
    def __init__(self, text: CLIPTextModel) -> None:
        tokens = Tokens()
        shape = (len(OBJECTS), len(BACKGROUNDS), len(TEMPLATES))
        scenes = [Scene(i, j, 0, 0, 0) for i in range(shape[0]) for j in range(shape[1])]
        texts = [caption_as(scene, template) for scene in scenes for template in TEMPLATES]
        states = [text(tokens(texts[i : i + 64])).last_hidden_state for i in range(0, len(texts), 64)]
        self.states = torch.cat(states).unflatten(0, shape)
        self.empty = text(tokens([""])).last_hidden_state[0]

    def pick(self, labels: Tensor, rng: np.random.Generator) -> Tensor:
        """States [B, 77, 64] of a random wording for each label [B, 2]; some are empty."""
        wording = torch.from_numpy(rng.integers(len(TEMPLATES), size=len(labels)))
        states = self.states[labels[:, 0], labels[:, 1], wording]
        states[torch.from_numpy(rng.random(len(labels)) < EMPTY)] = self.empty
        return states


def text_tower(directory: Path) -> CLIPTextModel:
    """The text tower that stage 2 trained."""
    weights = torch.load(directory / "towers.pt", weights_only=True)["network"]
    text = CLIPTextModel(TEXT)
    text.load_state_dict({k.removeprefix("text."): v for k, v in weights.items() if k.startswith("text.")})
    return text.eval()


def new_unet() -> UNet:
    """A U-Net whose residual branches and output start at zero, as Dhariwal and Nichol (2021) do."""
    unet = UNet(CONFIG)
    for name, parameter in unet.named_parameters():
        if name.startswith("out.2.") or "out_layers.3." in name or "proj_out." in name:
            nn.init.zeros_(parameter)
    return unet


def weights(t: Tensor) -> Tensor:
    """Weight of the noise error at timesteps [B]: (1 + SNR) / SNR, clipped.

    A plain background is decided at the noisiest timesteps, where the unweighted loss hardly sees it.
    Unclipped, this is the loss of predicting v (Salimans and Ho 2022).
    """
    return (1 / ALPHAS_CUMPROD[t]).clamp(max=WEIGHT_LIMIT)


def loss(unet: UNet, latents: Tensor, context: Tensor, t: Tensor) -> Tensor:
    """Weighted squared error of the noise predicted in latents [B, 4, 16, 16] at timesteps [B]."""
    noise = torch.randn_like(latents)
    level = ALPHAS_CUMPROD[t].view(-1, 1, 1, 1)
    noisy = level.sqrt() * latents + (1 - level).sqrt() * noise
    # The fused attention's backward pass is ten times slower than the plain one on CPUs at these sizes.
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        predicted = unet(noisy, t, context)
    return (weights(t) * (predicted.float() - noise).square().mean((1, 2, 3))).mean()


def timesteps(rng: np.random.Generator, size: int) -> Tensor:
    """Timesteps spread evenly over 0..999, one at random in each of `size` equal parts."""
    return torch.from_numpy(((np.arange(size) + rng.random(size)) / size * 1000).astype(np.int64))


def train(directory: Path, steps: int = STEPS, batch: int = BATCH) -> None:
    """Train, or go on with a training, and leave `unet.pt` in `directory`."""
    path = directory / "unet.pt"
    torch.manual_seed(SEED)
    unet = new_unet()
    optimizers = Optimizers(unet, muon_lr=0.01, adam_lr=1e-3, ends=_ENDS)
    average = Average(unet, 0.999)
    step = 0
    if (state := load(path)) is not None:
        unet.load_state_dict(state["network"])
        optimizers.load_state_dict(state["optimizers"])
        average.load_state_dict(state["average"])
        step = state["step"]
    captions = Captions(text_tower(directory))
    latents = load_latents(directory)
    recent = 0.0
    while step < steps:
        rng = np.random.default_rng((SEED, 4, step))
        torch.manual_seed(SEED + step)
        chosen = torch.from_numpy(rng.integers(len(latents.values), size=batch))
        error = loss(
            unet, latents.values[chosen], captions.pick(latents.labels[chosen], rng), timesteps(rng, batch)
        )
        error.backward()
        optimizers.step(trapezoid(step, steps))
        average.update(unet)
        step += 1
        recent += error.item() / 100
        if step % 100 == 0:
            log(f"unet {step}/{steps} loss {recent:.4f}")
            recent = 0.0
        if step % 250 == 0 or step == steps:
            states = {"network": unet.state_dict(), "average": average.state_dict(), "step": step}
            save(path, states | {"optimizers": optimizers.state_dict()})
