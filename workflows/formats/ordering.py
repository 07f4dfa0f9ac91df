"""The order of nodes in a prompt: sources before what they feed, else as in the file."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from engine.graph import as_list


def in_order(prompt: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same prompt, sorted; nodes of a cycle come last."""
    place = {node: index for index, node in enumerate(prompt)}
    names = list(prompt)
    sources = {node: _sources(entry, place) for node, entry in prompt.items()}
    feeds: dict[str, list[str]] = {node: [] for node in prompt}
    for node, found in sources.items():
        for source in found:
            feeds[source].append(node)
    waiting = {node: len(found) for node, found in sources.items()}
    ready = [place[node] for node, count in waiting.items() if count == 0]
    heapify(ready)
    done: dict[str, dict[str, Any]] = {}
    while ready:
        node = names[heappop(ready)]
        done[node] = prompt[node]
        for consumer in feeds[node]:
            waiting[consumer] -= 1
            if waiting[consumer] == 0:
                heappush(ready, place[consumer])
    return {**done, **{node: entry for node, entry in prompt.items() if node not in done}}


def _sources(entry: Mapping[str, Any], known: Mapping[str, int]) -> set[str]:
    links = (as_list(value) for value in entry["inputs"].values())
    return {str(link[0]) for link in links if link and link[0] in known}
