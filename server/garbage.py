"""How often Python looks for reference cycles. A graph is tens of thousands of small objects without any, and
looking through them every 700 allocations takes as long as validating and planning them.
"""

from __future__ import annotations

import gc

_NEW, _YOUNG, _OLD = 50_000, 20, 100


def look_rarely() -> None:
    """For processes that handle graphs, once their code is loaded; that is not looked at again."""
    gc.freeze()
    gc.set_threshold(_NEW, _YOUNG, _OLD)


def look_now() -> None:
    """Between jobs: cycles of the last one, such as tracebacks, may hold large tensors."""
    gc.collect(1)
