"""Small V1 classes, as packs write them."""

from __future__ import annotations

import asyncio
import math
from typing import Any, ClassVar


class AnyType(str):
    """Differs from nothing, as packs have it."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


ANY = AnyType("*")
Spec = dict[str, Any]
Made = tuple[Any, ...]


class Constant:
    """A value of any kind."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "give"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": ("INT", {"default": 0, "min": -1000, "max": 1000})}}

    def give(self, value: Any) -> Made:
        return (value,)


class Text(Constant):
    """A text."""

    RETURN_TYPES: ClassVar[Any] = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": ("STRING", {})}}


class Add:
    """The sum of two values."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "add"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"a": (ANY, {}), "b": (ANY, {})}}

    def add(self, a: Any, b: Any) -> Made:
        return (a + b,)


class Show:
    """Shows a value, and passes it on."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    OUTPUT_NODE = True
    FUNCTION = "show"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": (ANY, {})}}

    def show(self, value: Any) -> Any:
        return {"ui": {"shown": [value]}, "result": (value,)}


class Spread:
    """A list of the numbers below `count`."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "spread"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"count": ("INT", {})}}

    def spread(self, count: int) -> Made:
        return (list(range(count)),)


class Gather:
    """All values of a list as one."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    INPUT_IS_LIST = True
    FUNCTION = "gather"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"values": (ANY, {})}}

    def gather(self, values: list[Any]) -> Made:
        return (list(values),)


class Choose:
    """One of two values; the other's source does not run."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "choose"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        lazy = {"lazy": True}
        return {"required": {"first": (ANY, {})}, "optional": {"a": (ANY, lazy), "b": (ANY, lazy)}}

    def check_lazy_status(self, first: Any, a: Any = None, b: Any = None) -> list[str]:
        wanted = "a" if first else "b"
        return [wanted] if (a if first else b) is None else []

    def choose(self, first: Any, a: Any = None, b: Any = None) -> Made:
        return (a if first else b,)


class Pause:
    """A value after a while, without keeping others waiting."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "pause"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": (ANY, {}), "seconds": ("FLOAT", {})}}

    async def pause(self, value: Any, seconds: float) -> Made:
        await asyncio.sleep(seconds)
        return (value,)


class Fail:
    """Raises."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "fail"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": (ANY, {})}}

    def fail(self, value: Any) -> Made:
        raise ValueError(f"no {value} today")


class Changing:
    """Runs again or not, as told."""

    RETURN_TYPES: ClassVar[Any] = (ANY,)
    FUNCTION = "give"

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"value": (ANY, {}), "always": ("BOOLEAN", {"default": False})}}

    @classmethod
    def IS_CHANGED(cls, value: Any, always: bool) -> Any:
        return math.nan if always else ("the same", value)

    def give(self, value: Any, always: bool) -> Made:
        return (value,)


TOYS: dict[str, type] = {
    one.__name__: one for one in (Constant, Text, Add, Show, Spread, Gather, Choose, Pause, Fail, Changing)
}
