"""Layouts as tokens: three for each object, two for what part of a larger scene is shown.

As the published layout-to-image models were trained (arXiv 2112.10752, layouts as in arXiv 2012.09841): a
class, then the top left and the bottom right corner as places of a grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_OBJECT, _CROP = 3, 2
"""Tokens of an object, and of the part of the scene that is shown."""


@dataclass(frozen=True)
class Box:
    """A rectangle in shares of the picture's width and height, and what it shows."""

    x: float
    y: float
    width: float
    height: float
    label: int = 0
    """Number of the object's class; attributes of the training data (group, occluded, ...) are part of it."""


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class BoxTokens:
    """Writes layouts as sequences of `objects` * 3 tokens, and 2 more for the part shown if `crop`."""

    vocabulary: int
    objects: int
    crop: bool

    @classmethod
    def for_sizes(cls, vocabulary: int, places: int) -> Self:
        """The layouts an encoder of so many tokens and places was made for: 92 are 30 objects and a crop."""
        return cls(vocabulary, places // _OBJECT, crop=places % _OBJECT == _CROP)

    @property
    def none(self) -> int:
        """The token of an object that is not there."""
        return self.vocabulary - 1

    @property
    def grid(self) -> int:
        """Places along each side of the grid of corners."""
        return math.isqrt(self.vocabulary)

    def build(self, boxes: Sequence[Box], crop: Box = WHOLE) -> list[int]:
        """The tokens of a layout.

        Raises:
            ValueError: more boxes than the model takes, a box outside the picture, or an unknown class.
        """
        if len(boxes) > self.objects:
            raise ValueError(f"the model takes at most {self.objects} boxes, not {len(boxes)}")
        found: list[int] = []
        for box in boxes:
            if not 0 <= box.label < self.none:
                raise ValueError(f"the model's classes are below {self.none}: {box.label} is none of them")
            found += [box.label, *self._corners(box)]
        found += [self.none] * (_OBJECT * (self.objects - len(boxes)))
        return found + (self._corners(crop) if self.crop else [])

    def _corners(self, box: Box) -> list[int]:
        right, bottom = box.x + box.width, box.y + box.height
        if not (0 <= box.x <= right <= 1 and 0 <= box.y <= bottom <= 1):
            raise ValueError(
                f"the box x={box.x:g} y={box.y:g} width={box.width:g} height={box.height:g} lies outside "
                "the picture: its edges are shares of the picture's sides, from 0 to 1"
            )
        return [self._place(box.x, box.y), self._place(right, bottom)]

    def _place(self, x: float, y: float) -> int:
        column, row = (round(share * (self.grid - 1)) for share in (x, y))
        return row * self.grid + column
