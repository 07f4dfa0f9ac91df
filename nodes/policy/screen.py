"""Looking at pictures about to leave: what the checker flags is replaced, the rest may get a watermark."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffusion.safety import SafetyChecker
from diffusion.watermark import embed_robust
from diffusion.watermark.mark import LEAST_PIXELS
from nodes.policy.views import as_saved, colours, content, windows
from nodes.resize import to_bytes
from nodes.safety import hide
from nodes.watermark import on_bytes

_AT_ONCE = 16
_REMEMBERED = 4096


class NotAPicture(ValueError):
    """A tensor that goes to a node of output has a shape no picture has, so nobody can say what it shows."""

    remedy = "Connect an IMAGE [B,H,W,C] with 1 to 4 channels, or a MASK [B,H,W]."


@dataclass
class Report:
    """What was done to the pictures one call of a node was given."""

    pictures: int = 0
    replaced: list[int] = field(default_factory=list[int])
    unmarked: list[int] = field(default_factory=list[int])

    def note(self) -> dict[str, list[Any]]:
        """For the canvas and the record of the run; nothing where nothing was done."""
        if not self.replaced and not self.unmarked:
            return {}
        told: list[str] = []
        if self.replaced:
            told.append(f"{len(self.replaced)} of {self.pictures} pictures replaced by the safety policy")
        if self.unmarked:
            told.append(
                f"{len(self.unmarked)} of {self.pictures} pictures without a watermark: it needs 256 x 256"
            )
        facts = {"pictures": self.pictures, "replaced": self.replaced, "unmarked": self.unmarked}
        return {"safety": [facts], "text": told}


class Screen:
    """The policy on pictures of one process. Safe to use from any thread.

    Args:
        checker: flags pictures; None where they need no check.
        watermark: the text every picture is marked with; None for no mark.
        replacement: picture [1,H,W,3] shown in place of a flagged one; black when None.
    """

    def __init__(
        self, checker: SafetyChecker | None, watermark: str | None = None, replacement: Tensor | None = None
    ) -> None:
        self.checker = checker
        self.watermark = watermark
        self.replacement = replacement
        self._found: OrderedDict[bytes, bool] = OrderedDict()
        """Whether pictures seen lately are flagged, by their pixels: most are seen more than once."""
        self._lock = threading.Lock()

    def release(self, value: Any, report: Report) -> Any:
        """A value on its way out: pictures and masks in it as they may leave. Raises NotAPicture.

        Tensors are taken for pictures by their shape, in lists, tuples and dicts too, but for latents.
        """
        if isinstance(value, Tensor):
            return self._released(value, report)
        if isinstance(value, list):
            return [self.release(one, report) for one in cast("list[Any]", value)]
        if type(value) is tuple:
            return tuple(self.release(one, report) for one in cast("tuple[Any, ...]", value))
        if type(value) is dict:
            items = cast("dict[Any, Any]", value)
            if "samples" in items:
                return items
            return {name: self.release(one, report) for name, one in items.items()}
        return value

    def flags(self, pictures: Tensor) -> list[bool]:
        """Which of [B,H,W,C] in 0..1, as saved, may not be shown."""
        checker = self.checker
        if checker is None:
            return [False] * len(pictures)
        flags = [False] * len(pictures)
        for cuts in _by_size(pictures, checker.image_size).values():
            for start in range(0, len(cuts), _AT_ONCE):
                group = cuts[start : start + _AT_ONCE]
                found = checker.check(torch.stack([cut for _, cut in group])).flags
                for (place, _), flag in zip(group, found, strict=True):
                    flags[place] = flags[place] or flag
        return flags

    def passes(self, picture: NDArray[np.uint8]) -> bool:
        """Whether a picture of 8 bits [H,W,C] may be shown: it was released as it is, or is cleared now."""
        return not self._judged(torch.as_tensor(picture.astype(np.float32) / 255)[None])[0]

    def knows(self, picture: NDArray[np.uint8]) -> bool:
        """Whether a picture of 8 bits [H,W,C] was released, or cleared before."""
        with self._lock:
            return self._found.get(_digest(picture)) is False

    def _released(self, value: Tensor, report: Report) -> Tensor:
        pictures = _as_pictures(value)
        if pictures is None:
            return value
        if not value.is_floating_point():
            return self._released_numbers(value, pictures, report)
        first = report.pictures
        report.pictures += len(pictures)
        flags = self._judged(as_saved(pictures))
        kept = [
            hide(image, "replace", self.replacement) if flag else image
            for image, flag in zip(pictures, flags, strict=True)
        ]
        report.replaced += [first + place for place, flag in enumerate(flags) if flag]
        result = torch.stack(kept) if any(flags) else pictures
        if self.watermark is not None:
            result = self._marked(value, result, first, report)
        for image in result:
            self._remember(_digest(_solid(to_bytes(torch.nan_to_num(image)))), flag=False)
        same = result.shape[-1] == pictures.shape[-1]
        return result.reshape(value.shape) if same else result

    def _released_numbers(self, value: Tensor, pictures: Tensor, report: Report) -> Tensor:
        """Whole numbers may mean 0 to 1 or 0 to 255: neither reading may show what is forbidden."""
        readings = (self._judged(as_saved(one)) for one in (pictures, pictures / 255))
        flags = [any(pair) for pair in zip(*readings, strict=True)]
        report.replaced += [report.pictures + place for place, flag in enumerate(flags) if flag]
        report.pictures += len(pictures)
        if not any(flags):
            return value
        kept = torch.tensor(flags, device=value.device).view(-1, 1, 1, 1).logical_not()
        return torch.where(kept, pictures, torch.zeros_like(pictures)).reshape(value.shape)

    def _marked(self, value: Tensor, pictures: Tensor, first: int, report: Report) -> Tensor:
        height, width = pictures.shape[1:3]
        text = self.watermark or ""
        # A mark lives in colours, which a mask has not: it would not stay a mask.
        fits = height * width >= LEAST_PIXELS and value.ndim >= 4 and bool(torch.isfinite(pictures).all())
        if not fits:
            report.unmarked += range(first, first + len(pictures))
            return pictures
        return on_bytes(pictures, lambda picture: embed_robust(picture, text.encode()))

    def _judged(self, pictures: Tensor) -> list[bool]:
        """`flags`, without computing again what is known."""
        digests = [_digest(_solid((image * 255).round().to(torch.uint8).numpy())) for image in pictures]
        with self._lock:
            found = {digest: self._found[digest] for digest in digests if digest in self._found}
        new = {digest: place for place, digest in enumerate(digests) if digest not in found}
        if new:
            for digest, flag in zip(new, self.flags(pictures[list(new.values())]), strict=True):
                found[digest] = flag
                self._remember(digest, flag=flag)
        return [found[digest] for digest in digests]

    def _remember(self, digest: bytes, *, flag: bool) -> None:
        with self._lock:
            self._found[digest] = flag
            self._found.move_to_end(digest)
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)


def _digest(picture: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(f"{picture.shape}".encode() + np.ascontiguousarray(picture).tobytes()).digest()


def _by_size(pictures: Tensor, size: int) -> dict[tuple[int, int], list[tuple[int, Tensor]]]:
    """What a checker that sees `size` pixels looks at: which picture, and a part of it; by height and width,
    to be looked at many at once.
    """
    found: dict[tuple[int, int], list[tuple[int, Tensor]]] = {}
    for view in colours(pictures):
        for top, left, height, width in windows(view.shape[1], view.shape[2], size):
            for place, picture in enumerate(view):
                cut = picture[top : top + height, left : left + width]
                found.setdefault((height, width), []).append((place, cut))
        for place, picture in enumerate(view):
            for cut in _on_a_page(picture, size):
                found.setdefault((cut.shape[0], cut.shape[1]), []).append((place, cut))
    return found


def _on_a_page(picture: Tensor, size: int) -> Iterator[Tensor]:
    """What is looked at of a small picture [H,W,3] on a large page; nothing of others."""
    box = content(picture)
    if box is not None:
        top, left, height, width = box
        part = picture[top : top + height, left : left + width]
        for y, x, rows, columns in windows(height, width, size):
            yield part[y : y + rows, x : x + columns]


def _solid(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[H,W] or [H,W,C] as [H,W,3] or, with transparency, [H,W,4]: what a file of it is read as."""
    if picture.ndim == 2:
        picture = picture[..., None]
    return np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture


def _as_pictures(value: Tensor) -> Tensor | None:
    """A tensor as pictures [B,H,W,C]; None if it is too small to show anything. Raises NotAPicture."""
    if value.ndim < 2 or value.numel() == 0 or value.is_complex():
        return None
    if value.ndim >= 4 and value.shape[-1] <= 4:
        return value.reshape(-1, *value.shape[-3:])
    if value.ndim == 3 and value.shape[-1] in (3, 4):
        return value[None]
    if value.ndim <= 3:
        return value.reshape(-1, *value.shape[-2:], 1)
    raise NotAPicture(f"a tensor of the shape {list(value.shape)} is no picture")
