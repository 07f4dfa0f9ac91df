"""Convolution as the U-Net needs it on a processor: fast also where a large kernel meets few pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_ROWS = 0.5
"""As one matrix product up to this many pixels for each output channel; see `Conv2d`."""
_MANY = 1280
"""Output channels of the lowest resolutions of Stable Diffusion 1, 2 and XL."""


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, which for small feature maps on the CPU is computed as one matrix product.

    oneDNN brings a kernel into an order of its own at every call: work that grows with the kernel, 59 MB for
    1280 channels in float32, and not with the picture. Gathering the pixels under the kernel instead is work
    that grows with the picture. The lowest two resolutions of a U-Net are two to four times as fast that way.
    It takes weights in channels-last order, of which the matrix is a view. On torch's meta device, where
    memory is estimated, this way counts: it takes more.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.device.type in ("cpu", "meta") and not torch.compiler.is_compiling() and self._small(input):
            return self._product(input)
        return super().forward(input)

    def _small(self, input: Tensor) -> bool:
        batch, _, height, width = input.shape
        return (
            self.kernel_size == (3, 3)
            and self.stride == self.dilation == (1, 1)
            and self.padding == (1, 1)
            and self.groups == 1
            and self.padding_mode == "zeros"
            and batch * height * width <= _ROWS * self.out_channels
            and self.weight.dtype == input.dtype
            and self.weight.is_contiguous(memory_format=torch.channels_last)
        )

    def _product(self, input: Tensor) -> Tensor:
        batch, channels, height, width = input.shape
        padded = F.pad(input.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).contiguous()
        # A kernel's row covers three neighbouring pixels, which lie side by side in memory: windows overlap.
        row = padded.stride(1)
        windows = padded.as_strided(
            (batch, height, width, 3, 3 * channels), (padded.stride(0), row, channels, row, 1)
        )
        matrix = self.weight.permute(0, 2, 3, 1).flatten(1)
        output = F.linear(windows.reshape(batch * height * width, -1), matrix, self.bias)
        return output.view(batch, height, width, -1).permute(0, 3, 1, 2)


def arranged(network: nn.Module, dtype: torch.dtype) -> None:
    """Bring a network's kernels into the order they are computed with in that type. Changes the network.

    float32 is for pictures as the references make them; other kernels round differently. Only where there are
    more weights than a picture has numbers, the matrix product is taken: it rounds no worse. Without a GPU
    nobody takes float16 for its speed: what can stay in the file is to stay there.
    """
    if dtype == torch.bfloat16 or (dtype == torch.float16 and torch.cuda.is_available()):
        channels_last(network)
    elif dtype == torch.float32 and not torch.cuda.is_available():
        channels_last(network, _MANY)


def channels_last(network: nn.Module, channels: int = 0) -> None:
    """Bring the kernels of a network into channels-last order, one after the other; feature maps follow.

    Changes the network. Convolutions are faster so, on processors as on GPUs. A kernel that was a view of a
    file gets memory of its own. Kernels of fewer output `channels` stay as they are.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1) and module.out_channels >= channels:
            ordered = module.weight.contiguous(memory_format=torch.channels_last)
            if ordered is not module.weight:
                module.weight = nn.Parameter(ordered, requires_grad=module.weight.requires_grad)
