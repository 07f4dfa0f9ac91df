"""Finding a cycle among links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Edge = tuple[str, str]
"""A node and the input by which a cycle enters it."""


def cycle(nodes: Mapping[str, Any]) -> list[Edge]:
    """The links of one cycle, each by its end; empty if there is none."""
    done: set[str] = set()
    for start in nodes:
        if start in done:
            continue
        path: list[Edge] = []
        on_path: dict[str, int] = {start: 0}
        stack = [(start, iter(nodes[start]["inputs"].items()))]
        while stack:
            node, inputs = stack[-1]
            step = next(inputs, None)
            if step is None:
                stack.pop()
                done.add(node)
                del on_path[node]
                if path:
                    path.pop()
                continue
            key, (source, _) = step
            if source in on_path:
                return [*path[on_path[source] :], (node, key)]
            if source in nodes and source not in done:
                path.append((node, key))
                on_path[source] = len(path)
                stack.append((source, iter(nodes[source]["inputs"].items())))
    return []
