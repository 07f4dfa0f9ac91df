"""`comfy.utils`: progress bars, tensor files, resizing."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from engine.context import Preview, current_call
from engine.types import NodeId
from nodes.resize import resize

PROGRESS_BAR_ENABLED = True
PROGRESS_BAR_HOOK: Callable[..., None] | None = None
_MEDIA = {"JPEG": "image/jpeg", "PNG": "image/png"}


def set_progress_bar_enabled(enabled: bool) -> None:
    """Have progress bars report, or not."""
    sys.modules[__name__].PROGRESS_BAR_ENABLED = enabled  # pyright: ignore[reportAttributeAccessIssue]


def set_progress_bar_global_hook(function: Callable[..., None] | None) -> None:
    """Have bars made from now on call `function(value, total, preview, node_id=...)` instead of us."""
    sys.modules[__name__].PROGRESS_BAR_HOOK = function  # pyright: ignore[reportAttributeAccessIssue]


class ProgressBar:
    """The progress of the node that runs. Raises `Interrupted` at a step after the run was cancelled."""

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total = total
        self.current: float = 0
        self.node_id = node_id
        self.hook = PROGRESS_BAR_HOOK

    def update(self, value: float) -> None:
        """So many steps more are done."""
        self.update_absolute(self.current + value)

    def update_absolute(
        self, value: float, total: float | None = None, preview: tuple[str, Any, int | None] | None = None
    ) -> None:
        """So many steps are done in all; `preview` is format, picture and longest side."""
        if total is not None:
            self.total = total
        self.current = min(value, self.total)
        if self.hook is not None:
            self.hook(self.current, self.total, preview, node_id=self.node_id)
        elif PROGRESS_BAR_ENABLED:
            _report(self.node_id, self.current, self.total, preview)


def _report(
    node: str | None, value: float, total: float, preview: tuple[str, Any, int | None] | None
) -> None:
    call = current_call()
    if call is None:
        return
    context = call.context
    shown = None if preview is None else encode_preview(*preview)
    if node is None or node == context.node_id:
        context.progress(value, total, shown)
    else:
        context.check()
        context.report(NodeId(node), value, total, shown)


def encode_preview(form: str, image: Any, size: int | None = None) -> Preview:
    """A Pillow picture as a preview, scaled down to `size` pixels on its longer side."""
    if size is not None and max(image.size) > size:
        image = image.copy()
        image.thumbnail((size, size))
    out = io.BytesIO()
    image.save(out, format=form, quality=95)
    return Preview(out.getvalue(), _MEDIA.get(form, "image/jpeg"))


def load_torch_file(
    ckpt: str | Path,
    safe_load: bool = False,
    device: torch.device | str | None = None,
    return_metadata: bool = False,
) -> Any:
    """The tensors of a file by name; with `return_metadata` a pair. Nothing but tensors is unpickled."""
    path, metadata = Path(ckpt), None
    where = torch.device("cpu" if device is None else device)
    if path.suffix.lower() in (".safetensors", ".sft"):
        from safetensors import safe_open

        with safe_open(path, framework="pt", device=str(where)) as file:  # pyright: ignore[reportUnknownVariableType]
            opened = cast(Any, file)
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
            metadata = opened.metadata()
    else:
        tensors = _unwrapped(torch.load(path, map_location=where, weights_only=True))
    return (tensors, metadata) if return_metadata else tensors


def _unwrapped(loaded: Any) -> Any:
    """What lies under `state_dict`, or under the only key."""
    if not isinstance(loaded, dict):
        return loaded
    found = cast("dict[str, Any]", loaded)
    if "state_dict" in found:
        return found["state_dict"]
    only = next(iter(found.values())) if len(found) == 1 else None
    return cast("dict[str, Any]", only) if isinstance(only, dict) else found


def save_torch_file(
    sd: Mapping[str, Tensor], ckpt: str | Path, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors as safetensors."""
    from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

    save_file({name: tensor.contiguous() for name, tensor in sd.items()}, ckpt, metadata=metadata)


def common_upscale(samples: Tensor, width: int, height: int, upscale_method: str, crop: str) -> Tensor:
    """Resize `samples` [B,C,H,W] (or [B,C,T,H,W], frame by frame); crop `center` keeps the aspect ratio."""
    wanted = "center" if crop == "center" else "disabled"
    if samples.ndim != 5:
        return resize(samples, width, height, upscale_method, wanted)
    batch, channels, frames = samples.shape[:3]
    flat = samples.movedim(2, 1).reshape(-1, channels, *samples.shape[-2:])
    made = resize(flat, width, height, upscale_method, wanted)
    return made.reshape(batch, frames, channels, height, width).movedim(1, 2)


