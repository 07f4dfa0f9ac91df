"""Plain Python lists as values, to collect what the rounds of a loop give."""

from .anything import ANY


class AccumulateList:
    """A list with one more value; the first round starts it."""

    CATEGORY = "loops"
    RETURN_TYPES = ("LOOPS_LIST",)
    FUNCTION = "accumulate"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY,)}, "optional": {"so_far": (ANY,)}}

    def accumulate(self, value, so_far=None):
        return ([*(so_far or []), value],)


class ListFrom:
    """The values of such a list one by one: what follows runs for each."""

    CATEGORY = "loops"
    RETURN_TYPES = (ANY,)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "spread"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"values": ("LOOPS_LIST",)}}

    def spread(self, values):
        return (values,)


class ListItem:
    """One value of such a list."""

    CATEGORY = "loops"
    RETURN_TYPES = (ANY,)
    FUNCTION = "pick"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"values": ("LOOPS_LIST",), "index": ("INT", {"default": 0, "min": 0})}}

    def pick(self, values, index):
        return (values[index],)
