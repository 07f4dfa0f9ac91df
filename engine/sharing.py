"""One run's part in `Flights`: which results it makes for others, and which of theirs it waits for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from engine.cache import Entry
from engine.flights import Flights
from engine.keys import Key
from engine.types import NodeId

Landings = list[tuple[Key, Entry | None]]


class Sharing:
    """Used with the session's lock held, but for `land`.

    `landed` is told, without any lock, what became of a result that another run was making: None if nothing.
    """

    def __init__(self, flights: Flights | None, landed: Callable[[NodeId, Entry | None], None]) -> None:
        self._flights = flights
        self._landed = landed
        self._mine: dict[NodeId, Key] = {}
        self._landings: Landings = []
        self.on = flights is not None
        self.waiting = 0
        """Nodes deferred to other runs."""

    def take(self, node: NodeId, key: Key) -> bool:
        """Whether this run is to make the node's result; otherwise `landed` will tell."""
        if self._flights is None or node in self._mine:
            return True
        if self._flights.take_off(key, partial(self._landed, node)):
            self._mine[node] = key
            return True
        self.waiting += 1
        return False

    def ended(self, node: NodeId, entry: Entry | None) -> None:
        """The node has its result, or will not have one."""
        key = self._mine.pop(node, None)
        if key is not None:
            self._landings.append((key, entry))

    def end(self) -> None:
        """The run is over: nothing more comes of what it had taken on."""
        self._landings.extend((key, None) for key in self._mine.values())
        self._mine.clear()

    def landings(self) -> Landings:
        """What other runs are to be told now."""
        if not self._landings:
            return self._landings
        landings, self._landings = self._landings, []
        return landings

    def land(self, landings: Landings) -> None:
        """Tell them. Without locks held: it runs their code."""
        for key, entry in landings:
            if self._flights is not None:
                self._flights.land(key, entry)
