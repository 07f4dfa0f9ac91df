"""Pictures that packs hand over as previews."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
from PIL import Image

from engine.context import Preview

_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
_QUALITY = 95


def preview(image: Any, longest: int) -> Preview | None:
    """The preview that a pack hands over, encoded; None for None.

    Args:
        image: a PIL image; a tensor [H, W, C] or [1, H, W, C] in 0..1; or (format, PIL image, longest side or
            None), where format is "JPEG" or "PNG".
        longest: pixels of the longer side, unless the image says it.
    """
    if image is None:
        return None
    if isinstance(image, tuple):
        form, picture, side = cast("tuple[str, Any, int | None]", image)
    else:
        form, picture, side = "JPEG", image, longest
    if not isinstance(picture, Image.Image):
        picture = _from_tensor(picture)
    if side is not None:
        picture = picture.copy()
        picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    form = form if form in _MEDIA_TYPES else "JPEG"
    if form == "JPEG":
        picture = picture.convert("RGB")
    data = io.BytesIO()
    picture.save(data, format=form, quality=_QUALITY)
    return Preview(data.getvalue(), _MEDIA_TYPES[form])


def _from_tensor(tensor: Any) -> Image.Image:
    values = np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else tensor)
    values = values[0] if values.ndim == 4 else values
    return Image.fromarray((values * 255.0).clip(0, 255).astype(np.uint8))
