"""Adapters: LoRA and its relatives, and hypernetworks, attached to models from outside."""

from diffusion.adapters.adapter import Adapter
from diffusion.adapters.hypernetwork import Hypernetwork, attach_hypernetwork
from diffusion.adapters.lora import Attached, attach_lora
from diffusion.adapters.patched import Changes, Patch, Patched

__all__ = [
    "Adapter",
    "Attached",
    "Changes",
    "Hypernetwork",
    "Patch",
    "Patched",
    "attach_hypernetwork",
    "attach_lora",
]
