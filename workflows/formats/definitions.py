"""Node classes as a workflow file needs them: the order of their inputs and which of these are widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.graph import as_list, as_object

Definitions = Callable[[str], "Definition | None"]
"""Class name to its definition, None for a class nobody knows."""

WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
EXTENSION_WIDGETS = frozenset(
    {"IMAGEUPLOAD", "AUDIOUPLOAD", "AUDIO_UI", "WEBCAM", "MARKDOWN", "LOAD_3D", "LOAD_3D_ANIMATION",
     "PREVIEW_3D", "PREVIEW_3D_ANIMATION", "COLOR", "LOADAUDIO"}
)  # fmt: skip
"""Types for which code in the browser registers a widget."""
NOT_SENT = frozenset({"IMAGEUPLOAD", "AUDIOUPLOAD", "AUDIO_UI"})
"""Widgets that are buttons or viewers: stored in the workflow, never part of a prompt."""
_UPLOADS = ("image_upload", "video_upload", "animated_image_upload")
_SEEDS = frozenset({"seed", "noise_seed"})
_ZEROS: Mapping[str, Any] = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}


@dataclass(frozen=True)
class InputDefinition:
    """One input. A combo has type `COMBO`, however its class wrote it."""

    name: str
    type: str
    options: Mapping[str, Any]
    choices: tuple[Any, ...] | None = None
    optional: bool = False

    @property
    def widget_type(self) -> str:
        """The type of its widget, which `widgetType` may set apart from that of its socket."""
        return str(self.options.get("widgetType") or self.type)

    @property
    def forced(self) -> bool:
        """Whether it is a socket although its type has a widget."""
        return bool(self.options.get("forceInput"))

    @property
    def has_widget(self) -> bool:
        """Whether a person can type its value."""
        return not self.forced and (self.widget_type in WIDGET_TYPES or self.widget_type in EXTENSION_WIDGETS)

    @property
    def controls(self) -> int:
        """How many values of the control "after generate" follow: a combo's is followed by a filter."""
        option = self.options.get("control_after_generate")
        if self.widget_type == "COMBO":
            return 2 if option else 0
        if self.widget_type != "INT":
            return 0
        return int(bool(option) or (self.name in _SEEDS and option is not False))

    @property
    def is_upload(self) -> bool:
        """Whether a button to upload a file belongs to it."""
        return self.type == "COMBO" and any(self.options.get(name) for name in _UPLOADS)

    @property
    def default(self) -> Any:
        """The value of a widget nobody has touched; None for a combo without choices."""
        many = self.type == "COMBO" and bool(self.options.get("multi_select"))
        if "default" in self.options:
            given = self.options["default"]
            if many and not isinstance(given, list):
                return [given]
            return self.options["default"]
        if many:
            return []
        if self.type == "COMBO":
            return self.choices[0] if self.choices else None
        return _ZEROS.get(self.type)


@dataclass(frozen=True)
class Definition:
    """A node class."""

    name: str
    title: str
    inputs: tuple[InputDefinition, ...]
    outputs: tuple[str, ...]

    @cached_property
    def by_name(self) -> Mapping[str, InputDefinition]:
        """Its inputs by name."""
        return {entry.name: entry for entry in self.inputs}

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Definition:
        """From an entry of `/object_info`."""
        inputs: list[InputDefinition] = []
        groups = as_object(info.get("input")) or {}
        orders = as_object(info.get("input_order")) or {}
        for group in ("required", "optional"):
            members = as_object(groups.get(group)) or {}
            ordered = [str(name) for name in as_list(orders.get(group)) or [] if name in members]
            names = dict.fromkeys([*ordered, *members])
            inputs += [_input(name, members[name], optional=group == "optional") for name in names]
        outputs = tuple(type_name(kind) for kind in as_list(info.get("output")) or [])
        name = str(info.get("name", ""))
        return cls(name, str(info.get("display_name") or name), tuple(inputs), outputs)


def _input(name: str, spec: Any, *, optional: bool) -> InputDefinition:
    parts: list[Any] = list(as_list(spec) or [spec])
    options = dict(as_object(parts[1]) or {}) if len(parts) > 1 else {}
    choices = as_list(parts[0]) if parts else None
    if choices is None and parts and parts[0] == "COMBO":
        choices = as_list(options.get("options")) or []
    kind = "COMBO" if choices is not None else type_name(parts[0] if parts else None)
    return InputDefinition(name, kind, options, None if choices is None else tuple(choices), optional)


def type_name(kind: Any) -> str:
    """A slot's type as one word: a list of choices is a combo, and `*` fits all."""
    if isinstance(kind, list):
        return "COMBO"
    return kind if isinstance(kind, str) and kind else "*"


def definitions_of(object_info: Mapping[str, Any]) -> Definitions:
    """The classes of an `/object_info` body."""
    return remembered(lambda name: as_object(object_info.get(name)))


def remembered(find: Callable[[str], Mapping[str, Any] | None]) -> Definitions:
    """The classes whose entries of `/object_info` a function finds, each read once."""
    known: dict[str, Definition | None] = {}

    def define(name: str) -> Definition | None:
        if name not in known:
            info = find(name)
            known[name] = Definition.of(info) if info else None
        return known[name]

    return define


def compatible(one: str, other: str) -> bool:
    """Whether a value of one type may go where the other is wanted."""
    if one in ("*", "") or other in ("*", ""):
        return True
    return not _members(one).isdisjoint(_members(other))


def _members(kind: str) -> set[str]:
    return {part.strip().lower() for part in kind.split(",")}


def first_upload(inputs: Iterable[InputDefinition]) -> InputDefinition | None:
    """The input whose upload button stands at the end of the values."""
    return next((entry for entry in inputs if entry.is_upload and not entry.optional), None)
