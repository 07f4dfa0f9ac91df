"""What the formats of LoRA and LyCORIS do to one weight: the arithmetic, one class a method.

A delta knows the shape of the weight it was trained on and gives the changed weight for any strength. All of
it is float32: adding to a weight of fewer bits, patch after patch, would lose the small changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Protocol

import torch
from torch import Tensor

Shape = tuple[int, ...]


class Delta(Protocol):
    """A learned change of one weight."""

    @property
    def shape(self) -> Shape:
        """Rows first; convolution kernels may be flattened into the columns."""
        ...

    @property
    def columns(self) -> int:
        """Input channels of the weight, where the factors tell them apart from the kernel."""
        ...

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        """The changed weight, float32. `weight` is float32 and stays as it is."""
        ...


class Product(Protocol):
    """A delta that is a matrix made of factors, to be added to the weight."""

    @property
    def shape(self) -> Shape: ...

    @property
    def columns(self) -> int: ...

    def matrix(self, device: torch.device) -> Tensor:
        """The scaled sum of the factors, float32, as many elements as the weight."""
        ...


def _on(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.to(device, torch.float32)


@dataclass(frozen=True)
class LowRank:
    """LoRA (arXiv 2106.09685), and LoCon, its form for convolutions: up @ down.

    `mid` is the kernel of a Tucker decomposition, between a down and an up that are 1x1.
    """

    up: Tensor
    down: Tensor
    mid: Tensor | None = None
    alpha: float | None = None

    @property
    def shape(self) -> Shape:
        if self.mid is None:
            return (self.up.shape[0], *self.down.shape[1:])
        return (self.up.shape[0], self.down.shape[1], *self.mid.shape[2:])

    @property
    def columns(self) -> int:
        return self.down.shape[1]

    def matrix(self, device: torch.device) -> Tensor:
        up, down = _on(self.up, device).flatten(1), _on(self.down, device).flatten(1)
        scale = _scale(self.alpha, len(self.down))
        if self.mid is None:
            return scale * (up @ down)
        return scale * torch.einsum("oa,abhw,bi->oihw", up, _on(self.mid, device), down)


@dataclass(frozen=True)
class Factors:
    """One low-rank matrix a @ b; with a kernel t, its Tucker form, whose factors are stored transposed."""

    a: Tensor
    b: Tensor
    t: Tensor | None = None

    @property
    def rank(self) -> int:
        return len(self.b)

    @property
    def shape(self) -> Shape:
        if self.t is None:
            return (self.a.shape[0], self.b.shape[1])
        return (self.a.shape[1], self.b.shape[1], *self.t.shape[2:])

    def matrix(self, device: torch.device) -> Tensor:
        a, b = _on(self.a, device), _on(self.b, device)
        if self.t is None:
            return a @ b
        return torch.einsum("ijhw,jr,ip->prhw", _on(self.t, device), b, a)


@dataclass(frozen=True)
class Hadamard:
    """LoHa (arXiv 2108.06098): two low-rank matrices, multiplied element by element."""

    first: Factors
    second: Factors
    alpha: float | None = None

    @property
    def shape(self) -> Shape:
        return self.first.shape

    @property
    def columns(self) -> int:
        return self.first.shape[1]

    def matrix(self, device: torch.device) -> Tensor:
        scale = _scale(self.alpha, self.first.rank)
        return scale * self.first.matrix(device) * self.second.matrix(device)


@dataclass(frozen=True)
class Kronecker:
    """LoKr (LyCORIS, arXiv 2309.14859): the Kronecker product of a small and a larger matrix.

    Each is stored whole or as low-rank factors; alpha counts only where one is.
    """

    first: Tensor | Factors
    second: Tensor | Factors
    alpha: float | None = None

    @property
    def shape(self) -> Shape:
        first, second = self.first.shape, self.second.shape
        return (first[0] * second[0], first[1] * second[1], *second[2:])

    @property
    def columns(self) -> int:
        return self.shape[1]

    def matrix(self, device: torch.device) -> Tensor:
        first, second = _whole(self.first, device), _whole(self.second, device)
        first = first.reshape(*first.shape, *(1 for _ in range(second.ndim - first.ndim)))
        low = [part for part in (self.second, self.first) if isinstance(part, Factors)]
        return (_scale(self.alpha, low[0].rank) if low else 1.0) * torch.kron(first, second)


def _whole(part: Tensor | Factors, device: torch.device) -> Tensor:
    return part.matrix(device) if isinstance(part, Factors) else _on(part, device)


@dataclass(frozen=True)
class Difference:
    """The difference of two weights, whole, as extracted from models or trained for norms and biases."""

    difference: Tensor

    @property
    def shape(self) -> Shape:
        return tuple(self.difference.shape)

    @property
    def columns(self) -> int:
        return _columns(self.shape)

    def matrix(self, device: torch.device) -> Tensor:
        return _on(self.difference, device)


@dataclass(frozen=True)
class Added:
    """A matrix added to the weight, as often as the strength says."""

    product: Product

    @property
    def shape(self) -> Shape:
        return self.product.shape

    @property
    def columns(self) -> int:
        return self.product.columns

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        return weight + strength * self.product.matrix(weight.device).reshape(weight.shape)


@dataclass(frozen=True)
class Decomposed:
    """DoRA (arXiv 2402.09353): the direction is the sum of weight and matrix, the magnitude is learned.

    A magnitude of one number per row divides by the rows' norms of the weight alone, as LyCORIS trains it,
    or of the sum with `of_sum`, as PEFT does; one per column always by the norms of the sum.
    """

    product: Product
    magnitude: Tensor
    of_sum: bool = False

    @property
    def shape(self) -> Shape:
        return self.product.shape

    @property
    def columns(self) -> int:
        return self.product.columns

    def by_row(self, shape: Shape) -> bool:
        """Whether it has a magnitude for each row of a weight of that shape, rather than for each column."""
        return self.magnitude.ndim < 2 or len(self.magnitude) == shape[0]

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        total = weight + self.product.matrix(weight.device).reshape(weight.shape)
        magnitude = _on(self.magnitude, weight.device)
        axis = 0 if self.by_row(tuple(weight.shape)) else 1
        measured = total if axis or self.of_sum else weight
        norms = measured.transpose(0, axis).flatten(1).square().sum(1).sqrt()
        aligned = [-1 if place == axis else 1 for place in range(weight.ndim)]
        change = magnitude.reshape(aligned) / (norms + torch.finfo(torch.float32).eps).reshape(aligned)
        return weight + strength * (total * change - weight)


@dataclass(frozen=True)
class Orthogonal:
    """OFT (arXiv 2306.07280): blocks of rows turned by learned rotations, made by the Cayley transform.

    The strength scales the rotation and then its effect, as those who trained with it are used to.
    """

    blocks: Tensor
    """[blocks, size, size]."""
    alpha: float | None = None

    @property
    def shape(self) -> Shape:
        return (self.blocks.shape[0] * self.blocks.shape[1],)

    @property
    def columns(self) -> int:
        return 0

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        blocks = _on(self.blocks, weight.device)
        count, size, _ = blocks.shape
        skew = blocks - blocks.transpose(1, 2)
        norm = float(skew.square().sum().sqrt()) + 1e-8
        if self.alpha is not None and 0 < self.alpha < norm:
            skew = skew * (self.alpha / norm)
        one = torch.eye(size, device=weight.device)
        turn = (one + skew) @ torch.inverse(one - skew)
        rows = weight.reshape(count, size, -1)
        change = (turn - one).transpose(1, 2) @ rows
        return weight + strength * strength * change.reshape(weight.shape)


@dataclass(frozen=True)
class Replacement:
    """A weight that takes the place of the model's, whatever the strength."""

    value: Tensor

    @property
    def shape(self) -> Shape:
        return tuple(self.value.shape)

    @property
    def columns(self) -> int:
        return _columns(self.shape)

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        return _on(self.value, weight.device).reshape(weight.shape)


def fits(delta: Delta, shape: Shape) -> bool:
    """Whether a delta can change a weight of that shape; kernels of 1x1 and flattened ones are the same."""
    if isinstance(delta, Orthogonal):
        return delta.shape[0] == shape[0]
    if isinstance(delta, Decomposed) and (
        len(shape) < 2 or delta.magnitude.numel() != shape[0 if delta.by_row(shape) else 1]
    ):
        return False
    return delta.shape[:1] == shape[:1] and prod(delta.shape) == prod(shape)


def _columns(shape: Shape) -> int:
    return shape[1] if len(shape) > 1 else prod(shape)


def _scale(alpha: float | None, rank: int) -> float:
    return 1.0 if alpha is None else alpha / rank
