"""Numbers, comparisons, a switch that has only one side computed, and an output."""

import operator

from .anything import ANY

COMPARISONS = {"<": operator.lt, "<=": operator.le, "==": operator.eq, ">=": operator.ge, ">": operator.gt}


class Plus:
    """Adds two numbers, or two texts."""

    CATEGORY = "loops"
    RETURN_TYPES = (ANY,)
    FUNCTION = "add"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": (ANY,), "b": (ANY,)}}

    def add(self, a, b):
        return (a + b,)


class Compare:
    """Compares two values."""

    CATEGORY = "loops"
    RETURN_TYPES = ("BOOLEAN",)
    FUNCTION = "compare"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": (ANY,), "comparison": (list(COMPARISONS),), "b": (ANY,)}}

    def compare(self, a, comparison, b):
        return (COMPARISONS[comparison](a, b),)


class LazySwitch:
    """Gives one of two values; what makes the other does not run."""

    CATEGORY = "loops"
    RETURN_TYPES = (ANY,)
    FUNCTION = "switch"

    @classmethod
    def INPUT_TYPES(cls):
        lazy = {"lazy": True}
        return {"required": {"choice": ("BOOLEAN",)}, "optional": {"yes": (ANY, lazy), "no": (ANY, lazy)}}

    def check_lazy_status(self, choice, yes=None, no=None):
        wanted = "yes" if choice else "no"
        return [wanted] if (yes if choice else no) is None else []

    def switch(self, choice, yes=None, no=None):
        return (yes if choice else no,)


class ShowValue:
    """Shows a value as text."""

    CATEGORY = "loops"
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "show"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY,)}}

    def show(self, value):
        return {"ui": {"text": [str(value)]}}
