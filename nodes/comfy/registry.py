"""A registry some of whose nodes may declare other inputs each time they are asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from engine.registry import Registry
from engine.spec import NodeSpec

log = logging.getLogger("darkroom.packs")


class PackRegistry(Registry):
    """The built-in nodes and those of packs. `make` of a pack's node asks its class anew."""

    def __init__(self, builtin: Iterable[NodeSpec]) -> None:
        super().__init__(builtin)
        self._builtin = frozenset(spec.name for spec in self)
        self._makers: dict[str, Callable[[], NodeSpec]] = {}

    def is_builtin(self, name: str) -> bool:
        """Whether a pack cannot have this name."""
        return name in self._builtin

    def put(self, name: str, make: Callable[[], NodeSpec]) -> None:
        """Add a pack's node, or put it in the place of another pack's. Raises what `make` raises."""
        self._specs[name] = make()
        self._makers[name] = make

    def renew(self, names: Iterable[str] | None = None) -> None:
        """Ask the named classes (all when None) for their inputs as they are now. One that fails stays as it
        was.
        """
        for name in list(self._makers) if names is None else set(names) & self._makers.keys():
            try:
                spec = self._makers[name]()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a pack's code may raise anything
                log.warning("%s: its inputs cannot be read now: %s: %s", name, type(error).__name__, error)
                continue
            self._specs[name] = spec
