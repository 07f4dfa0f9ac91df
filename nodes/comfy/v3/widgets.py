"""The types with a widget: numbers, texts, choices, and sockets that accept several types."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, StrEnum
from typing import Any

from nodes.comfy.v3.inputs import Input, Output, WidgetInput


class FolderType(StrEnum):
    """The folders of pictures and other media."""

    input = "input"
    output = "output"
    temp = "temp"


class UploadType(StrEnum):
    """What a combo lets people upload; the value is the option's name on the wire."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


class NumberDisplay(StrEnum):
    """How a number is shown."""

    number = "number"
    slider = "slider"


class ControlAfterGenerate(StrEnum):
    """What becomes of a seed after each run."""

    fixed = "fixed"
    increment = "increment"
    decrement = "decrement"
    randomize = "randomize"


class RemoteOptions:
    """A combo whose choices the canvas fetches from a route. Times are milliseconds."""

    def __init__(
        self,
        route: str,
        refresh_button: bool,
        control_after_refresh: str = "first",
        timeout: int | None = None,
        max_retries: int | None = None,
        refresh: int | None = None,
    ) -> None:
        self._fields = {
            "route": route,
            "refresh_button": refresh_button,
            "control_after_refresh": control_after_refresh,
            "timeout": timeout,
            "max_retries": max_retries,
            "refresh": refresh,
        }

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in self._fields.items() if value is not None}


class NumberInput(WidgetInput):
    """An INT or a FLOAT. Bounds are inclusive; `step`, `round` and `display_mode` only steer the widget."""

    def __init__(
        self,
        id: str,
        *shared: Any,
        min: float | None = None,
        max: float | None = None,
        step: float | None = None,
        round: float | None = None,
        control_after_generate: bool | ControlAfterGenerate | None = None,
        display_mode: NumberDisplay | None = None,
        **further: Any,
    ) -> None:
        super().__init__(id, *shared, **further)
        self.min, self.max = min, max
        self.step, self.round = step, round
        self.control_after_generate = control_after_generate
        self.display_mode = display_mode

    def options(self) -> dict[str, Any]:
        return {
            **super().options(),
            "min": self.min,
            "max": self.max,
            "step": self.step,
            "round": self.round,
            "control_after_generate": plain(self.control_after_generate),
            "display": plain(self.display_mode),
        }


class BooleanInput(WidgetInput):
    """A BOOLEAN with the words its widget shows."""

    def __init__(
        self, id: str, *shared: Any, label_on: str | None = None, label_off: str | None = None, **further: Any
    ) -> None:
        super().__init__(id, *shared, **further)
        self.label_on, self.label_off = label_on, label_off

    def options(self) -> dict[str, Any]:
        return {**super().options(), "label_on": self.label_on, "label_off": self.label_off}


class StringInput(WidgetInput):
    """A STRING; with `dynamic_prompts` the canvas expands `{a|b}`."""

    def __init__(
        self,
        id: str,
        *shared: Any,
        multiline: bool | None = None,
        placeholder: str | None = None,
        dynamic_prompts: bool | None = None,
        **further: Any,
    ) -> None:
        super().__init__(id, *shared, **further)
        self.multiline = multiline
        self.placeholder = placeholder
        self.dynamic_prompts = dynamic_prompts

    def options(self) -> dict[str, Any]:
        return {
            **super().options(),
            "multiline": self.multiline,
            "placeholder": self.placeholder,
            "dynamicPrompts": self.dynamic_prompts,
        }


class ComboInput(WidgetInput):
    """A choice out of a list, or of the members of an Enum."""

    def __init__(
        self,
        id: str,
        options: Sequence[Any] | type[Enum] | None = None,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: Any = None,
        control_after_generate: Any = None,
        upload: UploadType | None = None,
        image_folder: FolderType | None = None,
        remote: RemoteOptions | None = None,
        socketless: bool | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(
            id, display_name, optional, tooltip, lazy, plain(default), socketless=socketless, **shared
        )
        self.choices = None if options is None else [plain(one) for one in options]
        self.multiselect = False
        self.control_after_generate = plain(control_after_generate)
        self.upload = upload
        self.image_folder = image_folder
        self.remote = remote

    def options(self) -> dict[str, Any]:
        uploads = {} if self.upload is None else {plain(self.upload): True}
        return {
            **super().options(),
            "multiselect": self.multiselect,
            "options": self.choices,
            "control_after_generate": self.control_after_generate,
            **uploads,
            "image_folder": plain(self.image_folder),
            "remote": None if self.remote is None else self.remote.as_dict(),
        }


class MultiComboInput(ComboInput):
    """Several choices out of a list; the value is a list."""

    def __init__(
        self,
        id: str,
        options: Sequence[Any] | type[Enum],
        *further: Any,
        placeholder: str | None = None,
        chip: bool | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(id, options, *further, **shared)
        self.multiselect = True
        self.placeholder = placeholder
        self.chip = chip

    def options(self) -> dict[str, Any]:
        return {
            **super().options(),
            "multi_select": True,
            "placeholder": self.placeholder,
            "chip": self.chip,
        }


class ComboOutput(Output):
    """One of a list of choices."""

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        options: Sequence[Any] | type[Enum] | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        super().__init__(id, display_name, tooltip, is_output_list)
        self.choices = [plain(one) for one in options or ()]

    def wire_type(self) -> str | list[Any]:
        return self.choices or self.get_io_type()


class MultiTypeInput(Input):
    """A socket for several types. Given a widget input, the canvas shows its widget."""

    def __init__(self, id: str | Input, types: Sequence[Any], *shared: Any, **options: Any) -> None:
        self.widget = id if isinstance(id, Input) else None
        super().__init__(id.id if isinstance(id, Input) else id, *shared, **options)
        self.types = list(types)
        if self.widget is not None:
            self.optional = self.widget.optional or self.optional

    def get_io_type(self) -> str:
        first = [] if self.widget is None else [self.widget.get_io_type()]
        return ",".join(dict.fromkeys([*first, *(kind.io_type for kind in self.types)]))

    def as_dict(self) -> dict[str, Any]:
        if self.widget is None:
            return super().as_dict()
        return {**self.widget.as_dict(), "widgetType": self.widget.get_io_type(), **super().as_dict()}


def plain(value: Any) -> Any:
    """The value of an Enum's member; other values as they are."""
    return value.value if isinstance(value, Enum) else value
