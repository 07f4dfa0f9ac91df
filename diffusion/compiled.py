"""Networks compiled by `torch.compile`, behind one switch.

The first call of a network takes minutes, later ones less time than before. Compiled code is kept in a
folder, so that the next start need not make it again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from diffusion.layers.text import Reader, Text

_log = logging.getLogger(__name__)
_MOST_VARIANTS = 64
"""Of compiled code: for each kind of network, number of prompts, and so on."""

Run = Callable[..., Tensor]


class Compiler:
    """Calls networks through code compiled for them.

    Code is shared by all networks of one structure, so a LoRA that changes weights needs no other. It is made
    for the first size of picture, and for any size at the second. On CUDA devices the kernels
    of a call are recorded as a CUDA graph as well, and replayed; a graph knows weights by their address, so
    other weights or moved ones get a recording of their own. Where compiling or running compiled code fails,
    which the log tells once, networks are called as they are.

    Args:
        folder: where to keep compiled code; torch's own place if None. One for the whole process: the first
            compiler's counts.
        backend: what makes code of traced networks, as for `torch.compile`.
    """

    def __init__(self, folder: Path | None = None, backend: str | Callable[..., Any] = "inductor") -> None:
        self._backend = backend
        if folder is not None:
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
        self._runs: dict[bool, Run] = {}
        self._size: torch.Size | None = None
        """Of the first picture."""
        self.failure: str | None = None
        """Why networks are called as they are, or None as long as they are compiled."""

    def compiled(self, network: nn.Module) -> Compiled:
        """The network, to be called in its place."""
        return Compiled(network, self)

    def call(self, network: nn.Module, *arguments: Any, **keywords: Any) -> Tensor:
        """The network's result.

        Hooks are code that comes from outside and looks at values: a call with them is not compiled.
        """
        if self.failure is not None or keywords.get("hooks") is not None:
            return network(*arguments, **keywords)
        graphs = arguments[0].device.type == "cuda"
        for argument in arguments:
            if isinstance(argument, Text):
                cast(Reader, network).read(argument)  # here, so that code meets none that is unread
        self._tell_sizes([*arguments, *keywords.values()])
        try:
            return self._compiled(graphs, network, *arguments, **keywords)
        except torch.OutOfMemoryError:
            raise  # says nothing about the code
        except Exception as error:  # noqa: BLE001 - tracing, the backend, or a graph's replay may raise anything
            reason = _reason(error)
        result = network(*arguments, **keywords)  # where this fails as well, compiling is not to blame
        self.failure = reason
        _log.warning("networks run uncompiled: %s", reason)
        return result

    def _tell_sizes(self, given: Sequence[Any]) -> None:
        """Say of a second size that height and width may be any.

        Left to itself, torch takes only what has changed for variable: 512 x 512, then 512 x 768, then
        768 x 512 would make code three times.
        """
        pictures = [each for each in given if isinstance(each, Tensor) and each.ndim == 4]
        if not pictures:
            return
        size = pictures[0].shape[2:]
        self._size = self._size or size
        if size != self._size:
            for picture in pictures:
                torch._dynamo.maybe_mark_dynamic(picture, [2, 3])  # pyright: ignore

    def free(self) -> None:
        """Forget recorded graphs and their code: while they exist, nothing else gets their memory."""
        if self._runs.pop(True, None) is not None:
            torch.compiler.reset()

    def _compiled(self, graphs: bool, network: nn.Module, *arguments: Any, **keywords: Any) -> Tensor:
        if graphs:
            torch.compiler.cudagraph_mark_step_begin()
        with torch._dynamo.config.patch(recompile_limit=_MOST_VARIANTS):  # pyright: ignore
            result = self._run(graphs)(network, *arguments, **keywords)
        # A graph writes to the same memory at every replay.
        return result.clone() if graphs else result

    def _run(self, graphs: bool) -> Run:
        if graphs not in self._runs:
            mode = "reduce-overhead" if graphs else None
            self._runs[graphs] = torch.compile(_call, backend=self._backend, mode=mode)  # pyright: ignore
        return self._runs[graphs]


@dataclass(frozen=True)
class Compiled:
    """A network called through a compiler."""

    module: nn.Module
    compiler: Compiler

    def __call__(self, *arguments: Any, **keywords: Any) -> Tensor:
        return self.compiler.call(self.module, *arguments, **keywords)


def _call(network: nn.Module, *arguments: Any, **keywords: Any) -> Tensor:
    return network(*arguments, **keywords)


def _reason(error: Exception) -> str:
    """The first line that says what went wrong, and what helps where that is known."""
    text = str(error).strip() or type(error).__name__
    if "compiler" in text.lower() and "found" in text.lower():
        return "there is no C++ compiler on this machine; install g++ or clang, or start without --compile"
    lines = text.splitlines()  # of which a backend's error has one before it: backend='inductor' raised:
    return next((line for line in lines if line and not line.endswith("raised:")), lines[0])
