"""Token merging (arXiv 2303.17604, after 2210.09461): self-attention over fewer tokens."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.hooks import Hooks, Site, Spot
from diffusion.layers.attention import attend


@dataclass(frozen=True)
class TokenMerging:
    """Merge a share `ratio` of the tokens at the latent's full size; at most three of four can be merged."""

    ratio: float = 0.3

    @property
    def hooks(self) -> Hooks:
        return Hooks(attention_instead={Spot("self"): self})

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
        height, width = site.hooks.size
        tokens = q.shape[1]
        if tokens != height * width or min(height, width) < 2:
            return attend(q, k, v, site.heads)
        # The same picture every time, and other partners at every step and place.
        seed = zlib.crc32(f"{site.sigma} {site.side} {site.block} {site.layer}".encode())
        chosen = partners(height, width, torch.Generator().manual_seed(seed)).to(q.device)
        pairs = Pairs.of(k, chosen, int(self.ratio * tokens))
        return pairs.apart(attend(pairs.merged(q), pairs.merged(k), pairs.merged(v), site.heads))


def partners(height: int, width: int, generator: torch.Generator) -> Tensor:
    """One token of each 2x2 cell, at random: the indices of those that others are merged into."""
    rows, columns = torch.arange(height // 2)[:, None], torch.arange(width // 2)[None, :]
    turn = torch.randint(4, (height // 2, width // 2), generator=generator)
    return ((2 * rows + turn // 2) * width + 2 * columns + turn % 2).flatten()


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which tokens of [B, N, C] go into which: `moved` [B, r] into the partners numbered `into` [B, r]."""

    chosen: Tensor
    kept: Tensor
    moved: Tensor
    into: Tensor

    @classmethod
    def of(cls, keys: Tensor, chosen: Tensor, most: int) -> Pairs:
        """The most similar pairs, by the cosine of keys [B, N, C]; each token has one partner."""
        others = torch.ones(keys.shape[1], dtype=torch.bool, device=keys.device)
        others[chosen] = False
        sources = others.nonzero().squeeze(1)
        unit = F.normalize(keys.float(), dim=-1)
        best, partner = (unit[:, sources] @ unit[:, chosen].mT).max(dim=-1)
        order = best.argsort(dim=-1, descending=True)
        moved, kept = order[:, :most], order[:, most:]
        return cls(chosen, sources[kept], sources[moved], partner.gather(1, moved))

    def merged(self, x: Tensor) -> Tensor:
        """The tokens left: those kept, then the partners, each the mean of all that went into it."""
        index = _wide(self.into, x)
        moved = x.gather(1, _wide(self.moved, x))
        mean = x[:, self.chosen].scatter_reduce(1, index, moved, "mean")
        return torch.cat([x.gather(1, _wide(self.kept, x)), mean], dim=1)

    def apart(self, x: Tensor) -> Tensor:
        """Tokens in their places again; merged ones have their partner's value."""
        count = self.kept.shape[1]
        kept, partner = x[:, :count], x[:, count:]
        out = x.new_empty(x.shape[0], count + len(self.chosen) + self.moved.shape[1], x.shape[2])
        out[:, self.chosen] = partner
        out.scatter_(1, _wide(self.kept, x), kept)
        return out.scatter_(1, _wide(self.moved, x), partner.gather(1, _wide(self.into, x)))


def _wide(index: Tensor, like: Tensor) -> Tensor:
    return index.unsqueeze(-1).expand(-1, -1, like.shape[2])
