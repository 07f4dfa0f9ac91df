"""The types on the wires: what each socket name carries. Packs and built-in nodes exchange these values."""

from typing import Annotated, NotRequired, TypedDict

from torch import Tensor

from diffusion.autoencoder import Vae as VaeModel
from diffusion.conditioning import Options
from diffusion.model import DiffusionModel
from diffusion.safety import SafetyChecker as SafetyModel
from diffusion.samplers import SAMPLERS
from diffusion.schedules import SCHEDULERS
from diffusion.text import TextEncoder
from engine.types import Choices, Range, SeedControl, Socket


class LatentDict(TypedDict):
    """A batch of latents in the VAE's own (unscaled) space; unknown keys are carried along.

    `samples` float [B,C,H/8,W/8]; `noise_mask` [B,1,H,W], 1 where to denoise; `batch_index` numbers the noise
    of each item.
    """

    samples: Tensor
    noise_mask: NotRequired[Tensor]
    batch_index: NotRequired[list[int]]


Model = Annotated[DiffusionModel, Socket("MODEL")]
Clip = Annotated[TextEncoder, Socket("CLIP")]
Vae = Annotated[VaeModel, Socket("VAE")]
Conditioning = Annotated[list[tuple[Tensor, Options]], Socket("CONDITIONING")]
Latent = Annotated[LatentDict, Socket("LATENT")]
Image = Annotated[Tensor, Socket("IMAGE")]
Mask = Annotated[Tensor, Socket("MASK")]
SafetyChecker = Annotated[SafetyModel, Socket("SAFETY_CHECKER")]

Seed = Annotated[int, Range(0, 2**64 - 1), SeedControl()]
Steps = Annotated[int, Range(1, 10_000)]
Cfg = Annotated[float, Range(0.0, 100.0, step=0.1, round=0.01)]
SamplerName = Annotated[str, Choices(tuple(SAMPLERS))]
SchedulerName = Annotated[str, Choices(tuple(SCHEDULERS))]
