"""An example pack in V1 form: a lazy switch, and for and while loops made of expansions."""

from .lists import AccumulateList, ListFrom, ListItem
from .loops import ForLoopClose, ForLoopOpen, WhileLoopClose, WhileLoopOpen
from .maths import Compare, LazySwitch, Plus, ShowValue

NODE_CLASS_MAPPINGS = {
    "LoopsForOpen": ForLoopOpen,
    "LoopsForClose": ForLoopClose,
    "LoopsWhileOpen": WhileLoopOpen,
    "LoopsWhileClose": WhileLoopClose,
    "LoopsAccumulate": AccumulateList,
    "LoopsListFrom": ListFrom,
    "LoopsListItem": ListItem,
    "LoopsPlus": Plus,
    "LoopsCompare": Compare,
    "LoopsSwitch": LazySwitch,
    "LoopsShow": ShowValue,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "LoopsForOpen": "For Loop (open)",
    "LoopsForClose": "For Loop (close)",
    "LoopsWhileOpen": "While Loop (open)",
    "LoopsWhileClose": "While Loop (close)",
    "LoopsSwitch": "Switch (lazy)",
}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
