"""Merging one node: class, title, mode, and each input with its value and its link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from engine.graph import as_object
from workflows.canonical import Json
from workflows.diff.matching import identical
from workflows.document.values import Named, Values, is_extra
from workflows.document.vocabulary import object_of
from workflows.merge.conflicts import Conflict
from workflows.merge.decisions import Decisions, same

Node = Mapping[str, Any]


class Input(NamedTuple):
    """What an input gets: the value stored for it, and the link that comes before it."""

    value: Json = None
    link: Json = None

    def shown(self) -> Json:
        """As conflicts tell it."""
        return self.value if self.link is None else {"link": self.link}


class Merged(NamedTuple):
    """A node with the changes of both sides; its values are still by name."""

    node: dict[str, Any]
    values: Values
    listed: bool
    """Whether the values are to be written as a list."""


class Three(NamedTuple):
    """A node before, and on both sides, each with the names of its document."""

    base: Node
    ours: Node
    theirs: Node
    names: tuple[Named, Named, Named]

    def inputs(self) -> dict[str, tuple[Input, Input, Input]]:
        """Every input that any of them stores something for; what one leaves out it has by default."""
        nodes = (self.base, self.ours, self.theirs)
        stored = [named.values(node) for named, node in zip(self.names, nodes, strict=True)]
        valued = {**stored[1], **stored[2], **stored[0]}
        keys = dict.fromkeys([*valued, *self.ours["inputs"], *self.theirs["inputs"], *self.base["inputs"]])

        def side(index: int, key: str) -> Input:
            value = stored[index].get(key)
            if key in valued and key not in stored[index]:
                value = self.names[index].default(nodes[index], key)
            return Input(value, nodes[index]["inputs"].get(key))

        return {key: (side(0, key), side(1, key), side(2, key)) for key in keys}


def changed(before: Node, after: Node, names: tuple[Named, Named]) -> bool:
    """Whether a side did anything to a node but move it."""
    if identical(before, after):
        return False
    three = Three(before, after, before, (names[0], names[1], names[0]))
    plain = ("type", "title", "mode", "properties", "other")
    return any(not same(before.get(key), after.get(key)) for key in plain) or any(
        not _same_input(base, ours) for base, ours, _ in three.inputs().values()
    )


def _same_input(one: Input, other: Input) -> bool:
    return same(one.value, other.value) and same(one.link, other.link)


def merge_node(three: Three, about: Conflict, decisions: Decisions) -> Merged:
    """The node; conflicts have the ids `about` begins, one for each input."""
    base, ours, theirs = three.base, three.ours, three.theirs
    node: dict[str, Any] = {}
    for key, kind in (("type", "class"), ("title", "title"), ("mode", "mode")):
        here = replace(about, id=f"{about.id}/:{kind}", kind=kind)
        value = decisions.pick(here, base.get(key), ours.get(key), theirs.get(key))
        if value is not None:
            node[key] = value
    node["inputs"] = {}
    values: Values = {}
    stored = {**three.names[1].values(ours), **three.names[2].values(theirs)}
    for key, sides in three.inputs().items():
        chosen = merge_input(replace(about, id=f"{about.id}/{key}", input=key), sides, decisions)
        if chosen.link is not None:
            node["inputs"][key] = chosen.link
        if chosen.value is not None or key in stored:
            values[key] = chosen.value
    for part in ("properties", "other"):
        parts = [object_of(side.get(part)) for side in (base, ours, theirs)]
        here = replace(about, id=f"{about.id}/:{part}", kind="property")
        if merged := decisions.keyed(here, *parts):
            node[part] = merged
    listed = not any(as_object(side.get("values")) is not None for side in (ours, theirs))
    return Merged(node, values, listed)


def merge_input(about: Conflict, sides: tuple[Input, Input, Input], decisions: Decisions) -> Input:
    """One input: value and link are one thing, as setting one is meant to end the other."""
    base, ours, theirs = sides
    if _same_input(ours, theirs) or _same_input(base, theirs):
        return ours
    if _same_input(base, ours):
        return theirs
    linked = any(side.link is not None for side in sides)
    told = replace(
        about, kind="link" if linked else "value", base=base.shown(), ours=ours.shown(), theirs=theirs.shown()
    )
    choice = decisions.decide(told, valued=not is_extra(str(about.input)))
    if choice == "value":
        return Input(decisions.value(about.id))
    return theirs if choice == "theirs" else ours
