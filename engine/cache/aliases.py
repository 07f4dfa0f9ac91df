"""Second keys of results."""

from __future__ import annotations

from engine.keys import Key

_MOST = 16
"""Second keys a result has at most: enough for every way people reach one value, and a bound."""


class Aliases:
    """Second keys and the keys they stand for. Not safe for threads: its owner holds a lock."""

    def __init__(self) -> None:
        self._main: dict[Key, Key] = {}
        self._of: dict[Key, list[Key]] = {}

    def main(self, key: Key) -> Key:
        """The key that `key` stands for; itself if it stands for none."""
        return self._main.get(key, key)

    def of(self, main: Key) -> tuple[Key, ...]:
        """The second keys of a result, oldest first."""
        return tuple(self._of.get(main, ()))

    def add(self, alias: Key, main: Key) -> None:
        """Let `alias` find what `main` does, and nothing else any more; the oldest of too many goes."""
        if self._main.get(alias) == main:
            return
        self.forget(alias)
        self._main[alias] = main
        others = self._of.get(main)
        if others is None:
            self._of[main] = [alias]
            return
        others.append(alias)
        if len(others) > _MOST:
            del self._main[others.pop(0)]

    def forget(self, alias: Key) -> None:
        """`alias` finds nothing any more."""
        if alias in self._main:
            main = self._main.pop(alias)
            self._of[main].remove(alias)
            if not self._of[main]:
                del self._of[main]

    def drop(self, main: Key) -> None:
        """Forget all second keys of a result."""
        for alias in self._of.pop(main, ()):
            del self._main[alias]

    def clear(self) -> None:
        """Forget everything."""
        self._main.clear()
        self._of.clear()
