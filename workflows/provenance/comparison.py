"""A run done again beside its record: which outputs are the same to the bit, and how far off others are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workflows.provenance.hashes import FileHashes
from workflows.provenance.pictures import pixel_hash, psnr
from workflows.provenance.record import Output

State = Literal["identical", "different", "missing", "unknown"]
"""`missing`: there is no such output this time; `unknown`: nothing is known of the old one."""
Where = Callable[[Output], Path | None]
"""The file of an output, if there is one."""


@dataclass(frozen=True)
class Compared:
    """One output of a run and what came in its place.

    Args:
        again: the new output.
        psnr: how close the pictures are, in dB; None if the old one is gone or they cannot be compared.
    """

    output: Output
    state: State
    again: Output | None = None
    psnr: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON; an infinite `psnr` is left out."""
        output, again = self.output, self.again
        decibels = None if self.psnr is None or math.isinf(self.psnr) else round(self.psnr, 2)
        place = {"node": output.node, "name": output.name, "index": output.index, "file": output.file}
        file = None if again is None else again.file
        return {**place, "state": self.state, "again": file, "psnr": decibels}


def compared(before: Iterable[Output], after: Iterable[Output], old: Where, new: Where) -> list[Compared]:
    """Each output of a record with the one that took its place.

    Args:
        old: where the file of a recorded output lies, if it still does.
        new: where that of a new one does.
    """
    again = {output.place: output for output in after}
    return [_compared(output, again.get(output.place), old, new) for output in before]


def nearest(picture: Path, outputs: Iterable[Output], new: Where) -> Compared:
    """The output most like a picture of which nothing else is known."""
    candidates = [(output, path) for output in outputs if (path := new(output)) is not None]
    pixels = pixel_hash(picture)
    original = Output("", "images", 0, file={"filename": picture.name, "subfolder": "", "type": "output"})
    for output, path in candidates:
        if pixels is not None and pixel_hash(path) == pixels:
            return Compared(original, "identical", output, math.inf)
    rated = [(psnr(picture, path), output) for output, path in candidates]
    best = max(rated, key=lambda pair: -1.0 if pair[0] is None else pair[0], default=None)
    if best is None:
        return Compared(original, "missing")
    return Compared(original, "different", best[1], best[0])


def _compared(output: Output, again: Output | None, old: Where, new: Where) -> Compared:
    if again is None:
        return Compared(output, "missing")
    path = new(again)
    if output.file is None or path is None:
        known = output.sha256 is not None
        state: State = "unknown" if not known else _state(output.sha256 == again.sha256)
        return Compared(output, state, again)
    before = old(output)
    expected = output.pixels or (None if before is None else pixel_hash(before))
    if expected is None:
        return _compared_files(output, again, before, path)
    if pixel_hash(path) == expected:
        return Compared(output, "identical", again, math.inf)
    return Compared(output, "different", again, None if before is None else psnr(before, path))


def _compared_files(output: Output, again: Output, before: Path | None, after: Path) -> Compared:
    """Files that are no pictures are the same to the byte, or not."""
    if output.sha256 is None and before is None:
        return Compared(output, "unknown", again)
    hashes = FileHashes()
    known = None if before is None else hashes.of(before)
    expected = output.sha256 or (None if known is None else known.sha256)
    found = hashes.of(after)
    return Compared(output, _state(found is not None and found.sha256 == expected), again)


def _state(same: bool) -> State:
    return "identical" if same else "different"
