"""Which timesteps a run visits, and the signal shares there.

`alphas` is the table of alpha-bar [T] by ascending time: x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) n.
What leaves here is in Python's doubles and in the order of the run, noise first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

Discretization = Literal["uniform", "quad"]

_QUAD_REACH = 0.8
"""The quadratic choice of steps ends at this share of the table."""


@dataclass(frozen=True)
class Step:
    """One update: from the state at timestep t to the next of the run."""

    t: int
    alpha: float
    """alpha-bar at t."""
    alpha_prev: float
    """alpha-bar where the update leads."""
    sigma: float
    """Standard deviation of the noise the update adds."""


def ddim_timesteps(steps: int, discretize: Discretization, table: int = 1000) -> list[int]:
    """The ascending timesteps of a DDIM or PLMS run (arXiv 2010.02502, appendix D.2), shifted by one.

    `uniform` takes every (table // steps)-th: more than `steps` where the table does not divide evenly.
    `quad` takes squares of even distances, closer together where there is little noise.

    Raises:
        ValueError: the choice runs past the end of the table; the message names a count that does not.
    """
    if steps < 1:
        raise ValueError(f"a run needs at least 1 step, not {steps}")
    if discretize == "quad":
        roots = np.linspace(0, math.sqrt(table * _QUAD_REACH), steps)
        return [int(root**2) + 1 for root in roots]
    if not _fits(steps, table):
        near = min((count for count in range(1, table) if _fits(count, table)), key=lambda n: abs(n - steps))
        raise ValueError(
            f"{steps} steps cannot be spread uniformly over {table} timesteps: the last would lie past "
            f"the end. Take {near} steps, or set discretize to 'quad'"
        )
    return [t + 1 for t in range(0, table, table // steps)]


def _fits(steps: int, table: int) -> bool:
    """Whether the last uniform timestep, shifted by one, is still in the table."""
    return steps <= table and (table - 1) % (table // steps) != 0


def ddim_steps(alphas: Tensor, steps: int, discretize: Discretization, eta: float) -> list[Step]:
    """The updates of DDIM (arXiv 2010.02502, eq. 16 for sigma) and, with eta 0, of PLMS.

    The last update leads to alpha-bar at timestep 0, not to 1: a trace of noise stays, as in the original.
    """
    table = _doubles(alphas)
    times = ddim_timesteps(steps, discretize, len(table))
    before = [0, *times[:-1]]
    found = [_step(t, table[t], table[p], eta) for t, p in zip(times, before, strict=True)]
    return found[::-1]


def ddpm_steps(alphas: Tensor, steps: int) -> list[Step]:
    """The updates of ancestral sampling (arXiv 2006.11239, algorithm 2): all timesteps, or an even choice.

    With fewer steps than the table has, variances are those of the shorter chain (arXiv 2102.09672, eq. 19).
    The last update leads to the clean latent.

    Raises:
        ValueError: fewer than 1 or more steps than the table has.
    """
    table = _doubles(alphas)
    if not 1 <= steps <= len(table):
        raise ValueError(f"ddpm takes 1 to {len(table)} steps, not {steps}")
    times = [round(float(t)) for t in np.linspace(len(table) - 1, 0, steps)]
    shares = [table[t] for t in times]
    return [_step(t, a, p, 1.0) for t, a, p in zip(times, shares, [*shares[1:], 1.0], strict=True)]


def dpm_solver_points(alphas: Tensor, steps: int) -> list[tuple[float, float]]:
    """(t, alpha-bar) at steps + 1 even distances over the table; log alpha-bar is linear between its entries.

    Raises:
        ValueError: fewer than 2 steps, too few for a second order.
    """
    if steps < 2:
        raise ValueError(f"dpm_solver needs at least 2 steps, not {steps}")
    table = np.log(alphas.double().cpu().numpy())
    times = np.linspace(len(table) - 1, 0, steps + 1)
    shares = np.exp(np.interp(times, np.arange(len(table)), table))
    return [(float(t), float(share)) for t, share in zip(times, shares, strict=True)]


def _step(t: int, alpha: float, alpha_prev: float, eta: float) -> Step:
    sigma = eta * math.sqrt((1 - alpha_prev) / (1 - alpha) * (1 - alpha / alpha_prev))
    return Step(t, alpha, alpha_prev, sigma)


def _doubles(alphas: Tensor) -> list[float]:
    return [float(alpha) for alpha in alphas.double()]
