"""Where models live: the device to compute on and how much memory they may take there."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Placement:
    """A device and the bytes models may take on it (None: whatever is free)."""

    device: torch.device
    budget: int | None = None

    def room(self) -> int | None:
        """Bytes a model may still take, or None where the device cannot tell (a CPU swaps first)."""
        if self.device.type != "cuda":
            return self.budget
        free, _ = torch.cuda.mem_get_info(self.device)
        return free if self.budget is None else min(free, self.budget)


def choose_device(name: str | None = None) -> torch.device:
    """The named device ("cpu", "cuda:1", "mps"), or the best one there is.

    Raises:
        ValueError: a device is asked for by name and this machine lacks it.
    """
    if name is None:
        fallback = "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device("cuda" if torch.cuda.is_available() else fallback)
    device = torch.device(name)
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device.type, False):
        there = ", ".join(kind for kind, present in available.items() if present)
        raise ValueError(f"there is no device {name!r} on this machine; available: {there}")
    return device
