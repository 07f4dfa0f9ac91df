"""How often Python looks for reference cycles. A graph is tens of thousands of small objects without any, and
looking through them every 700 allocations takes as long as validating and planning them.
"""

from __future__ import annotations

import gc
import time

_NEW, _YOUNG, _OLD = 50_000, 20, 100
_SHARE = 0.01


def look_rarely() -> None:
    """For processes that handle graphs, once their code is loaded; that is not looked at again."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(_NEW, _YOUNG, _OLD)


class Sweeper:
    """Looks between jobs: cycles of the last one, such as tracebacks, may hold large tensors.

    What was in use during an earlier look is only found by looking through everything. That is done as often
    as it takes no more than a hundredth of the time.
    """

    def __init__(self) -> None:
        self._last = 0.0
        self._took = 0.0

    def look(self) -> None:
        """Free what nothing refers to any more."""
        now = time.perf_counter()
        if now - self._last < self._took / _SHARE:
            gc.collect(1)
            return
        gc.collect()
        self._last = time.perf_counter()
        self._took = self._last - now
