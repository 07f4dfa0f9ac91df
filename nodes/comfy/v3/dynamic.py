"""Inputs that stand for several: a prompt names those `id.name`, and the node gets them as one dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.graph import as_list
from nodes.comfy.v3.inputs import Input, Output

MOST_GROWN = 100
"""Inputs that one `Autogrow` may grow to."""

Tag = Callable[[Any, str], Any]
"""(value, name in the prompt) -> what the node gets."""


class DynamicInput(Input):
    """An input that stands for others."""

    def stands_for(self, path: str, given: Mapping[str, Any]) -> list[tuple[str, Input]]:
        """The inputs there are when `given` are the prompt's values, by their names in the prompt."""
        raise NotImplementedError

    def all_paths(self, path: str) -> Iterator[str]:
        """The names it may ever stand for."""
        raise NotImplementedError

    def gather(self, path: str, given: Mapping[str, Any], tag: Tag) -> dict[str, Any]:
        """The dictionary that the node gets."""
        raise NotImplementedError


class TemplatePrefix:
    """Names that count: `prefix0`, `prefix1`, ... up to `max` of them, of which `min` are required."""

    def __init__(self, input: Input, prefix: str, min: int = 1, max: int = 10) -> None:
        self.input, self.min = input, min
        self.prefix = prefix
        self.max = max
        self.names = [f"{prefix}{number}" for number in range(max)]

    def as_dict(self) -> dict[str, Any]:
        return {"input": v1_view([self.input]), "prefix": self.prefix, "min": self.min, "max": self.max}


class TemplateNames:
    """Names out of a list, of which the first `min` are required."""

    def __init__(self, input: Input, names: Sequence[str], min: int = 1) -> None:
        self.input, self.min = input, min
        self.names = list(names)

    def as_dict(self) -> dict[str, Any]:
        return {"input": v1_view([self.input]), "names": self.names, "min": self.min}


class AutogrowInput(DynamicInput):
    """As many inputs of one kind as are used."""

    def __init__(
        self, id: str, template: TemplatePrefix | TemplateNames, *shared: Any, **further: Any
    ) -> None:
        super().__init__(id, *shared, **further)
        self.template = template

    def options(self) -> dict[str, Any]:
        return {**super().options(), "template": self.template.as_dict()}

    def validate(self) -> None:
        if not 0 <= self.template.min <= len(self.template.names) <= MOST_GROWN:
            raise ValueError(
                f"input {self.id!r} has min {self.template.min} and {len(self.template.names)} names; "
                f"use 0 <= min <= names <= {MOST_GROWN}"
            )
        if isinstance(self.template.input, DynamicInput):
            raise ValueError(f"input {self.id!r}: what grows must not be dynamic itself")

    def stands_for(self, path: str, given: Mapping[str, Any]) -> list[tuple[str, Input]]:
        made: list[tuple[str, Input]] = []
        for number, name in enumerate(self.template.names):
            full = f"{path}.{name}"
            needed = number < self.template.min and not (self.optional or self.template.input.optional)
            if needed or full in given:
                made.append((full, self.template.input))
        return made

    def all_paths(self, path: str) -> Iterator[str]:
        yield from (f"{path}.{name}" for name in self.template.names)

    def gather(self, path: str, given: Mapping[str, Any], tag: Tag) -> dict[str, Any]:
        paths = ((name, f"{path}.{name}") for name in self.template.names)
        return {name: tag(given[full], full) for name, full in paths if full in given}


@dataclass(frozen=True)
class Option:
    """One choice of a `DynamicCombo` and the inputs that come with it."""

    key: str
    inputs: Sequence[Input]


