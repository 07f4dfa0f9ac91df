"""Marks that the same reader still finds after a JPEG file has halved the colour's resolution.

The package moves one value of a block, which then often is no longer the peak, and which JPEG removes as the
fine detail it is. Here a whole block's U is shifted, as little as will do, until its peak stands where the
bit wants it. The picture is read back as it is and through JPEG, and the blocks of bits that have too few
votes are corrected by the error found.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diffusion.watermark.mark import CELL, RUNG, Bits, Numbers, Picture, bits_of, luma_and_u, peaks

JPEG_QUALITY = 90
MAJORITY = 0.75
"""Share of a bit's blocks that must vote for it."""
ROUNDS = 8
_SLACK = 4.0
"""How far a peak may stay from the middle of its half rung; the half rung's border is at 9."""
_APART = 10.0
"""Two readings this far apart cannot both be in the middle: the block's texture is softened."""
_SOFTEN = 0.6
_TURN = 3
"""The round in which blocks that met the end of the range of colours, shifted in vain, turn round."""

_ALONG_U = np.array([0.0, -0.395, 2.032])
"""RGB of one step of U with luma and V as they are."""


@dataclass(eq=False)
class _Blocks:
    """What is done to each block's U: a shift, and a factor on its deviations from the mean."""

    picture: Picture
    deviations: Numbers
    """U less its block's mean: [blocks, 8, 8]."""
    shift: Numbers
    contrast: Numbers

    @classmethod
    def of(cls, picture: Picture) -> _Blocks:
        cells = _cells(luma_and_u(picture)[1].astype(np.float64))
        deviations = cells - cells.mean(axis=(1, 2), keepdims=True)
        return cls(picture, deviations, np.zeros(len(cells)), np.ones(len(cells)))

    def render(self) -> Picture:
        rows, columns = self.picture.shape[0] // CELL, self.picture.shape[1] // CELL
        change = self.shift[:, None, None] + (self.contrast - 1)[:, None, None] * self.deviations
        area = change.reshape(rows, columns, CELL, CELL).swapaxes(1, 2).reshape(rows * CELL, columns * CELL)
        marked = self.picture.copy()
        inside = marked[: rows * CELL, : columns * CELL]
        inside[:] = np.clip(np.rint(inside + area[..., None] * _ALONG_U), 0, 255).astype(np.uint8)
        return marked


def embed_robust(picture: Picture, message: bytes) -> Picture:
    """Write a message so that `read`, and the public package, find it in PNG and in JPEG files of quality 90.

    Only a picture that is pure yellow all over does not keep it in JPEG.

    Raises:
        PictureTooSmall: fewer than 256 x 256 pixels, or fewer blocks than the message has bits.
    """
    bits = bits_of(message, picture)
    start = peaks(picture)
    wanted = _middles(bits, len(start))
    goal = start - _off(start, wanted)
    blocks = _Blocks.of(picture)
    marked = picture
    for step in range(ROUNDS):
        marked = blocks.render()
        exact, lossy = peaks(marked), peaks(through_jpeg(marked))
        right, right_lossy = (np.abs(_off(found, wanted)) < RUNG / 4 for found in (exact, lossy))
        weak = (_shares(right, bits) < MAJORITY) | (_shares(right_lossy, bits) < MAJORITY)
        if not weak.any():
            break
        at_work = np.resize(weak, len(start))
        error = (exact + lossy) / 2 - goal
        # The low band doubles a shift of U.
        blocks.shift -= at_work * (error - np.clip(error, -_SLACK, _SLACK)) / 2
        wrong = at_work & ~(right & right_lossy)
        if step > 0:
            blocks.contrast[wrong & (np.abs(exact - lossy) > _APART)] *= _SOFTEN
        if step == _TURN:
            stuck = wrong & (np.abs(blocks.shift) > RUNG / 4)
            goal = goal + stuck * RUNG * np.sign(error)
            blocks.shift[stuck] = 0
    return marked


def through_jpeg(picture: Picture) -> Picture:
    """A picture after being saved as JPEG with the encoder's usual halved colour."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(file))


def _middles(bits: Bits, count: int) -> Numbers:
    """The middle of the half rung of each block's bit."""
    return np.resize((bits.astype(np.float64) + 0.5) * (RUNG / 2), count)


def _off(found: Numbers, wanted: Numbers) -> Numbers:
    """Distance of peaks from the nearest wanted place: -18 .. 18, right below 9."""
    return (found - wanted + RUNG / 2) % RUNG - RUNG / 2


def _shares(right: NDArray[np.bool_], bits: Bits) -> NDArray[np.floating]:
    """For each bit the share of its blocks that are right."""
    asked = np.arange(len(right)) % len(bits)
    return np.bincount(asked, right, len(bits)) / np.bincount(asked, minlength=len(bits))


def _cells(channel: Numbers) -> Numbers:
    """The pixels of every block, row by row: [blocks, 8, 8]."""
    rows, columns = (side // CELL for side in channel.shape)
    whole = channel[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return whole.swapaxes(1, 2).reshape(rows * columns, CELL, CELL)
