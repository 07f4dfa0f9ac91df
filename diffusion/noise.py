"""Where randomness comes from: the initial noise of a seed, and the draws samplers make on the way.

Everything follows from one seed (0 .. 2^64 - 1). The initial noise is always drawn on the CPU, so that it
does not depend on the machine; draws on the way come from a generator on the state's device.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from diffusion.model import Latent

SEEDS = 2**64


def initial_noise(shape: Sequence[int], seed: int, indices: Sequence[int] | None = None) -> Tensor:
    """Unit normal noise for a batch of latents: float32 on the CPU.

    Args:
        shape: [B, C, ...] of the latents.
        indices: Which noise of the seed's stream each batch item gets (a LATENT's `batch_index`), so that a
            picture taken out of a batch can be made again alone. None: one draw of the whole shape.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    if indices is None:
        return torch.randn(*shape, generator=generator)
    if len(indices) != shape[0]:
        raise ValueError(f"batch_index names {len(indices)} noises for a batch of {shape[0]} latents")
    drawn = [torch.randn(1, *shape[1:], generator=generator) for _ in range(max(indices) + 1)]
    return torch.cat([drawn[i] for i in indices])


class NoiseSource(Protocol):
    """The NOISE socket: what a run starts from."""

    @property
    def seed(self) -> int:
        """What draws on the way are seeded with."""
        ...

    def generate_noise(self, latent: Latent, /) -> Tensor:
        """Noise of the shape of `latent["samples"]`, on the CPU."""
        ...


@dataclass(frozen=True)
class SeededNoise:
    """The initial noise of a seed; a latent's `batch_index` picks which."""

    seed: int

    def generate_noise(self, latent: Latent) -> Tensor:
        return initial_noise(latent["samples"].shape, self.seed, latent.get("batch_index"))


@dataclass(frozen=True)
class NoNoise:
    """Nothing, for a latent that holds its noise already."""

    seed: int = 0

    def generate_noise(self, latent: Latent) -> Tensor:
        return torch.zeros(latent["samples"].shape)


class GaussianNoise:
    """Independent draws from a generator of its own on the device of `like`.

    On the CPU the first draw repeats the initial noise of the seed: known pictures depend on it.
    """

    def __init__(self, seed: int, like: Tensor) -> None:
        self.seed = seed
        self._generator = torch.Generator(like.device).manual_seed(seed)
        self._like = like

    def __call__(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        like = self._like
        return torch.randn(like.shape, generator=self._generator, device=like.device, dtype=like.dtype)


class BrownianNoise:
    """Increments of one Brownian path over sigma, scaled to unit variance (torchsde's virtual Brownian tree).

    The draw for a step depends on where it starts and ends and on no other draw: a run with more steps
    follows the same path. The path spans the sigmas above zero of `sigmas` and lives on `device`; on the CPU,
    the default, it is the same on every machine.
    """

    def __init__(
        self, seed: int, like: Tensor, sigmas: Tensor, device: torch.device | str | None = None
    ) -> None:
        self.seed = seed
        self._like = like
        self._device = torch.device(device or "cpu")
        self._span = sigmas[sigmas > 0]
        self._tree: Callable[[Tensor, Tensor], Tensor] | None = None

    def __call__(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        if self._tree is None:
            self._tree = self._grow()
        low, high = torch.minimum(sigma, sigma_next), torch.maximum(sigma, sigma_next)
        with (
            warnings.catch_warnings()
        ):  # it rounds its own ends and then remarks on queries just outside them
            warnings.filterwarnings("ignore", message="Should have t[ab]")
            increment = self._tree(low, high) / (high - low).sqrt()
        return (increment if sigma < sigma_next else -increment).to(self._like.device, non_blocking=True)

    def _grow(self) -> Callable[[Tensor, Tensor], Tensor]:
        # Costs half a second, and only these samplers need it. It ships no types.
        import torchsde  # pyright: ignore[reportMissingTypeStubs]

        start = torch.zeros_like(self._like, device=self._device)
        tree = torchsde.BrownianTree(self._span.min(), start, self._span.max(), entropy=self.seed)
        return cast(Callable[[Tensor, Tensor], Tensor], tree)