class DynamicComboInput(DynamicInput):
    """A choice that decides which further inputs there are."""

    def __init__(
        self, id: str, options: Sequence[Option], display_name: str | None = None, **further: Any
    ) -> None:
        super().__init__(id, display_name, **further)
        self.choices = {option.key: option for option in options}

    def options(self) -> dict[str, Any]:
        choices = [{"key": one.key, "inputs": v1_view(one.inputs)} for one in self.choices.values()]
        return {**super().options(), "options": choices}

    def validate(self) -> None:
        if not self.choices:
            raise ValueError(f"input {self.id!r} has no options to choose from")

    def stands_for(self, path: str, given: Mapping[str, Any]) -> list[tuple[str, Input]]:
        return present(self._chosen(path, given), f"{path}.", given)

    def all_paths(self, path: str) -> Iterator[str]:
        yield path
        for option in self.choices.values():
            yield from all_paths(option.inputs, f"{path}.")

    def gather(self, path: str, given: Mapping[str, Any], tag: Tag) -> dict[str, Any]:
        chosen = {self.id: tag(given[path], path)} if path in given else {}
        return {**chosen, **nest(self._chosen(path, given), given, tag, f"{path}.")}

    def _chosen(self, path: str, given: Mapping[str, Any]) -> Sequence[Input]:
        key = given.get(path)
        if (several := as_list(key)) is not None:
            key = several[0] if several else None  # as nodes that take lists get it
        return self.choices[key].inputs if isinstance(key, str) and key in self.choices else ()


@dataclass(frozen=True)
class MatchTemplate:
    """Inputs and outputs of one template have the same type, whichever it is; the canvas sees to that."""

    template_id: str
    allowed_types: Any = None

    def as_dict(self) -> dict[str, Any]:
        one_or_more = as_list(self.allowed_types)
        kinds = [self.allowed_types] if one_or_more is None and self.allowed_types else one_or_more or ()
        names = [str(kind.io_type) for kind in kinds]
        return {"template_id": self.template_id, "allowed_types": ",".join(names) or "*"}


class MatchTypeInput(Input):
    """An input of its template's type."""

    def __init__(self, id: str, template: MatchTemplate, *shared: Any, **further: Any) -> None:
        super().__init__(id, *shared, **further)
        self.template = template

    def options(self) -> dict[str, Any]:
        return {**super().options(), "template": self.template.as_dict()}


class MatchTypeOutput(Output):
    """An output of its template's type."""

    def __init__(self, template: MatchTemplate, id: str | None = None, *shared: Any, **further: Any) -> None:
        super().__init__(id, *shared, **further)
        self.template = template


def present(inputs: Iterable[Input], prefix: str, given: Mapping[str, Any]) -> list[tuple[str, Input]]:
    """Every input there is when `given` are the prompt's values, by its name in the prompt."""
    made: list[tuple[str, Input]] = []
    for one in inputs:
        path = prefix + one.id
        if not isinstance(one, AutogrowInput):
            made.append((path, one))
        if isinstance(one, DynamicInput):
            made.extend(one.stands_for(path, given))
    return made


def all_paths(inputs: Iterable[Input], prefix: str = "") -> Iterator[str]:
    """Every name that the inputs may have in a prompt."""
    for one in inputs:
        path = prefix + one.id
        yield from one.all_paths(path) if isinstance(one, DynamicInput) else (path,)


def nest(inputs: Iterable[Input], given: Mapping[str, Any], tag: Tag, prefix: str = "") -> dict[str, Any]:
    """The arguments of a node: dotted names gathered into dictionaries. What no input names is left out."""
    return dict(_nested(inputs, given, tag, prefix))


def _nested(
    inputs: Iterable[Input], given: Mapping[str, Any], tag: Tag, prefix: str
) -> Iterator[tuple[str, Any]]:
    for one in inputs:
        path = prefix + one.id
        if isinstance(one, DynamicInput):
            yield one.id, one.gather(path, given, tag)
        elif path in given:
            yield one.id, tag(given[path], path)


def v1_view(inputs: Iterable[Input]) -> dict[str, dict[str, tuple[str, dict[str, Any]]]]:
    """Inputs in the form of `INPUT_TYPES`."""
    groups: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {"required": {}}
    for one in inputs:
        group = groups.setdefault("optional" if one.optional else "required", {})
        group[one.id] = (one.get_io_type(), one.as_dict())
    return groups
