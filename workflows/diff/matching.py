"""Which node after the change is which before: by id, and where ids are new by structure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.graph import as_list, as_object
from workflows.diff.colours import Wired, colours, content
from workflows.document.vocabulary import in_order

Nodes = Mapping[str, Mapping[str, Any]]
"""The nodes of a graph by id, as meanings have them."""
Places = Mapping[str, Any]
"""Where nodes lie, by id."""
Matched = dict[str, str]
"""Ids before the change to ids after it."""


RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
}
"""Classes that ComfyUI has renamed."""


def match(
    before: Nodes, after: Nodes, *, ids_only: bool = False, places: tuple[Places, Places] = ({}, {})
) -> Matched:
    """The pairs of nodes that are the same node.

    Ids decide where most of them still name nodes of the same class; otherwise, and for what is left,
    content and neighbours do, so that a workflow with new ids throughout and a pasted copy are recognised.
    With `ids_only` nothing but a workflow with new ids is. Of twins the one at the same place is taken.
    """
    same = {name for name, node in before.items() if name in after and identical(node, after[name])}
    if len(same) == len(before) == len(after):
        return {name: name for name in before}
    pairs = _Pairs(before, after, places)
    if _renumbered(before, after, same) and pairs.by_colours():
        return pairs.found
    common = [name for name in before if name in after]
    trusted = 2 * sum(before[name]["type"] == after[name]["type"] for name in common) >= max(len(common), 1)
    if trusted and common:
        pairs.by_ids(common)
    if not (trusted and ids_only):
        pairs.by_content()
        pairs.by_neighbours()
    if ids_only and 2 * len(pairs.found) < min(len(before), len(after)):
        pairs = _Pairs(before, after, places)  # another workflow, not this one with new ids
    elif not trusted:
        pairs.by_likeness()
    if not trusted:
        pairs.by_ids(common)
    pairs.by_family(common)
    return pairs.found


def identical(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records are the same; true is not 1."""
    if one != other:
        return False
    row = _row(one)
    return not any(value in (0, 1) for value in row) or repr(row) == repr(_row(other))


def _renumbered(before: Nodes, after: Nodes, same: set[str]) -> bool:
    """Whether the two could be one graph with other ids."""
    if len(before) != len(after):
        return False
    counts = [
        Counter(content(node) for name, node in nodes.items() if name not in same)
        for nodes in (before, after)
    ]
    return counts[0] == counts[1]


