"""The inputs and outputs a schema is made of, and how each type's pair of them is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Port:
    """What inputs and outputs share. `io_type` is the type on the wire."""

    io_type: ClassVar[str] = "*"

    def get_io_type(self) -> str:
        """The type on the wire; a union is comma-separated."""
        return self.io_type


class Input(Port):
    """One input of a schema.

    Args:
        id: the name of the argument.
        extra_dict: further options, as `INPUT_TYPES` has them.
        lazy: whether the source runs only if `check_lazy_status` asks for it.
        raw_link: whether a link is passed as such instead of its value.
    """

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        extra_dict: Mapping[str, Any] | None = None,
        raw_link: bool | None = None,
        advanced: bool | None = None,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.optional = optional
        self.tooltip = tooltip
        self.lazy = lazy
        self.extra_dict = dict(extra_dict or {})
        self.raw_link = raw_link
        self.advanced = advanced

    def as_dict(self) -> dict[str, Any]:
        """The options as `INPUT_TYPES` has them; those that were not given are left out."""
        return {**_given(self.options()), **self.extra_dict}

    def options(self) -> dict[str, Any]:
        """All options by their names on the wire, None where they were not given."""
        return {
            "display_name": self.display_name,
            "tooltip": self.tooltip,
            "lazy": self.lazy,
            "rawLink": self.raw_link,
            "advanced": self.advanced,
        }

    def validate(self) -> None:
        """Raise ValueError for what cannot work."""

    def get_all(self) -> list[Input]:
        """This input, and those that stand in for it when it has several forms."""
        return [self]


class WidgetInput(Input):
    """An input that the canvas can edit in place. `default` is what it starts with there.

    Args:
        socketless: whether nothing can be linked to it.
        widget_type: the widget to show, if it is another than the type's.
        force_input: whether it is only a socket.
    """

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: Any = None,
        socketless: bool | None = None,
        widget_type: str | None = None,
        force_input: bool | None = None,
        extra_dict: Mapping[str, Any] | None = None,
        raw_link: bool | None = None,
        advanced: bool | None = None,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, extra_dict, raw_link, advanced)
        self.default = default
        self.socketless = socketless
        self.widget_type = widget_type
        self.force_input = force_input

    def options(self) -> dict[str, Any]:
        return {
            **super().options(),
            "default": self.default,
            "socketless": self.socketless,
            "widgetType": self.widget_type,
            "forceInput": self.force_input,
        }

    def get_io_type(self) -> str:
        return self.widget_type or self.io_type


class Output(Port):
    """One output of a schema. With `is_output_list` its value is a list of values."""

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.tooltip = tooltip
        self.is_output_list = is_output_list

    def wire_type(self) -> str | list[Any]:
        """The entry of RETURN_TYPES: a type, or the choices of a combo."""
        return self.get_io_type()


class ComfyType:
    """A type of values: `Type.Input(...)` and `Type.Output(...)` declare inputs and outputs of it."""

    io_type: ClassVar[str] = "*"
    Type: ClassVar[Any] = Any
    """What annotations call the values; nothing is checked by it."""
    Input: ClassVar[Any] = Input
    Output: ClassVar[Any] = Output


def new_type(
    name: str,
    io_type: str,
    input_class: type[Input] = Input,
    output_class: type[Output] = Output,
    **further: Any,
) -> type[ComfyType]:
    """A type with an input and an output of its own. `further` become its attributes."""
    return type(
        name,
        (ComfyType,),
        {
            "__module__": __name__,
            "io_type": io_type,
            "Input": type(f"{name}.Input", (input_class,), {"__module__": __name__, "io_type": io_type}),
            "Output": type(f"{name}.Output", (output_class,), {"__module__": __name__, "io_type": io_type}),
            **further,
        },
    )


def custom(io_type: str) -> type[ComfyType]:
    """A type of a pack's own. Types of equal names are one type."""
    return new_type(io_type, io_type)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
