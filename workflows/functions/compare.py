"""What a new declaration means for those who call the old one, in the words of semantic versioning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from workflows.functions.function import Function
from workflows.functions.parts import Input, Output
from workflows.functions.values import listed

Level = Literal["major", "minor", "patch"]


@dataclass(frozen=True, slots=True)
class Change:
    """The least a release must raise, and why; a patch needs no reasons."""

    level: Level
    reasons: tuple[str, ...] = ()


def compare(old: Function | None, new: Function | None) -> Change:
    """Whether calls of `old` still work with `new`: by name, and as a node whose slots are wired.

    What is not said (None) is not limited: a range where there was none is narrower. Other defaults,
    descriptions and titles are a patch.
    """
    if old is None or new is None:
        if old is new:
            return Change("patch")
        gone = new is None
        return Change(
            "major" if gone else "minor", ("it is no function any more" if gone else "it is a function now",)
        )
    found = _Found()
    _inputs(old, new, found)
    _outputs(old.outputs, new.outputs, found)
    if found.breaking:
        return Change("major", tuple(found.breaking))
    return Change("minor", tuple(found.added)) if found.added else Change("patch")


@dataclass
class _Found:
    """Reasons so far."""

    breaking: list[str] = field(default_factory=list[str])
    added: list[str] = field(default_factory=list[str])


def _inputs(old: Function, new: Function, found: _Found) -> None:
    for entry in old.inputs:
        if (now := new.by_name.get(entry.name)) is None:
            found.breaking.append(f"the input {entry.name!r} is gone")
        else:
            _input(entry, now, found)
    for entry in new.inputs:
        if entry.name not in old.by_name:
            required = found.breaking if entry.required else found.added
            required.append(f"the input {entry.name!r} is new" + (" and required" if entry.required else ""))
    before, after = [one.name for one in old.inputs], [one.name for one in new.inputs]
    _order("input", before, after, found)


def _input(old: Input, new: Input, found: _Found) -> None:
    name = f"the input {old.name!r}"
    if (old.type, old.several) != (new.type, new.several):
        found.breaking.append(f"{name} is {_kind(new)}, it was {_kind(old)}")
        return
    if new.required and not old.required:
        found.breaking.append(f"{name} is required now")
    elif old.required and not new.required:
        found.added.append(f"{name} may be left out now")
    if old.seed != new.seed:
        (found.added if new.seed else found.breaking).append(
            f"{name} {'takes' if new.seed else 'does not take'} 'random' "
            + ("now" if new.seed else "any more")
        )
    _bound(f"{name}: the least value", old.min, new.min, -1, found)
    _bound(f"{name}: the greatest value", old.max, new.max, 1, found)
    _options(name, old, new, found)


def _kind(entry: Input) -> str:
    return f"a list of {entry.type}" if entry.several else entry.type


def _bound(what: str, old: float | None, new: float | None, outward: int, found: _Found) -> None:
    if old == new:
        return
    wider = new is None or (old is not None and (new - old) * outward > 0)
    text = f"{what} is {'unlimited' if new is None else new}, it was {'unlimited' if old is None else old}"
    (found.added if wider else found.breaking).append(text)


def _options(name: str, old: Input, new: Input, found: _Found) -> None:
    if new.options is None:
        if old.options is not None:
            found.added.append(f"{name} takes any option now")
        return
    if old.options is None:
        found.breaking.append(f"{name} takes only {listed(new.options)} now")
        return
    if gone := [option for option in old.options if option not in new.options]:
        found.breaking.append(f"{name} does not take {listed(gone)} any more")
    if more := [option for option in new.options if option not in old.options]:
        found.added.append(f"{name} also takes {listed(more)}")


def _outputs(old: Sequence[Output], new: Sequence[Output], found: _Found) -> None:
    now = {entry.name: entry for entry in new}
    known = {entry.name for entry in old}
    for entry in old:
        if entry.name not in now:
            found.breaking.append(f"the output {entry.name!r} is gone")
        elif now[entry.name].type != entry.type:
            kind = now[entry.name].type
            found.breaking.append(f"the output {entry.name!r} is {kind}, it was {entry.type}")
    found.added += [f"the output {entry.name!r} is new" for entry in new if entry.name not in known]
    _order("output", [one.name for one in old], [one.name for one in new], found)


def _order(what: str, before: list[str], after: list[str], found: _Found) -> None:
    """Slots of a node are places: what stays must stay where it was, what is new goes to the end."""
    kept = [name for name in before if name in set(after)]
    if after[: len(kept)] != kept:
        moved = next(name for name, now in zip(kept, after, strict=False) if name != now)
        found.breaking.append(f"the {what} {moved!r} has another place; keep the order and add at the end")
