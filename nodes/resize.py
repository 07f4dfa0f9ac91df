"""Change the size of picture and latent batches, with the names and arithmetic ComfyUI graphs expect."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image as PilImage
from torch import Tensor
from torch.nn.functional import interpolate

ImageMethod = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
LatentMethod = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Crop = Literal["disabled", "center"]


def resize(x: Tensor, width: int, height: int, method: str, crop: Crop = "disabled") -> Tensor:
    """Resize `x` [B,C,H,W] to [B,C,height,width].

    `lanczos` goes through Pillow on 8-bit values (truncated, as saving does); `bislerp` interpolates
    along the sphere between channel vectors; everything else is torch's `interpolate` with its defaults.
    `center` first cuts the source to the target's aspect ratio. Raises `ValueError` for an unknown method.
    """
    if crop == "center":
        x = center_crop(x, width / height)
    special: dict[str, Callable[[Tensor, int, int], Tensor]] = {"lanczos": lanczos, "bislerp": bislerp}
    if method in special:
        return special[method](x, width, height)
    if method not in get_args(ImageMethod):
        raise ValueError(f"unknown resize method {method!r}; known: {', '.join(known_methods())}")
    return interpolate(x, size=(height, width), mode=method)


def known_methods() -> list[str]:
    return sorted({*get_args(ImageMethod), *get_args(LatentMethod)})


def center_crop(x: Tensor, aspect: float) -> Tensor:
    """Cut `x` [...,H,W] around its centre to `aspect` = width / height."""
    height, width = x.shape[-2:]
    left = round((width - width * (aspect / (width / height))) / 2) if width / height > aspect else 0
    top = round((height - height * ((width / height) / aspect)) / 2) if width / height < aspect else 0
    left, top = min(left, (width - 1) // 2), min(top, (height - 1) // 2)  # something remains to be resized
    return x[..., top : height - top, left : width - left]


def fit(width: int, height: int, source: tuple[int, int], least: int = 1) -> tuple[int, int]:
    """Fill in a side given as 0 so that the aspect ratio of `source` (width, height) is kept."""
    w, h = source
    if width == 0 and height == 0:
        return w, h
    if width == 0:
        return max(least, round(w * height / h)), max(least, height)
    if height == 0:
        return max(least, width), max(least, round(h * width / w))
    return max(least, width), max(least, height)


def lanczos(x: Tensor, width: int, height: int) -> Tensor:
    """Pillow's Lanczos filter on 8-bit pictures; `x` [B,C,H,W] in 0..1 with 1, 3 or 4 channels."""
    pictures = [PilImage.fromarray(to_bytes(picture)) for picture in x.movedim(1, -1)]
    resized = [np.asarray(p.resize((width, height), PilImage.Resampling.LANCZOS)) for p in pictures]
    batch = torch.stack([torch.as_tensor(array.astype(np.float32) / 255.0) for array in resized])
    return batch.reshape(len(pictures), height, width, -1).movedim(-1, 1).to(x)


def to_bytes(picture: Tensor) -> np.ndarray:
    """[H,W,C] in 0..1 → uint8 [H,W,C] ([H,W] for one channel): clipped and truncated, never rounded."""
    array = np.clip(255.0 * picture.detach().cpu().float().numpy(), 0, 255).astype(np.uint8)
    return array[..., 0] if array.shape[-1] == 1 else array


def bislerp(x: Tensor, width: int, height: int) -> Tensor:
    """Separable spherical interpolation of the channel vectors of `x` [B,C,H,W], linear in their lengths.

    Keeps the magnitude of latents, which bilinear averaging shrinks (Shoemake 1985, "Animating rotation").
    """
    along_width = _slerp_axis(x.float(), width)
    return _slerp_axis(along_width.transpose(-1, -2), height).transpose(-1, -2).to(x.dtype)


def _slerp_axis(x: Tensor, size: int) -> Tensor:
    """Interpolate the last axis of [B,C,H,W] to `size` points placed as `interpolate` places them."""
    old = x.shape[-1]
    at = ((torch.arange(size, device=x.device) + 0.5) * (old / size) - 0.5).clamp(0, old - 1)
    low = at.floor().long()
    return _slerp(x[..., low], x[..., (low + 1).clamp(max=old - 1)], (at - low).to(x.dtype))


def _slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    length_a, length_b = _length(a), _length(b)
    unit_a, unit_b = a / length_a.clamp(min=1e-12), b / length_b.clamp(min=1e-12)
    cosine = (unit_a * unit_b).sum(1, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    sine = angle.sin()
    around = (unit_a * ((1 - t) * angle).sin() + unit_b * (t * angle).sin()) / sine.clamp(min=1e-12)
    turned = around * (length_a * (1 - t) + length_b * t)
    # Parallel or opposite vectors span no plane to turn in.
    return torch.where(cosine.abs() > 1 - 1e-5, a * (1 - t) + b * t, turned)


def _length(x: Tensor) -> Tensor:
    return x.square().sum(1, keepdim=True).sqrt()
