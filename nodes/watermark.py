"""Nodes that write and read the invisible watermark."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffusion.watermark import embed, embed_robust, read
from engine.node import Ui, node
from engine.types import OptionalInput, Range, Socket
from nodes.resize import to_bytes
from nodes.types import Image

COMPVIS_TEXT = "StableDiffusionV1"
WRITERS = {"robust": embed_robust, "dwtDct": embed}


class ReadText(NamedTuple):
    text: Annotated[list[str], Socket("STRING", is_list=True)]
    found: Annotated[list[bool], Socket("BOOLEAN", is_list=True)]
    agreement: Annotated[list[float], Socket("FLOAT", is_list=True)]


@node("InvisibleWatermark", title="Invisible Watermark", category="image/watermark", lane="cpu")
def invisible_watermark(
    *,
    images: Image,
    text: str = COMPVIS_TEXT,
    method: Literal["robust", "dwtDct"] = "robust",
) -> Image:
    """Hide a short text in the colours of each picture. Read Watermark and `invisible-watermark` find it.

    Args:
        images: The pictures, of at least 256 x 256 pixels. They leave rounded to 8 bits.
        text: What to hide. The shorter, the better it lasts; CompVis' scripts write StableDiffusionV1.
        method: `robust` makes sure that the text can be read from the saved picture, also as JPEG of quality
            90; `dwtDct` gives the very picture CompVis' scripts do, and most of those cannot be read.
    """
    return on_bytes(images, lambda picture: WRITERS[method](picture, text.encode()))


@node("ReadWatermark", title="Read Watermark", category="image/watermark", lane="cpu", output=True)
def read_watermark(
    *,
    images: Image,
    expected: str = COMPVIS_TEXT,
    length: Annotated[int, Range(0, 256), OptionalInput()] = 0,
) -> Ui[ReadText]:
    """Read the text that Invisible Watermark, CompVis' scripts or `invisible-watermark` hid in each picture.

    A picture without a watermark gives nonsense: compare.

    Args:
        images: The pictures, as large as they were when they were marked.
        expected: The text that should be there.
        length: How many bytes to read; 0 as many as the expected text has. The mark does not say.

    Returns:
        text: One STRING a picture; what is no text comes as a question mark in a diamond.
        found: Whether it is the expected text.
        agreement: The share of the expected text's bits that are there: about 0.5 is chance.
    """
    wanted = expected.encode()
    found = [read(rgb_bytes(image), length or len(wanted)) for image in images]
    values = ReadText(
        [message.decode(errors="replace") for message in found],
        [message == wanted for message in found],
        [bits_in_common(message, wanted) for message in found],
    )
    return Ui({"text": [told(*value) for value in zip(*values, strict=True)]}, values)


def told(text: str, found: bool, agreement: float) -> str:
    """What the canvas shows for one picture."""
    return text if found else f"not found: {text!r}, {agreement:.0%} of the bits agree"


def on_bytes(images: Tensor, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Tensor:
    """Change pictures [B,H,W,C] in the 8-bit values they are saved with; alpha stays, grey becomes RGB."""
    changed = images.expand(*images.shape[:3], max(3, images.shape[-1])).clone()
    for place, image in enumerate(images):
        marked = torch.as_tensor(change(rgb_bytes(image)).astype(np.float32) / 255.0)
        changed[place, ..., :3] = marked.to(changed)
    return changed


def rgb_bytes(image: Tensor) -> NDArray[np.uint8]:
    """The colours of a picture [H,W,C] as saving writes them; a grey one's in all three channels."""
    return to_bytes(image[..., :3].expand(*image.shape[:2], 3))


def bits_in_common(message: bytes, wanted: bytes) -> float:
    """The share of the bits of `wanted` that `message` has too."""
    length = min(len(message), len(wanted))
    ours, theirs = (np.unpackbits(np.frombuffer(part[:length], np.uint8)) for part in (message, wanted))
    return float((ours == theirs).sum()) / max(8 * len(wanted), 1)
