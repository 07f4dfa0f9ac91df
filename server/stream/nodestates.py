"""What `progress_state` says: how far each node of a run is, in messages whose total size is linear."""

from __future__ import annotations

import time
from collections import OrderedDict
from itertools import islice

from engine.grown import Origin
from server.jobs.records import Json

# A message with the state of every node at every step is quadratic. Large runs get what has changed since the
# last message, at most this often, and beside it no more of the running nodes than this.
_ALWAYS_BELOW = 64
_INTERVAL = 0.1
_RUNNING_SHOWN = 64


class NodeStates:
    """The nodes of a run that have started, and which of their changes clients have not been told."""

    def __init__(self, prompt_id: str) -> None:
        self._prompt_id = prompt_id
        self._states: dict[str, Json] = {}
        self._changed: dict[str, None] = {}
        self._running: OrderedDict[str, None] = OrderedDict()
        self._told = 0.0

    def __contains__(self, node: str) -> bool:
        return node in self._states

    def start(self, node: str, origin: Origin | None) -> None:
        """A node begins, or goes on."""
        self._states[node] = {
            "value": 0.0,
            "max": 1.0,
            "state": "running",
            **identity(self._prompt_id, node, origin),
        }
        self._running[node] = None
        self._changed[node] = None

    def step(self, node: str, value: float, maximum: float, origin: Origin | None) -> None:
        """A node has come so far."""
        if node not in self._states:
            self.start(node, origin)
        self._states[node].update(value=value, max=maximum)
        self._changed[node] = None

    def finish(self, node: str, origin: Origin | None) -> None:
        """A node is done."""
        if node not in self._states:
            self.start(node, origin)
        state = self._states[node]
        state.update(value=state["max"], state="finished")
        self._running.pop(node, None)
        self._changed[node] = None

    def due(self) -> Json | None:
        """The nodes for a message now, if one should go out."""
        now = time.monotonic()
        if len(self._states) <= _ALWAYS_BELOW:
            self._told = now
            self._changed.clear()
            return self.all()
        return None if now - self._told < _INTERVAL else self.rest()

    def rest(self) -> Json | None:
        """What clients have not been told, beside nodes that run; None if they know everything."""
        if not self._changed:
            return None
        self._told = time.monotonic()
        shown = dict.fromkeys(islice(reversed(self._running), _RUNNING_SHOWN)) | self._changed
        self._changed = {}
        return {node: dict(self._states[node]) for node in shown}

    def all(self) -> Json:
        """Every node that has started."""
        return {node: dict(state) for node, state in self._states.items()}


def identity(prompt_id: str, node: str, origin: Origin | None) -> Json:
    """Who a node is: itself, what the canvas shows in its place, who made it, and whose it is."""
    return {
        "node_id": node,
        "prompt_id": prompt_id,
        "display_node_id": node if origin is None else origin.display,
        "parent_node_id": None if origin is None else origin.parent,
        "real_node_id": node if origin is None else origin.root,
    }
