"""Choosing between two sides: what only one changed, and what somebody decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from workflows.canonical import Json, dumps
from workflows.merge.conflicts import Conflict, ResolutionError

Choice = Literal["ours", "theirs", "value"]


ABSENT = object()
"""What a side has under a key that it does not have."""


def same(one: Json, other: Json) -> bool:
    """Whether two values are one; true is not 1."""
    return one == other and (repr(one) == repr(other) or dumps(one) == dumps(other))


class Decisions:
    """The conflicts of one merge and what was decided about them."""

    def __init__(self, resolutions: Mapping[str, Any] | None) -> None:
        self._resolutions = dict(resolutions or {})
        self._choices: dict[str, Choice] = {}
        self.conflicts: list[Conflict] = []

    def decide(self, conflict: Conflict, *, valued: bool = False) -> Choice:
        """The side to take: ours as long as nobody has decided. `valued` conflicts may get a value."""
        if conflict.id in self._choices:
            return self._choices[conflict.id]
        given = self._resolutions.get(conflict.id)
        choice: Choice = "ours"
        if given is None:
            self.conflicts.append(conflict)
        elif given in ("ours", "theirs"):
            choice = given
        elif valued and isinstance(given, Mapping) and "value" in given:
            choice = "value"
        else:
            words = '"ours", "theirs" or {"value": …}' if valued else '"ours" or "theirs"'
            raise ResolutionError(f"the resolution of {conflict.id} has to be {words}")
        self._choices[conflict.id] = choice
        return choice

    def value(self, conflict: str) -> Json:
        """The value somebody gave."""
        return self._resolutions[conflict]["value"]

    def made(self, conflict: str) -> Choice | None:
        """What was decided before; None if that is no conflict so far."""
        return self._choices.get(conflict)

    def pick(self, conflict: Conflict, base: Json, ours: Json, theirs: Json) -> Json:
        """The value of the side that changed it, or after a conflict that of the side decided for."""
        return theirs if self._side(conflict, base, ours, theirs) == "theirs" else ours

    def _side(self, conflict: Conflict, base: Json, ours: Json, theirs: Json) -> Choice:
        if same(ours, theirs) or same(base, theirs):
            return "ours"
        if same(base, ours):
            return "theirs"
        shown = [None if value is ABSENT else value for value in (base, ours, theirs)]
        return self.decide(replace(conflict, base=shown[0], ours=shown[1], theirs=shown[2]))

    def finish(self) -> None:
        """Raise ResolutionError if something was decided that nobody asked."""
        unknown = [name for name in self._resolutions if name not in self._choices]
        if unknown:
            known = ", ".join(self._choices) or "none"
            raise ResolutionError(f"there is no conflict {unknown[0]}; the conflicts are: {known}")

    def keyed(
        self, about: Conflict, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Three objects merged key by key; the key is appended to the conflict's id."""
        merged: dict[str, Any] = {}
        for key in dict.fromkeys([*ours, *theirs]):
            here = replace(about, id=f"{about.id}/{key}", input=key)
            sides = [side.get(key, ABSENT) for side in (base, ours, theirs)]
            value = self.pick(here, *sides)
            if value is not ABSENT:
                merged[key] = value
        return merged
