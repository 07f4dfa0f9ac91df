"""What a node looks like from outside: its inputs, outputs and options as plain data, and its wire form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal, cast

Lane = Literal["device", "cpu", "io"]
Choice = str | int | float
ChoiceSource = Callable[[str], list[str]]
"""Folder kind to the names it holds now; usually `Folders.list`."""

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input. A combo has type `COMBO` and either `choices` or, in `files`, a folder kind."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    choices: tuple[Choice, ...] | None = None
    files: str | None = None
    optional: bool = False

    @property
    def is_combo(self) -> bool:
        return self.choices is not None or self.files is not None

    def options_now(self, names: ChoiceSource) -> list[Choice] | None:
        """The choices of a combo at this moment, or None for an input that is no combo."""
        if self.files is not None:
            return list(names(self.files))
        return None if self.choices is None else list(self.choices)

    def wire(self, names: ChoiceSource) -> list[Any]:
        """`[type, options]` as in `/object_info`; a combo has its list of choices in place of the type."""
        combo = self.options_now(names)
        kind: Any = self.type if combo is None else combo
        return [kind, dict(self.options)] if self.options else [kind]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output slot: its name on the canvas, wire type and tooltip."""

    name: str
    type: str
    tooltip: str | None = None
    is_list: bool = False


@dataclass(frozen=True)
class NodeSpec:
    """Everything the engine, the server and the canvas know of a node class.

    `function`, `fingerprint` and `check` live only where the node's module is imported; a spec that came
    through `to_json` has None there and everything else intact.
    """

    name: str
    title: str
    category: str
    description: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    lane: Lane = "device"
    output_node: bool = False
    version: int = 1
    hidden: tuple[str, ...] = ()
    code_hash: str = ""
    module: str = "nodes"
    is_async: bool = False
    takes_context: bool = False
    tuple_result: bool = False
    """Whether the function returns one tuple member per output, rather than the value of its only output."""
    variadic: bool = False
    """Whether linked inputs that are not declared are passed to the function too."""
    check_inputs: frozenset[str] = frozenset()
    """Inputs whose range and choices the node checks itself."""
    function: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    fingerprint: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    check: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    by_name: Mapping[str, InputSpec] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({i.name: i for i in self.inputs}))

    def object_info(self, names: ChoiceSource) -> dict[str, Any]:
        """The entry of `/object_info` for this class, as ComfyUI writes it; `names` fills the file combos."""
        groups: dict[str, dict[str, Any]] = {"required": {}}
        for i in self.inputs:
            groups.setdefault("optional" if i.optional else "required", {})[i.name] = i.wire(names)
        if self.hidden:
            groups["hidden"] = {name.lower(): name for name in self.hidden}
        info: dict[str, Any] = {
            "input": groups,
            "input_order": {group: list(members) for group, members in groups.items()},
            "output": [o.type for o in self.outputs],
            "output_is_list": [o.is_list for o in self.outputs],
            "output_name": [o.name for o in self.outputs],
            "name": self.name,
            "display_name": self.title,
            "description": self.description,
            "python_module": self.module,
            "category": self.category,
            "output_node": self.output_node,
        }
        if any(o.tooltip for o in self.outputs):
            info["output_tooltips"] = [o.tooltip for o in self.outputs]
        return info

    def to_json(self) -> dict[str, Any]:
        """A JSON object with everything but the functions."""
        return {
            "name": self.name,
            "title": self.title,
            "category": self.category,
            "description": self.description,
            "inputs": [_input_to_json(i) for i in self.inputs],
            "outputs": [asdict(o) for o in self.outputs],
            "lane": self.lane,
            "output_node": self.output_node,
            "version": self.version,
            "hidden": list(self.hidden),
            "code_hash": self.code_hash,
            "module": self.module,
            "is_async": self.is_async,
            "takes_context": self.takes_context,
            "tuple_result": self.tuple_result,
            "variadic": self.variadic,
            "check_inputs": sorted(self.check_inputs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NodeSpec:
        """The inverse of `to_json`."""
        fields = dict(data)
        fields["inputs"] = tuple(_input_from_json(i) for i in fields["inputs"])
        fields["outputs"] = tuple(OutputSpec(**o) for o in fields["outputs"])
        fields["hidden"] = tuple(fields["hidden"])
        fields["check_inputs"] = frozenset(fields["check_inputs"])
        return cls(**fields)


def _input_to_json(spec: InputSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "type": spec.type,
        "options": dict(spec.options),
        "choices": None if spec.choices is None else list(spec.choices),
        "files": spec.files,
        "optional": spec.optional,
    }


def _input_from_json(data: Mapping[str, Any]) -> InputSpec:
    fields = dict(data)
    fields["options"] = MappingProxyType(cast(dict[str, Any], fields["options"]))
    fields["choices"] = None if fields["choices"] is None else tuple(fields["choices"])
    return InputSpec(**fields)
