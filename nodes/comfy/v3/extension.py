"""`ComfyExtension`, the entry of a pack, and `ComfyAPI`, what its nodes may ask of the engine."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from nodes.comfy.execution.running import get_progress_state
from nodes.comfy.v3.node import ComfyNode


class ComfyExtension(ABC):
    """A pack: `comfy_entrypoint` returns one, and it lists the pack's nodes."""

    async def on_load(self) -> None:
        """Called once, before the nodes are asked for."""
        return None

    @abstractmethod
    async def get_node_list(self) -> list[type[ComfyNode]]:
        """The node classes."""


class _Execution:
    """Progress of the running node."""

    def set_progress_now(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        if preview_image is not None and ignore_size_limit:
            preview_image = ("JPEG", preview_image, None)
        get_progress_state().update_progress(node_id, value, max_value, preview_image)


class _AsyncExecution(_Execution):
    async def set_progress(self, value: float, max_value: float, *further: Any, **options: Any) -> None:
        """Say that `value` of `max_value` steps are done. Raises Interrupted when the run was cancelled.

        Args:
            further: node_id (the running node if None), preview_image (a PIL image or an IMAGE tensor),
                ignore_size_limit (whether to send the preview at its full size).
            options: the same by name.
        """
        self.set_progress_now(value, max_value, *further, **options)
        # A node that only reports leaves others of the loop their turn.
        await asyncio.sleep(0)


class _SyncExecution(_Execution):
    def set_progress(self, value: float, max_value: float, *further: Any, **options: Any) -> None:
        """The same for nodes that are no coroutine functions."""
        self.set_progress_now(value, max_value, *further, **options)


class ComfyAPI:
    """For nodes that are coroutine functions."""

    def __init__(self) -> None:
        self.execution = _AsyncExecution()


class ComfyAPISync:
    """For other nodes."""

    def __init__(self) -> None:
        self.execution = _SyncExecution()
