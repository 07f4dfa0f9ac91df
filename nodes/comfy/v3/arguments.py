"""From the values of a prompt to the arguments of a class's methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nodes.comfy.v3.dynamic import DynamicComboInput, DynamicInput, Tag, all_paths, nest, present
from nodes.comfy.v3.schema import Schema


def untagged(value: Any, path: str) -> Any:
    """The value alone."""
    return value


def tagged(value: Any, path: str) -> Any:
    """The value with its name in the prompt, as `check_lazy_status` gets what is inside dictionaries."""
    return (value, path) if "." in path else value


@dataclass(frozen=True)
class Arguments:
    """How a node's methods get its inputs. `takes_more` says that `execute` has room for undeclared ones."""

    schema: Schema
    takes_more: bool

    @cached_property
    def dynamic(self) -> bool:
        """Whether some inputs stand for others."""
        return any(isinstance(one, DynamicInput) for one in self.schema.inputs)

    @cached_property
    def parts(self) -> frozenset[str]:
        """What dynamic inputs may be called in a prompt."""
        return frozenset(all_paths(one for one in self.schema.inputs if isinstance(one, DynamicInput)))

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `execute`. Raises ValueError if a dynamic input lacks a part."""
        for problem in self.problems(given):
            raise ValueError(problem)
        return self.nested(given)

    def nested(self, given: Mapping[str, Any], tag: Tag = untagged) -> dict[str, Any]:
        """The arguments with the parts of dynamic inputs gathered; those that are not there are left out."""
        if not self.dynamic:
            return dict(given)
        arguments = nest(self.schema.inputs, given, tag)
        if self.takes_more or self.schema.accept_all_inputs:
            arguments |= self._undeclared(given)
        return arguments

    def problems(self, given: Mapping[str, Any]) -> Iterator[str]:
        """What dynamic inputs lack or cannot be, given the prompt's values (None for links)."""
        if not self.dynamic:
            return
        for path, one in present(self.schema.inputs, "", given):
            if "." in path and path not in given and not one.optional:
                yield f"{self.schema.node_id}: the input {path!r} is required and missing"
            key = given.get(path)
            if isinstance(one, DynamicComboInput) and isinstance(key, str) and key not in one.choices:
                choices = ", ".join(map(repr, one.choices))
                yield f"{self.schema.node_id}: {path!r} is {key!r}; the choices are {choices}"

    def listed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Literals as the list of items a node gets that takes lists; links have no items yet."""
        if not self.schema.is_input_list:
            return dict(given)
        return {name: (None,) if value is None else [value] for name, value in given.items()}

    def _undeclared(self, given: Mapping[str, Any]) -> dict[str, Any]:
        declared = {one.id for one in self.schema.inputs}
        return {name: value for name, value in given.items() if name.split(".")[0] not in declared}
