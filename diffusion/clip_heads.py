"""Attention heads of CLIP's encoders, the one size that no tensor's shape tells."""

from __future__ import annotations


def attention_heads(width: int, stated: int | None = None) -> int:
    """How many heads an encoder of that width has: one for every 64 channels, as in all CLIPs, or as stated.

    Raises:
        ValueError: the heads cannot share the width.
    """
    heads = max(1, width // 64) if stated is None else stated
    if heads < 1 or width < 1 or width % heads:
        raise ValueError(f"{heads} attention heads cannot share a width of {width}")
    return heads
