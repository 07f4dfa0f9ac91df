"""The device to compute on."""

from __future__ import annotations

import torch


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