def repeat_to_batch_size(tensor: Tensor, batch_size: int, dim: int = 0) -> Tensor:
    """The tensor cut or repeated along `dim` to `batch_size`."""
    present = tensor.shape[dim]
    if present >= batch_size:
        return tensor.narrow(dim, 0, batch_size)
    repeats = [1] * tensor.ndim
    repeats[dim] = -(-batch_size // present)
    return tensor.repeat(repeats).narrow(dim, 0, batch_size)


def state_dict_prefix_replace(
    state_dict: dict[str, Any], replace_prefix: Mapping[str, str], filter_keys: bool = False
) -> dict[str, Any]:
    """Give names another beginning, in place; with `filter_keys` only these, in a new dict."""
    out = {} if filter_keys else state_dict
    for old, new in replace_prefix.items():
        for name in [name for name in state_dict if name.startswith(old)]:
            out[new + name[len(old) :]] = state_dict.pop(name)
    return out


def calculate_parameters(sd: Mapping[str, Tensor], prefix: str = "") -> int:
    """How many numbers the tensors hold."""
    return sum(tensor.nelement() for name, tensor in sd.items() if name.startswith(prefix))


def weight_dtype(sd: Mapping[str, Tensor], prefix: str = "") -> torch.dtype | None:
    """The type most of the numbers have."""
    counts: dict[torch.dtype, int] = {}
    for name, tensor in sd.items():
        if name.startswith(prefix):
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel()
    return max(counts, key=lambda dtype: counts[dtype]) if counts else None


def get_attr(obj: Any, attr: str) -> Any:
    """`obj.a.b.c` for `"a.b.c"`."""
    for name in attr.split("."):
        obj = getattr(obj, name)
    return obj


def set_attr(obj: Any, attr: str, value: Any) -> Any:
    """Set `obj.a.b.c`; returns what was there."""
    *path, last = attr.split(".")
    owner = get_attr(obj, ".".join(path)) if path else obj
    before = getattr(owner, last)
    setattr(owner, last, value)
    return before


def get_tiled_scale_steps(width: int, height: int, tile_x: int, tile_y: int, overlap: int) -> int:
    """How many tiles `tiled_scale` makes of a picture."""
    rows = 1 if height <= tile_y else -(-(height - overlap) // (tile_y - overlap))
    columns = 1 if width <= tile_x else -(-(width - overlap) // (tile_x - overlap))
    return rows * columns


def tiled_scale(
    samples: Tensor,
    function: Callable[[Tensor], Tensor],
    tile_x: int = 64,
    tile_y: int = 64,
    overlap: int = 8,
    upscale_amount: float = 4,
    out_channels: int = 3,
    output_device: torch.device | str = "cpu",
    pbar: ProgressBar | None = None,
) -> Tensor:
    """`function` over overlapping tiles of `samples` [B,C,H,W], blended at their edges."""
    height, width = samples.shape[-2:]
    shape = (samples.shape[0], out_channels, round(height * upscale_amount), round(width * upscale_amount))
    out = torch.zeros(shape, device=output_device)
    weights = torch.zeros((1, 1, *shape[-2:]), device=output_device)
    for top, left in _corners(height, width, tile_y, tile_x, overlap):
        made = function(samples[..., top : top + tile_y, left : left + tile_x]).to(out)
        mask = _feather(made.shape[-2], made.shape[-1], round(overlap * upscale_amount)).to(out)
        y, x = round(top * upscale_amount), round(left * upscale_amount)
        out[..., y : y + made.shape[-2], x : x + made.shape[-1]] += made * mask
        weights[..., y : y + made.shape[-2], x : x + made.shape[-1]] += mask
        if pbar is not None:
            pbar.update(1)
    return out / weights


def _corners(height: int, width: int, rows: int, columns: int, overlap: int) -> Iterator[tuple[int, int]]:
    for top in _starts(height, rows, overlap):
        yield from ((top, left) for left in _starts(width, columns, overlap))


def _starts(size: int, tile: int, overlap: int) -> list[int]:
    if size <= tile:
        return [0]
    return [min(start, size - tile) for start in range(0, size - overlap, tile - overlap)]


def _feather(height: int, width: int, edge: int) -> Tensor:
    """1 in the middle, falling towards the edges."""

    def ramp(size: int) -> Tensor:
        at = torch.arange(1, size + 1, dtype=torch.float32)
        return torch.minimum(at, at.flip(0)).clamp(max=max(edge, 1)) / max(edge, 1)

    return ramp(height)[:, None] * ramp(width)[None, :]
