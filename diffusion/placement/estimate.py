"""How much memory computing takes beside the weights, known before a byte of it is allocated.

A network is run on tensors that have shapes and no values (torch's meta device), and what it would have
allocated is counted. Nothing is assumed about the network, so LoRAs, other sizes and other families need no
figures of their own.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from diffusion.placement.counting import Counter, Counting
from diffusion.placement.weights import module_of, size_of, tensors_of

BYTES_PER_VALUE = 20_000
"""For what cannot be run without values: bytes per value of the input, more than any U-Net takes."""
_MARGIN = 1.15
"""What kernels use within themselves, and what the allocator cannot fill."""


def working_bytes(
    network: Any,
    arguments: Sequence[Tensor],
    keywords: Mapping[str, Tensor] = MappingProxyType({}),
    method: str = "__call__",
) -> int:
    """Bytes that a call of the network takes at its peak, beside its weights, with a margin.

    Args:
        network: a module, or what has one as `module`.
        arguments: as for a call. Only the shapes and types of the tensors matter.
        keywords: likewise.
        method: what is called.
    """
    module = module_of(network)
    if module is not None:
        try:
            twin = meta_twin(module)
            call = getattr(twin, method)
            return peak_of(call, *arguments, weights=tensors_of(twin), **keywords)
        except (RuntimeError, NotImplementedError, TypeError, ValueError):
            pass  # a part looks at values, such as one that a pack has put in
    return BYTES_PER_VALUE * max(tensor.numel() for tensor in arguments)


def peak_of(
    function: Callable[..., Any], *arguments: Any, weights: Sequence[Tensor] = (), **keywords: Any
) -> int:
    """As `working_bytes`, of any function that computes on meta tensors. `weights` do not count."""
    counter = Counter()
    for tensor in weights:
        counter.hold(tensor, None)
    arguments, keywords = tree_map(_as_meta, (arguments, keywords))
    with torch.inference_mode(False), torch.no_grad(), _WithoutScores(), Counting(counter):
        function(*arguments, **keywords)
    return int((counter.peak - size_of(weights)) * _MARGIN)


def meta_twin(module: nn.Module) -> nn.Module:
    """A copy of the module whose tensors have no values."""
    memo: dict[int, Any] = {id(tensor): _as_meta(tensor) for tensor in tensors_of(module)}
    for part in module.modules():  # the hooks of a network in use are not to see the twin
        hooks = vars(part)["_forward_pre_hooks"]
        memo[id(hooks)] = OrderedDict[int, Any]()
    return copy.deepcopy(module, memo)


def _as_meta(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    twin = torch.empty_like(value, device="meta")
    return nn.Parameter(twin, requires_grad=False) if isinstance(value, nn.Parameter) else twin


class _WithoutScores(TorchFunctionMode):
    """Attention as the kernels compute it, which never hold all scores at a time."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is F.scaled_dot_product_attention:
            query, _, value = args[:3]
            return query.new_empty((*query.shape[:-1], value.shape[-1]))
        return func(*args, **(kwargs or {}))
