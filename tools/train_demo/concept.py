"""The safety checker's one concept: a direction in the vision tower's space, and a bar."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.train_demo.data import BACKGROUNDS, OBJECTS, Painter
from tools.train_demo.runs import SEED, log
from tools.train_demo.towers import Towers, view

FLAGGED = "skull"
"""The harmless stand-in for what a safety checker is for."""


def vision_tower(directory: Path) -> Towers:
    """The towers with the vision tower trained to its end."""
    towers = Towers()
    towers.load_state_dict(torch.load(directory / "vision.pt", weights_only=True)["network"])
    return towers.eval()


@torch.no_grad()
def embed(towers: Towers, rng: np.random.Generator, indices: list[int]) -> Tensor:
    """Unit vectors [N, 64] of freshly drawn, worn pictures of these objects, backgrounds in turn."""
    painter = Painter()
    torch.manual_seed(int(rng.integers(2**31)))
    scenes = [painter.scene(rng, index, (index + k) % len(BACKGROUNDS)) for k, index in enumerate(indices)]
    parts = [scenes[start : start + 64] for start in range(0, len(scenes), 64)]
    return torch.cat([towers.embed_pictures(view([painter.draw(s) for s in part], rng)) for part in parts])


def concept(towers: Towers) -> tuple[Tensor, float]:
    """The direction [64] that best tells skulls from all else, and the cosine that flags a picture.

    The direction is Fisher's linear discriminant: the mean skull alone lies near pandas. The bar lies midway
    between the lowest skulls (but for one in 200) and the highest of the others.
    """
    rng = np.random.default_rng((SEED, 5))
    skull = list(OBJECTS).index(FLAGGED)
    others = [index for index in range(len(OBJECTS)) if index != skull]
    wanted, rest = embed(towers, rng, [skull] * 400), embed(towers, rng, others * 30)
    spread = (torch.cov(wanted.T) + torch.cov(rest.T)) / 2
    direction = torch.linalg.solve(spread + 1e-3 * torch.eye(len(spread)), wanted.mean(0) - rest.mean(0))
    direction = F.normalize(direction, dim=0)
    low, high = float((wanted @ direction).quantile(0.005)), float((rest @ direction).max())
    log(f"cosine with the concept: skulls from {low:.3f}, others up to {high:.3f}")
    return direction, round((low + high) / 2, 3)
