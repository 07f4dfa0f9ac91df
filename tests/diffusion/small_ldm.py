"""Small checkpoints of the latent diffusion paper's families: CompVis' layout with its schedule buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.checkpoint import load
from diffusion.checkpoint.loader import Checkpoint
from diffusion.families.ldm import LDM
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.ldm.bert import Bert, BertConfig
from diffusion.ldm.readers import ClassTable
from diffusion.precision import Precision
from diffusion.unet import UNet, UNetConfig
from diffusion.vae import VAEConfig
from diffusion.vq import autoencoder
from tests.fill import fill

CONDITIONER = "cond_stage_model."
BERT = BertConfig(vocabulary=30522, places=77, width=64, heads=1, inner=128, layers=2)
BOXES = replace(BERT, vocabulary=8192, places=92)
CLASSES = 1001

PLAIN = UNetConfig(
    widths=(32, 64),
    down_depths=((0,), (1,)),
    up_depths=((1, 1), (0, 0)),
    middle_depth=1,
    context_dim=0,
    in_channels=3,
    out_channels=3,
    heads=None,
    head_dim=32,
    plain_attention=True,
)
READING = replace(PLAIN, plain_attention=False, context_dim=64)
VQ_F4 = VAEConfig(widths=(32, 32, 64), res_blocks=1, latent_channels=3, codebook=64)
KL_F8 = VAEConfig(widths=(32, 32, 32, 64), res_blocks=1)


@dataclass(frozen=True)
class SmallModel:
    """The sizes of a small checkpoint."""

    unet: UNetConfig
    vae: VAEConfig
    conditioner: Callable[[], nn.Module] | None = None
    prefix: str = ""
    betas: tuple[float, float] = (0.0015, 0.0195)


_F8 = {"in_channels": 4, "out_channels": 4}
MODELS = {
    "ldm-text": SmallModel(
        replace(READING, **_F8, heads=8, head_dim=None),
        KL_F8,
        lambda: Bert(BERT),
        "transformer.",
        (0.00085, 0.012),
    ),
    "ldm-class": SmallModel(replace(READING, heads=1, head_dim=None), VQ_F4, lambda: ClassTable(CLASSES, 64)),
    "ldm-boxes": SmallModel(READING, VQ_F4, lambda: Bert(BOXES), "transformer.", (0.0015, 0.0205)),
    "ldm-unconditional": SmallModel(PLAIN, VQ_F4),
    "ldm-unconditional-f8": SmallModel(
        replace(PLAIN, **_F8, residual_resampling=True, scale_shift=True, heads=8, head_dim=None),
        KL_F8,
        betas=(0.0015, 0.0155),
    ),
    "ldm-super-resolution": SmallModel(replace(PLAIN, in_channels=6), VQ_F4, betas=(0.0015, 0.0155)),
    "ldm-inpaint": SmallModel(
        replace(PLAIN, in_channels=7, residual_resampling=True, heads=8, head_dim=None),
        replace(VQ_F4, middle_attention=False),
        betas=(0.0015, 0.0205),
    ),
}
"""By the names of the families."""
assert MODELS.keys() == {family.name for family in LDM}


def ldm_shapes(model: SmallModel) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a checkpoint's networks."""
    with torch.device("meta"):
        parts: list[tuple[str, nn.Module]] = [
            (NETWORK, UNet(model.unet)),
            (VAE, autoencoder(model.vae)),
        ]
        if model.conditioner is not None:
            parts.append((f"{CONDITIONER}{model.prefix}", model.conditioner()))
    return {
        f"{prefix}{name}": tuple(value.shape)
        for prefix, part in parts
        for name, value in part.state_dict().items()
    }


def schedule(betas: tuple[float, float]) -> dict[str, Tensor]:
    """The buffers CompVis saves with every model: float32, square roots of beta linear."""
    values = torch.linspace(betas[0] ** 0.5, betas[1] ** 0.5, 1000, dtype=torch.float64) ** 2
    return {"betas": values.float(), "alphas_cumprod": (1 - values).cumprod(0).float()}


def ldm_tensors(name: str) -> dict[str, Tensor]:
    """All tensors of a small checkpoint of a family, pseudo-random."""
    model = MODELS[name]
    # Under another prefix, as the rule shapes tensors of U-Nets for four channels.
    weights = {name: fill(f"ldm.{name}", shape) for name, shape in ldm_shapes(model).items()}
    return {**weights, **schedule(model.betas)}


def save_ldm(path: Path, name: str, **more: Tensor) -> Path:
    """Write a small checkpoint as CompVis does: a pickle with the tensors under `state_dict`."""
    content = {"epoch": 1, "global_step": 2, "state_dict": {**ldm_tensors(name), **more}}
    torch.save(content, path)
    if name == "ldm-text":
        (path.parent / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    return path


def average_name(name: str) -> str:
    """What CompVis calls the running average of a weight."""
    return f"model_ema.{name.removeprefix('model.').replace('.', '')}"


def opened(path: Path) -> Checkpoint:
    """A checkpoint as these tests compute with it: float32, on the CPU."""
    return load(path, precision=Precision.FLOAT32, device=torch.device("cpu"))


def modules(loaded: Checkpoint) -> list[nn.Module]:
    """The networks of a checkpoint: U-Net, autoencoder, and what reads the prompt or the class."""
    reader: Any = loaded.clip.reader
    others = [getattr(reader, name) for name in ("model", "table") if hasattr(reader, name)]
    towers = [tower.model for tower in loaded.clip.towers.values()]
    network = loaded.model.network
    assert isinstance(network, nn.Module)
    return [network, loaded.vae.module, *towers, *others]


def vocabulary() -> list[str]:
    """A vocabulary of BERT's size: its special tokens where BERT has them, some words, and fillers."""
    words = [f"[unused{n}]" for n in range(BERT.vocabulary)]
    words[0], words[100:104] = "[PAD]", ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words[1000:1012] = [
        "a",
        "fox",
        "whale",
        "paint",
        "##ing",
        "of",
        "red",
        "squirrel",
        ",",
        "!",
        "cafe",
        "##s",
    ]
    return words
