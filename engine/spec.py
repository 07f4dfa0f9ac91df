"""What a node looks like from outside: its inputs, outputs and options as plain data, and its wire form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, cast

Lane = Literal["device", "decode", "cpu", "io"]
"""What a run of a node occupies; see `engine.lanes`."""
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
    wildcard: bool = False
    """Whether a link from any output fits, whatever `type` says."""
    choices_in_options: bool = False
    """Whether the wire form is `["COMBO", {"options": [...]}]` instead of `[[...]]`."""

    @property
    def is_combo(self) -> bool:
        return self.choices is not None or self.files is not None

    @property
    def lazy(self) -> bool:
        """Whether the source runs only if the node asks for it."""
        return self.options.get("lazy") is True

    @property
    def raw_link(self) -> bool:
        """Whether a linked input is passed as its link instead of its value."""
        return self.options.get("rawLink") is True

    def options_now(self, names: ChoiceSource) -> list[Choice] | None:
        """The choices of a combo at this moment, or None for an input that is no combo."""
        if self.files is not None:
            return list(names(self.files))
        return None if self.choices is None else list(self.choices)

    def wire(self, names: ChoiceSource) -> list[Any]:
        """`[type, options]` as in `/object_info`; a combo has its list of choices in place of the type."""
        combo = self.options_now(names)
        if self.choices_in_options:
            return [self.type, {**self.options, "options": combo}]
        kind: Any = self.type if combo is None else combo
        return [kind, dict(self.options)] if self.options else [kind]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output slot: its name on the canvas, wire type and tooltip. A `COMBO` may list choices."""

    name: str
    type: str
    tooltip: str | None = None
    is_list: bool = False
    choices: tuple[Choice, ...] | None = None
    wildcard: bool = False
    """Whether it fits every input, whatever `type` says."""


@dataclass(frozen=True)
class NodeSpec:
    """Everything the engine, the server and the canvas know of a node class.

    The functions live only where the node's module is imported; a spec that came through `to_json` has None
    there and everything else intact.
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
    hidden: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    """Hidden inputs: argument name to what it stands for, such as `{"prompt": "PROMPT"}`."""
    code_hash: str = ""
    module: str = "nodes"
    is_async: bool = False
    takes_context: bool = False
    tuple_result: bool = False
    """Whether the function returns one tuple member per output, rather than the value of its only output."""
    variadic: bool = False
    """Whether linked inputs that are not declared are passed to the function too."""
    open_inputs: bool = False
    """Whether values given under names that are not declared are passed too; implies `variadic`."""
    takes_lists: bool = False
    """Whether the node is called once with a list for every input, instead of once for each value."""
    own_id: bool = False
    """Whether the node's id is part of its key, so that equal nodes do not share a result."""
    own_type_check: bool = False
    """Whether `check` decides which links fit; it gets `input_types`, the linked types by name."""
    lenient: bool = False
    """Whether a literal may stand for a value of any type, as ComfyUI has it."""
    dynamic: bool = False
    """Whether inputs may be different each time somebody asks, as with file lists a pack makes itself."""
    extra_info: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    """Further entries of `/object_info`, such as `deprecated`."""
    check_inputs: frozenset[str] = frozenset()
    """Inputs whose range and choices the node checks itself."""
    has_check: bool = False
    function: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    fingerprint: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    check: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    needs: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    """Called with the inputs evaluated so far (None for the lazy ones that are not); names those it needs."""
    by_name: Mapping[str, InputSpec] = field(init=False, compare=False, repr=False)
    lazy: frozenset[str] = field(init=False, compare=False, repr=False)
    """Names of the lazy inputs."""
    file_inputs: Mapping[str, str] = field(init=False, compare=False, repr=False)
    """Folder kinds of the inputs that name files."""
    self_contained: bool = field(init=False, compare=False, repr=False)
    """Whether inputs and code are all that results depend on."""
    raw_links: frozenset[str] = field(init=False, compare=False, repr=False)
    """Names of the inputs passed as links."""
    has_list_output: bool = field(init=False, compare=False, repr=False)
    sees_graph: bool = field(init=False, compare=False, repr=False)
    """Whether the function is handed the graph around the node."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({i.name: i for i in self.inputs}))
        object.__setattr__(self, "lazy", frozenset(i.name for i in self.inputs if i.lazy))
        files = {i.name: i.files for i in self.inputs if i.files}
        object.__setattr__(self, "file_inputs", MappingProxyType(files))
        alone = self.fingerprint is None and not files and not self.own_id
        object.__setattr__(self, "self_contained", alone)
        object.__setattr__(self, "raw_links", frozenset(i.name for i in self.inputs if i.raw_link))
        object.__setattr__(self, "sees_graph", "DYNPROMPT" in self.hidden.values())
        object.__setattr__(self, "has_list_output", any(o.is_list for o in self.outputs))

    def takes_literal(self, name: str) -> bool:
        """Whether a value under that name reaches the function."""
        return name in self.by_name or self.open_inputs or name in self.hidden

    def takes_link(self, name: str) -> bool:
        """Whether a linked value under that name does."""
        return name in self.by_name or self.variadic or self.open_inputs

    def object_info(self, names: ChoiceSource) -> dict[str, Any]:
        """The entry of `/object_info` for this class, as ComfyUI writes it; `names` fills the file combos."""
        groups: dict[str, dict[str, Any]] = {"required": {}}
        for i in self.inputs:
            groups.setdefault("optional" if i.optional else "required", {})[i.name] = i.wire(names)
        if self.hidden:
            groups["hidden"] = dict(self.hidden)
        info: dict[str, Any] = {
            "input": groups,
            "input_order": {group: list(members) for group, members in groups.items()},
            "output": [o.type if o.choices is None else list(o.choices) for o in self.outputs],
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
        return {**info, **self.extra_info}

    def to_json(self) -> dict[str, Any]:
        """A JSON object with everything but the functions."""
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.init and f.name not in _FUNCTIONS}
        return {
            **data,
            "inputs": [_input_to_json(i) for i in self.inputs],
            "outputs": [asdict(o) for o in self.outputs],
            "hidden": dict(self.hidden),
            "extra_info": dict(self.extra_info),
            "check_inputs": sorted(self.check_inputs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NodeSpec:
        """The inverse of `to_json`."""
        values = dict(data)
        values["inputs"] = tuple(_input_from_json(i) for i in values["inputs"])
        values["outputs"] = tuple(_output_from_json(o) for o in values["outputs"])
        values["hidden"] = MappingProxyType(dict(values["hidden"]))
        values["extra_info"] = MappingProxyType(dict(values["extra_info"]))
        values["check_inputs"] = frozenset(values["check_inputs"])
        return cls(**values)


_FUNCTIONS = frozenset({"function", "fingerprint", "check", "needs"})


def _input_to_json(spec: InputSpec) -> dict[str, Any]:
    data = {f.name: getattr(spec, f.name) for f in fields(spec)}
    return {**data, "options": dict(spec.options)}


def _input_from_json(data: Mapping[str, Any]) -> InputSpec:
    values = dict(data)
    values["options"] = MappingProxyType(cast(dict[str, Any], values["options"]))
    values["choices"] = None if values["choices"] is None else tuple(values["choices"])
    return InputSpec(**values)


def _output_from_json(data: Mapping[str, Any]) -> OutputSpec:
    values = dict(data)
    values["choices"] = None if values["choices"] is None else tuple(values["choices"])
    return OutputSpec(**values)
