"""Second keys of results."""

from __future__ import annotations

from engine.keys import Key

_MOST = 16
"""Second keys a result has at most: enough for every way people reach one value, and a bound."""


class Aliases:
    """Second keys and the keys they stand for. Not safe for threads: its owner holds a lock."""

    def __init__(self) -> None:
        self._main: dict[Key, Key] = {}
        # Most results have one second key, which is kept without a list: that would cost more than all else.
        self._one: dict[Key, Key] = {}
        self._more: dict[Key, list[Key]] = {}

    def main(self, key: Key) -> Key:
        """The key that `key` stands for; itself if it stands for none."""
        return self._main.get(key, key)

    def of(self, main: Key) -> tuple[Key, ...]:
        """The second keys of a result, oldest first."""
        one = self._one.get(main)
        return () if one is None else (one, *self._more.get(main, ()))

    def add(self, alias: Key, main: Key) -> None:
        """Let `alias` find what `main` does, and nothing else any more; the oldest of too many goes."""
        if self._main.get(alias) == main:
            return
        self.forget(alias)
        self._main[alias] = main
        if self._one.setdefault(main, alias) is alias:
            return
        self._more.setdefault(main, []).append(alias)
        if len(self._more[main]) >= _MOST:
            self.forget(self._one[main])

    def forget(self, alias: Key) -> None:
        """`alias` finds nothing any more."""
        main = self._main.pop(alias, None)
        if main is None:
            return
        others = self._more.get(main, [])
        if self._one[main] != alias:
            others.remove(alias)
        elif others:
            self._one[main] = others.pop(0)
        else:
            del self._one[main]
        if not others:
            self._more.pop(main, None)

    def drop(self, main: Key) -> None:
        """Forget all second keys of a result."""
        for alias in self.of(main):
            del self._main[alias]
        self._one.pop(main, None)
        self._more.pop(main, None)

    def clear(self) -> None:
        """Forget everything."""
        self._main.clear()
        self._one.clear()
        self._more.clear()
