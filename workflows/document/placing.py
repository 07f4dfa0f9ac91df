"""Places for nodes that no layout knows: beside what they are linked to, where nothing lies yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.graph import as_list, as_object

Box = tuple[float, float, float, float]
"""Left, top, width and height, in the canvas's units."""
_SIZE = (270.0, 120.0)
_GAP = 60.0


def placed(nodes: Mapping[str, Any], looks: Mapping[str, Mapping[str, Any]]) -> dict[str, list[float]]:
    """Where the nodes without a look go, in an order in which neighbours come first."""
    boxes = {name: _box(look) for name, look in looks.items() if name in nodes}
    waiting = [name for name in nodes if name not in looks]
    sources = {name: [source[0] for source in nodes[name]["inputs"].values()] for name in nodes}
    feeds: dict[str, list[str]] = {name: [] for name in nodes}
    for name, found in sources.items():
        for source in found:
            if source in feeds:
                feeds[source].append(name)
    made: dict[str, list[float]] = {}
    while waiting:
        # One that has a neighbour on the canvas, else the first: the others will be its neighbours.
        name = next(
            (name for name in waiting if any(other in boxes for other in (*sources[name], *feeds[name]))),
            waiting[0],
        )
        waiting.remove(name)
        boxes[name] = _free(_beside(sources[name], feeds[name], boxes), boxes)
        made[name] = [boxes[name][0], boxes[name][1]]
    return made


def _beside(sources: Sequence[str], feeds: Sequence[str], boxes: Mapping[str, Box]) -> Box:
    before = [boxes[name] for name in sources if name in boxes]
    if before:
        left = max(x + width for x, _, width, _ in before) + _GAP
        return (left, min(y for _, y, _, _ in before), *_SIZE)
    after = [boxes[name] for name in feeds if name in boxes]
    if after:
        return (min(x for x, _, _, _ in after) - _SIZE[0] - _GAP, min(y for _, y, _, _ in after), *_SIZE)
    everything = list(boxes.values())
    bottom = max((y + height for _, y, _, height in everything), default=-_GAP) + _GAP
    return (min((x for x, _, _, _ in everything), default=0.0), bottom, *_SIZE)


def _free(box: Box, boxes: Mapping[str, Box]) -> Box:
    """The box, moved down until it covers no other."""
    x, y, width, height = box
    for _, top, _, tall in sorted(_across(x, width, boxes), key=lambda other: other[1]):
        if y < top + tall and top < y + height:
            y = top + tall + _GAP / 2
    return (x, y, width, height)


def _across(x: float, width: float, boxes: Mapping[str, Box]) -> Iterator[Box]:
    return (other for other in boxes.values() if x < other[0] + other[2] and other[0] < x + width)


def _box(look: Mapping[str, Any]) -> Box:
    return (*_pair(look.get("pos"), (0.0, 0.0)), *_pair(look.get("size"), _SIZE))


def _pair(value: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Two numbers, which old files have as an object."""
    given = as_object(value)
    parts: list[Any] = [given.get("0"), given.get("1")] if given is not None else list(as_list(value) or [])
    numbers = [float(part) for part in parts[:2] if isinstance(part, int | float)]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else otherwise
