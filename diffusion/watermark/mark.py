"""Where the bits are: the blue-difference channel U, halved by a Haar wavelet, in blocks of 4 x 4.

A block covers 8 x 8 pixels. Its peak is the largest of its values but the first; the peak's place on a ladder
of rungs 36 apart says the bit: 0 in the lower half between two rungs, 1 in the upper. Blocks carry the bits
of the message row by row, again and again, and the majority of a bit's blocks decides. (No cosine transform
is taken, for all that the package calls it dwtDct.)

Pictures are uint8 RGB arrays [H, W, 3].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Numbers = NDArray[np.float64]
Bits = NDArray[np.uint8]

RUNG = 36.0
BLOCK = 4
CELL = 2 * BLOCK
"""Side of a block in pixels."""

LEAST_PIXELS = 256 * 256

_ROOT = math.sqrt(0.5)

_FRACTION = 14
_HALF = 1 << (_FRACTION - 1)
_CENTRE = 128


class PictureTooSmall(ValueError):
    """A picture has too few pixels or blocks for a watermark of that length."""

    remedy = "Mark the picture after upscaling it, or take a shorter text."


def embed(picture: Picture, message: bytes) -> Picture:
    """Write a message as the public package does, to the bit.

    It does not look whether the message can be read again: from most photographs it cannot, and never from a
    JPEG file with halved colour. `embed_robust` does.

    Raises:
        PictureTooSmall: fewer than 256 x 256 pixels, or fewer blocks than the message has bits.
    """
    bits = bits_of(message, picture)
    yuv = to_yuv(picture)
    height, width = (side // 4 * 4 for side in picture.shape[:2])
    low, across, down, diagonal = haar(yuv[:height, :width, 1].astype(np.float64))
    blocks = _blocks(low)
    peak = _peak(blocks)
    value = blocks[np.arange(len(blocks)), peak]
    rung = np.abs(value) // RUNG + 0.25 + 0.5 * np.resize(bits, len(blocks))
    blocks[np.arange(len(blocks)), peak] = np.where(value < 0, -1, 1) * rung * RUNG
    _put_blocks(low, blocks)
    # The package hands the two details back in each other's place, and cuts fractions off.
    marked = unhaar(low, down, across, diagonal)
    yuv[:height, :width, 1] = np.clip(marked, 0, 255).astype(np.int32)
    return to_rgb(yuv)


def read(picture: Picture, length: int) -> bytes:
    """The message of `length` bytes in a picture; one that was never marked gives any bytes.

    Raises:
        PictureTooSmall: as for `embed`.
    """
    bits = bits_of(bytes(length), picture)
    votes = votes_of(peaks(picture))
    asked = np.arange(len(votes)) % len(bits)
    share = np.bincount(asked, votes, len(bits)) / np.bincount(asked, minlength=len(bits))
    return np.packbits(share * 255 > 127).tobytes()


def bits_of(message: bytes, picture: Picture) -> Bits:
    """The bits of a message, highest first, if the picture has room for them."""
    height, width = picture.shape[:2]
    bits = np.unpackbits(np.frombuffer(message, np.uint8))
    if len(bits) == 0:
        raise ValueError("a watermark needs at least one character")
    if height * width < LEAST_PIXELS:
        raise PictureTooSmall(f"a watermark needs 256 x 256 pixels, and the picture has {width} x {height}")
    room = (height // CELL) * (width // CELL)
    if len(bits) > room:
        raise PictureTooSmall(
            f"{len(message)} bytes have {len(bits)} bits, "
            f"and a picture of {width} x {height} has {room} blocks"
        )
    return bits


def peaks(picture: Picture) -> Numbers:
    """The magnitude of every block's peak."""
    height, width = (side // 4 * 4 for side in picture.shape[:2])
    u = luma_and_u(picture[:height, :width])[1].astype(np.float64)
    rows = _ROOT * u[0::2] + _ROOT * u[1::2]  # the low band of `haar` alone
    blocks = _blocks(_ROOT * rows[:, 0::2] + _ROOT * rows[:, 1::2])
    return np.abs(blocks[np.arange(len(blocks)), _peak(blocks)])


def votes_of(peaks: Numbers) -> Bits:
    """The bit each peak stands for."""
    return (peaks % RUNG > RUNG / 2).astype(np.uint8)


def haar(channel: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """One level of the Haar wavelet: low band, and details between rows, between columns and diagonal.

    Along rows, then along columns, multiplying by 1/sqrt(2) each time, because that is how the package's
    library rounds: of two equal values in a block the last bit makes one the peak.
    """
    over, under = channel[0::2], channel[1::2]
    summed, differing = _ROOT * over + _ROOT * under, _ROOT * over - _ROOT * under
    (low, down), (across, diagonal) = (
        (_ROOT * half[:, 0::2] + _ROOT * half[:, 1::2], _ROOT * half[:, 0::2] - _ROOT * half[:, 1::2])
        for half in (summed, differing)
    )
    return low, across, down, diagonal


def unhaar(low: Numbers, across: Numbers, down: Numbers, diagonal: Numbers) -> Numbers:
    """`haar` undone, columns first."""
    channel = np.empty((2 * low.shape[0], 2 * low.shape[1]))
    summed, differing = np.empty((2, low.shape[0], channel.shape[1]))
    for half, even, odd in ((summed, low, down), (differing, across, diagonal)):
        half[:, 0::2] = _ROOT * even + _ROOT * odd
        half[:, 1::2] = _ROOT * even - _ROOT * odd
    channel[0::2] = _ROOT * summed + _ROOT * differing
    channel[1::2] = _ROOT * summed - _ROOT * differing
    return channel


def _blocks(low: Numbers) -> Numbers:
    """The whole blocks of a low band, row by row: [blocks, 16]."""
    rows, columns = (side // BLOCK for side in low.shape)
    whole = low[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return whole.swapaxes(1, 2).reshape(rows * columns, BLOCK * BLOCK)


def _put_blocks(low: Numbers, blocks: Numbers) -> None:
    rows, columns = (side // BLOCK for side in low.shape)
    whole = blocks.reshape(rows, columns, BLOCK, BLOCK).swapaxes(1, 2)
    low[: rows * BLOCK, : columns * BLOCK] = whole.reshape(rows * BLOCK, columns * BLOCK)


def _peak(blocks: Numbers) -> NDArray[np.intp]:
    return np.argmax(np.abs(blocks[:, 1:]), axis=1) + 1


def to_yuv(picture: Picture) -> NDArray[np.int32]:
    """BT.601 YUV in 8 bits a channel, with OpenCV's fixed-point arithmetic."""
    y, u = luma_and_u(picture)
    v = (((picture[..., 0].astype(np.int32) - y) * 14369 + _HALF) >> _FRACTION) + _CENTRE
    return np.stack([y, u, np.clip(v, 0, 255)], axis=-1)


def luma_and_u(picture: Picture) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Y and U of `to_yuv`, neither of which can leave 0 .. 255."""
    red, green, blue = (picture[..., channel].astype(np.int32) for channel in range(3))
    y = (4899 * red + 9617 * green + 1868 * blue + _HALF) >> _FRACTION
    return y, (((blue - y) * 8061 + _HALF) >> _FRACTION) + _CENTRE


def to_rgb(yuv: NDArray[np.int32]) -> Picture:
    """`to_yuv` undone, but for rounding and what lies outside of RGB."""
    y, u, v = np.moveaxis(yuv, -1, 0)
    u, v = u - _CENTRE, v - _CENTRE
    red = y + ((v * 18678 + _HALF) >> _FRACTION)
    green = y + ((u * -6472 + v * -9519 + _HALF) >> _FRACTION)
    blue = y + ((u * 33292 + _HALF) >> _FRACTION)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 255).astype(np.uint8)
