"""How much of a device to use, and what is said where that is not enough."""

from __future__ import annotations

from enum import StrEnum

import torch


class Strategy(StrEnum):
    """How much stays on the device, in the words of ComfyUI's options."""

    NORMAL = "normal"
    """As much as there is room for."""
    LOW = "low"
    """Only the network that computes, and one side of the guidance at a time."""
    NONE = "none"
    """Only the layer that computes, and the next."""


class TooLittleMemory(torch.OutOfMemoryError):
    """Not even the layers one by one leave enough memory to compute."""
