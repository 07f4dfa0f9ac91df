"""The node that makes a result of a value: what a workflow that is called as a function answers."""

import math
from typing import Annotated, Any

from torch import Tensor

from engine.context import Context
from engine.node import Ui, node
from engine.types import Socket
from nodes.image import SAVE_LEVEL, png_metadata
from nodes.pictures import save_pictures

Anything = Annotated[Any, Socket("*")]


class NoResult(TypeError):
    """A value that cannot leave the graph."""

    remedy = "Return an IMAGE, a MASK, a number, a text or a BOOLEAN; decode a LATENT to an IMAGE first"


@node(
    "WorkflowOutput",
    title="Workflow Output",
    category="workflows",
    lane="io",
    output=True,
    hidden=("PROMPT", "EXTRA_PNGINFO"),
)
def workflow_output(
    *, name: str = "output", value: Anything, filename_prefix: str = "output", context: Context
) -> Ui[None]:
    """Returns a value from a workflow that is called by name: pictures and masks as PNG files, numbers and
    texts as they are.

    Args:
        name: The name of the output in the answer.
        value: An IMAGE, a MASK, a number, a text or a BOOLEAN.
        filename_prefix: The prefix for the files to save, as of Save Image.
    """
    if isinstance(value, Tensor):
        folder, metadata = context.folders.output, png_metadata(context)
        pictures = as_pictures(name, value)
        saved = save_pictures(pictures, folder, "output", filename_prefix, metadata, SAVE_LEVEL)
        return Ui({"images": [picture.ui() for picture in saved]})
    if not isinstance(value, str | bool | int | float):
        raise NoResult(f"the output {name!r} is a {type(value).__name__}, which cannot be returned")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the output {name!r} is {value}, which is no number JSON has")
    return Ui({"values": [value]})


def as_pictures(name: str, value: Tensor) -> Tensor:
    """An IMAGE [B,H,W,C] as it is, a MASK [B,H,W] or [H,W] as pictures of one channel. Raises NoResult."""
    if value.ndim == 4 and value.shape[-1] in (1, 3, 4):
        return value
    if value.ndim in (2, 3):
        return value.reshape(-1, *value.shape[-2:], 1)
    raise NoResult(f"the output {name!r} has the shape {list(value.shape)}: neither an IMAGE nor a MASK")
