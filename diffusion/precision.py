"""Which floating-point type each part of a model computes in.

`float32` reproduces the reference bit-close. `auto` takes the fastest sound type there: bfloat16 where
the hardware multiplies it natively, float16 on GPUs that only have that, float32 elsewhere. The text encoder
runs once per prompt and every step depends on its result, so it stays in float32 whatever the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch

_FAULTY_HALF = "GTX 16"
"""Cards of this name (GTX 1650, 1660, Ti, Super) are of 7.5, and networks in float16 give NaN on them."""


@dataclass(frozen=True)
class Dtypes:
    """The type of each part."""

    network: torch.dtype
    text: torch.dtype
    vae: torch.dtype


class Precision(StrEnum):
    """The policies a person can choose from."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BF16 = "bf16"
    FP16 = "fp16"

    def dtypes(self, device: torch.device) -> Dtypes:
        """The types to use on this device.

        Args:
            device: where the model will run.
        """
        match self:
            case Precision.AUTO:
                network = fastest_sound_type(device)
            case Precision.FLOAT32:
                network = torch.float32
            case Precision.BF16:
                network = torch.bfloat16
            case Precision.FP16:
                network = torch.float16
        return Dtypes(network=network, text=torch.float32, vae=_vae_type(network))

    def on(self, device: torch.device) -> Precision:
        """The policy that gives everywhere the types this one gives on a device.

        For loading weights to the host that are computed with on the device.
        """
        types = {
            torch.float32: Precision.FLOAT32,
            torch.bfloat16: Precision.BF16,
            torch.float16: Precision.FP16,
        }
        return types[self.dtypes(device).network]


def fastest_sound_type(device: torch.device) -> torch.dtype:
    """bfloat16, float16 or float32: the fastest that the device computes natively."""
    if device.type == "cpu":
        return torch.bfloat16 if _cpu_multiplies_bf16() else torch.float32
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        # Ampere (8.x) brought bfloat16, Volta (7.x) fast float16.
        if major == 7 and _FAULTY_HALF in torch.cuda.get_device_name(device):
            return torch.float32
        return torch.bfloat16 if major >= 8 else torch.float16 if major == 7 else torch.float32
    return torch.float16 if device.type == "mps" else torch.float32


def _cpu_multiplies_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def _vae_type(network: torch.dtype) -> torch.dtype:
    """float16 overflows inside the published autoencoders (its largest value is 65504); bfloat16 does not.

    On Stable Diffusion 1.5's sizes bfloat16 moves decoded pictures by half an 8-bit level on average (51 dB).
    """
    return torch.float32 if network == torch.float16 else network