class _Pairs:
    """Pairs found so far, and the nodes that have none."""

    def __init__(self, before: Nodes, after: Nodes, places: tuple[Places, Places]) -> None:
        self._places = places
        self.before, self.after = Wired(before), Wired(after)
        self.found: Matched = {}
        self._taken: set[str] = set()
        self._new: deque[tuple[str, str]] = deque()

    def by_colours(self) -> bool:
        """Match all, if the two are one graph with other ids; else nothing."""
        found = colours(self.before, self.after)
        if found is None:
            return False
        groups = [_grouped(nodes) for nodes in found]
        for colour, names in groups[0].items():
            if len(names) == 1:
                self._add(names[0], groups[1][colour][0])

        def same(old: str, new: str) -> bool:
            return found[0][old] == found[1][new]

        self._spread(same)
        for colour, names in groups[0].items():
            for old in names:
                if old in self.found:
                    continue
                free = [new for new in groups[1][colour] if new not in self._taken]
                self._add(old, self._nearest(old, free)[0])
                self._spread(same)
        return True

    def by_ids(self, common: Iterable[str]) -> None:
        """Match nodes of one class that have one id."""
        for name in common:
            if self._are_free(name, name) and self._are_of_one_class(name, name):
                self._add(name, name)

    def by_content(self) -> None:
        """Match what says the same and is the only one to do so."""
        groups = [
            _grouped({name: content(wired.nodes[name]) for name in free})
            for wired, free in ((self.before, self._left()), (self.after, self._added()))
        ]
        for text, names in groups[0].items():
            others = groups[1].get(text, [])
            if len(names) == len(others) == 1:
                self._add(names[0], others[0])

    def by_neighbours(self) -> None:
        """Match nodes of one class at the other end of the same link of a pair."""
        self._new = deque(self.found.items())
        self._spread(self._are_of_one_class, sure=True)

    def by_likeness(self) -> None:
        """Match nodes of one class that have most in common, best first."""
        added = _grouped({name: self.after.nodes[name]["type"] for name in self._added()})
        scores = [
            (self._likeness(old, new), old, new)
            for old in in_order(self._left())
            for new in added.get(self.before.nodes[old]["type"], [])
        ]
        for score, old, new in sorted(scores, key=lambda entry: -entry[0]):
            if score >= 0.5 and self._are_free(old, new):
                self._add(old, new)
                self._spread(self._are_of_one_class, sure=True)

    def by_family(self, common: Iterable[str]) -> None:
        """Match a node with its successor: another release of the same workflow, a class's new name."""
        for name in common:
            kinds = (self.before.nodes[name]["type"], self.after.nodes[name]["type"])
            if self._are_free(name, name) and family(kinds[0]) == family(kinds[1]):
                self._add(name, name)

    def _likeness(self, old: str, new: str) -> float:
        """How much of two nodes is the same, from 0 to 1."""
        one, other = self.before.nodes[old], self.after.nodes[new]
        rows = (_row(one), _row(other))
        parts = [_alike(*pair) for pair in zip(*rows, strict=False)]
        parts += [0.0] * abs(len(rows[0]) - len(rows[1]))
        if "title" in one or "title" in other:
            parts.append(float(one.get("title") == other.get("title")))
        for key, source in one["inputs"].items():
            parts.append(float(other["inputs"].get(key) == [self.found.get(source[0]), source[1]]))
        return sum(parts) / len(parts) if parts else 1.0

    def _nearest(self, old: str, news: Sequence[str]) -> list[str]:
        """Those at the place of the old one first, then the one with its id."""
        place = self._places[0].get(old)
        return sorted(news, key=lambda new: (self._places[1].get(new) != place, new != old))

    def _are_free(self, old: str, new: str) -> bool:
        return old not in self.found and new not in self._taken

    def _are_of_one_class(self, old: str, new: str) -> bool:
        return self.before.nodes[old]["type"] == self.after.nodes[new]["type"]

    def _left(self) -> list[str]:
        return [name for name in self.before.nodes if name not in self.found]

    def _added(self) -> list[str]:
        return [name for name in self.after.nodes if name not in self._taken]

    def _add(self, old: str, new: str) -> None:
        self.found[old] = new
        self._taken.add(new)
        self._new.append((old, new))

    def _spread(self, alike: Callable[[str, str], bool], *, sure: bool = False) -> None:
        """Follow the links of new pairs to further ones; if `sure`, where there is no choice only."""
        while self._new:
            old, new = self._new.popleft()
            for key, source in self.before.nodes[old]["inputs"].items():
                other = self.after.nodes[new]["inputs"].get(key)
                if other is not None and source[1] == other[1]:
                    self._meet([source[0]], [other[0]], alike, sure)
            for end, users in self.before.users[old].items():
                self._meet(users, self.after.users[new].get(end, ()), alike, sure)

    def _meet(
        self, olds: Sequence[str], news: Sequence[str], alike: Callable[[str, str], bool], sure: bool
    ) -> None:
        left = [name for name in olds if name in self.before.nodes and name not in self.found]
        if not left:
            return
        free = [name for name in news if name in self.after.nodes and name not in self._taken]
        if sure and (len(left) > 1 or len(free) > 1):
            return
        for old in left:
            for new in self._nearest(old, free):
                if new not in self._taken and alike(old, new):
                    self._add(old, new)
                    break


def family(kind: str) -> str:
    """A class's name without what changes from one release to the next."""
    name = kind.strip()
    if name.startswith(("workflow/", "workflow>")):
        name = "workflow/" + name[len("workflow/") :].partition("@")[0]
    return RENAMED.get(name, name)


def _row(node: Mapping[str, Any]) -> list[Any]:
    values = node.get("values")
    named = as_object(values)
    return list(as_list(values) or []) if named is None else list(named.values())


def _alike(one: Any, other: Any) -> float:
    if isinstance(one, str) and isinstance(other, str) and one != other:
        words = (set(one.split()), set(other.split()))
        return len(words[0] & words[1]) / max(len(words[0] | words[1]), 1)
    return float(one == other)


def _grouped(colours: Mapping[str, Any]) -> dict[Any, list[str]]:
    groups: dict[Any, list[str]] = {}
    for name, colour in colours.items():
        groups.setdefault(colour, []).append(name)
    return groups
