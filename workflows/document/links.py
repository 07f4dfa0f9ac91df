"""The links of one graph, told apart by where they end, with the ids that a layout has for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.graph import as_list
from workflows.document.vocabulary import highest
from workflows.formats.graph import OUTPUTS

End = tuple[str, str]
"""A node's id and one of its inputs, or OUTPUTS and one of the definition's outputs."""
Source = Sequence[Any]
"""A node's id and the number of its output, or INPUTS and one of the definition's inputs."""


class Link(NamedTuple):
    """A link to write: its id, its ends, and what else the file says of it, in either form."""

    id: Any
    source: Source
    end: End
    look: Mapping[str, Any]


class Links:
    """The links of a graph: those a layout knows in its order, then the others with new ids."""

    def __init__(
        self,
        wanted: Iterable[tuple[End, Source]],
        looks: Sequence[Mapping[str, Any]],
        last: int,
        new: Callable[[int, End], Mapping[str, Any]],
    ) -> None:
        """`last` is the highest id ever given; `new` makes the look of a link nobody has drawn yet."""
        missing = {(end, tuple(source)): source for end, source in wanted}
        usual = {key[0]: key for key in missing if key[0][0] != OUTPUTS}
        self.all: list[Link] = []
        taken: set[str] = set()
        for look in looks:
            end: End = (look["to"][0], look["to"][1])
            key = (end, tuple(look["from"])) if "from" in look else usual.get(end)
            number = _id_of(look)
            if key in missing and str(number) not in taken:
                taken.add(str(number))
                self.all.append(Link(number, missing.pop(key), end, look))
        self.last = max(highest(str(_id_of(look)) for look in looks), last)
        for (end, _), source in missing.items():
            self.last += 1
            self.all.append(Link(self.last, source, end, new(self.last, end)))
        self.into = {link.end: link.id for link in self.all if link.end[0] != OUTPUTS}
        self.to_output = _by((link.end[1], link.id) for link in self.all if link.end[0] == OUTPUTS)
        self.out_of = _by(((link.source[0], link.source[1]), link.id) for link in self.all)


def _id_of(look: Mapping[str, Any]) -> Any:
    return look["array"][0] if "array" in look else look["object"].get("id")


def _by(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, link in pairs:
        found.setdefault(key, []).append(link)
    return found


def listing(record: Mapping[str, Any], key: str, links: Sequence[Any]) -> dict[str, Any]:
    """A slot's record with the links it has, in the order it had them; an empty list stays as it was."""
    given: list[Any] = list(as_list(record.get(key)) or [])
    if not links:
        return {**record, key: []} if given else {**record}
    known = [link for link in given if link in links]
    return {**record, key: [*known, *(link for link in links if link not in known)]}
