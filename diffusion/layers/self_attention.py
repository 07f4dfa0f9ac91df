"""Self-attention between the residual blocks of U-Nets that read no text (Dhariwal and Nichol 2021)."""

import torch.nn.functional as F
from torch import Tensor, nn


class AttentionBlock(nn.Module):
    """Attention of all pixels of [B, C, H, W] to each other, added to them.

    The fused projection is laid out head by head: the first head's query, key and value, then the next one's.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(32, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.qkv(self.norm(x).flatten(2))
        by_head = hidden.reshape(len(x), self.heads, 3, -1, hidden.shape[-1])
        q, k, v = by_head.transpose(-1, -2).unbind(2)
        attended = F.scaled_dot_product_attention(q, k, v)
        return x + self.proj_out(attended.transpose(-1, -2).flatten(1, 2)).reshape(x.shape)
