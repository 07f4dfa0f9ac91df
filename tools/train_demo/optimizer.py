"""Muon for matrices and convolutions, Adam for the rest, and a running average of the weights."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal (Jordan et al. 2024).

    Convolutions count as matrices [out, in * k * k].
    It needs about half the steps of Adam for convolutional networks of this size.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient; those of one shape are made orthogonal together."""
        for group in self.param_groups:
            shapes: defaultdict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[tuple(parameter.shape)].append(parameter)
            for parameters in shapes.values():
                self._step(parameters, group["lr"], group["momentum"])

    def _step(self, parameters: list[nn.Parameter], lr: float, momentum: float) -> None:
        updates: list[Tensor] = []
        for parameter in parameters:
            assert parameter.grad is not None
            state = self.state[parameter]
            if not state:
                state["velocity"] = torch.zeros_like(parameter)
            velocity = state["velocity"].lerp_(parameter.grad, 1 - momentum)
            updates.append(parameter.grad.lerp(velocity, momentum).flatten(1))
        matrices = orthogonal(torch.stack(updates))
        scale = max(1.0, matrices.shape[-2] / matrices.shape[-1]) ** 0.5
        for parameter, update in zip(parameters, matrices, strict=True):
            parameter.add_(update.view_as(parameter), alpha=-lr * scale)


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """The nearest orthogonal matrices, roughly: a Newton-Schulz iteration with Jordan's coefficients."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


class Optimizers:
    """Both optimizers of a network; biases, norms and the tensors under `ends` go to Adam."""

    def __init__(self, network: nn.Module, *, muon_lr: float, adam_lr: float, ends: tuple[str, ...]) -> None:
        named = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
        matrices = [p for n, p in named if p.ndim >= 2 and not n.startswith(ends)]
        rest = [p for n, p in named if p.ndim < 2 or n.startswith(ends)]
        self.rates = (muon_lr, adam_lr)
        self.both = (Muon(matrices, muon_lr), torch.optim.AdamW(rest, adam_lr, (0.9, 0.99), weight_decay=0.0))

    def step(self, factor: float) -> None:
        """Apply the gradients with the learning rates times `factor`, and clear them."""
        for optimizer, rate in zip(self.both, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """The state of both, for a checkpoint."""
        return [optimizer.state_dict() for optimizer in self.both]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Go on from a checkpoint."""
        for optimizer, state in zip(self.both, states, strict=True):
            optimizer.load_state_dict(state)


class Average:
    """Exponential moving average of a network's weights, short at first so that it does not lag."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.weights = {name: value.detach().clone() for name, value in network.named_parameters()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the network's present weights."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in network.named_parameters():
            self.weights[name].lerp_(value, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """The average and its age, for a checkpoint."""
        return {"steps": self.steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.steps, self.weights = state["steps"], state["weights"]


def trapezoid(step: int, total: int, warmup: int = 50, decay: float = 0.4) -> float:
    """Learning-rate factor: up over `warmup` steps, then 1, then linearly to 0 over the last steps."""
    return min((step + 1) / warmup, 1.0, max(0.01, (total - step) / (decay * total)))
