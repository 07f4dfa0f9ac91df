"""Whether two graphs are one: nodes get colours by content and neighbours until no more can be told apart.

This is colour refinement (Weisfeiler and Leman, 1968), begun with what lies above and below each node, so
that it settles in a few rounds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

Colours = dict[str, int]
_ROUNDS = 32


def content(node: Mapping[str, Any]) -> str:
    """All of a node but where its links come from."""
    return json.dumps({**node, "inputs": sorted(node["inputs"])}, sort_keys=True)


class Wired:
    """Nodes by id, and who uses them."""

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        self.nodes = nodes

    @cached_property
    def users(self) -> dict[str, dict[tuple[Any, str], list[str]]]:
        """For each node the nodes that use it, by its output and their input."""
        found: dict[str, dict[tuple[Any, str], list[str]]] = {name: {} for name in self.nodes}
        for name, node in self.nodes.items():
            for key, (source, slot) in node["inputs"].items():
                if source in found:
                    found[source].setdefault((slot, key), []).append(name)
        return found

    @cached_property
    def order(self) -> list[str]:
        """Sources before users; nodes of cycles are missing."""
        waiting = {name: sum(source[0] in self.nodes for source in node["inputs"].values())
                   for name, node in self.nodes.items()}  # fmt: skip
        done = [name for name, count in waiting.items() if count == 0]
        for name in done:  # grows while it is walked
            for users in self.users[name].values():
                for user in users:
                    waiting[user] -= 1
                    if waiting[user] == 0:
                        done.append(user)
        return done


def colours(one: Wired, other: Wired) -> tuple[Colours, Colours] | None:
    """The colours of both, if each occurs in both equally often; None if the graphs differ."""
    now = (_first(one), _first(other))
    count = 0
    for _ in range(_ROUNDS):
        tallies = [Counter(found.values()) for found in now]
        if tallies[0] != tallies[1]:
            return None
        if len(tallies[0]) == count:
            break
        count = len(tallies[0])
        now = (_next(one, now[0]), _next(other, now[1]))
    return now


def _first(wired: Wired) -> Colours:
    contents = {name: hash(content(node)) for name, node in wired.nodes.items()}
    above: Colours = {}
    for name in wired.order:
        above[name] = hash((contents[name], _sources(wired, name, above)))
    below: Colours = {}
    for name in reversed(wired.order):
        below[name] = hash((contents[name], _users(wired, name, below)))
    return {name: hash((contents[name], above.get(name), below.get(name))) for name in wired.nodes}


def _next(wired: Wired, now: Colours) -> Colours:
    return {
        name: hash((now[name], _sources(wired, name, now), _users(wired, name, now))) for name in wired.nodes
    }


def _sources(wired: Wired, name: str, now: Colours) -> int:
    inputs = wired.nodes[name]["inputs"].items()
    return hash(tuple(sorted((key, now.get(source, 0), slot) for key, (source, slot) in inputs)))


def _users(wired: Wired, name: str, now: Colours) -> int:
    users = wired.users[name].items()
    found = [hash((end, now.get(user))) for end, others in users for user in others]
    return hash(tuple(sorted(found)))
