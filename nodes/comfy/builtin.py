"""The built-in nodes as V1 classes, for packs that look them up, call them or build on them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from torch import Tensor

from engine.context import Context, current_call
from engine.returns import Ui
from engine.spec import NodeSpec
from nodes.comfy.methods import method_of, order_of
from nodes.comfy.models.sockets import for_engine, for_packs
from nodes.image import PREVIEW_LEVEL, SAVE_LEVEL, png_metadata
from nodes.pictures import save_pictures


def v1_class(spec: NodeSpec, outside: Context) -> type:
    """A class that answers and behaves as ComfyUI's of that name.

    Args:
        spec: a built-in node, with its function.
        outside: what calls run with that no node makes.
    """
    names = outside.folders.list
    method = method_of(spec.name)

    def input_types(cls: type) -> dict[str, Any]:
        return cast("dict[str, Any]", spec.object_info(names)["input"])

    members: dict[str, Any] = {
        "INPUT_TYPES": classmethod(input_types),
        "RETURN_TYPES": tuple(output.type for output in spec.outputs),
        "RETURN_NAMES": tuple(output.name for output in spec.outputs),
        "OUTPUT_IS_LIST": tuple(output.is_list for output in spec.outputs),
        "OUTPUT_NODE": spec.output_node,
        "FUNCTION": method,
        "CATEGORY": spec.category,
        "DESCRIPTION": spec.description,
        "RELATIVE_PYTHON_MODULE": spec.module,
        method: _method(spec, outside),
    }
    base = {"SaveImage": SaveImage, "PreviewImage": PreviewImage}.get(spec.name)
    if base is None:
        return type(spec.name, (), members)
    return type(spec.name, (base,), {**members, "FUNCTION": "save_images", "folders": outside.folders})


def _method(spec: NodeSpec, outside: Context) -> Callable[..., Any]:
    order = order_of(spec.name, (i.name for i in spec.inputs))

    def arguments(args: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
        named = {**dict(zip(order, args, strict=False)), **given}
        made = {name: for_engine(value) for name, value in named.items() if name in spec.by_name}
        call = current_call()
        context = outside if call is None else call.context
        return {**made, "context": context} if spec.takes_context else made

    def run(self: object, *args: Any, **given: Any) -> Any:
        assert spec.function is not None
        return as_v1(spec, spec.function(**arguments(args, given)))

    async def run_async(self: object, *args: Any, **given: Any) -> Any:
        assert spec.function is not None
        return as_v1(spec, await spec.function(**arguments(args, given)))

    return run_async if spec.is_async else run


def as_v1(spec: NodeSpec, returned: Any) -> Any:
    """What a built-in node returned, as a V1 method returns it: only output nodes show something."""
    if isinstance(returned, Ui):
        shown = cast("Ui[Any]", returned)
        values = tuple(map(for_packs, shown.values))
        if spec.outputs and not spec.output_node:
            return values
        return {"ui": dict(shown.ui), **({"result": values} if spec.outputs else {})}
    return tuple(map(for_packs, returned if spec.tuple_result else (returned,)))


class SaveImage:
    """`nodes.SaveImage`: packs derive from it and change where and how it saves."""

    folders: ClassVar[Any] = None

    def __init__(self) -> None:
        self.output_dir = str(self.folders.output)
        self.type = "output"
        self.prefix_append = ""
        self.compress_level = SAVE_LEVEL

    def save_images(
        self,
        images: Tensor,
        filename_prefix: str = "ComfyUI",
        prompt: Mapping[str, Any] | None = None,
        extra_pnginfo: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write `images` [B,H,W,C] with the graph that made them; their names for the canvas."""
        call = current_call()
        off = call is not None and png_metadata(call.context) is None
        chunks: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
        metadata = None if off else {**chunks, **(extra_pnginfo or {})}
        prefix = filename_prefix + self.prefix_append
        folder = Path(self.output_dir)
        saved = save_pictures(images, folder, self.type, prefix, metadata, self.compress_level)
        return {"ui": {"images": [picture.ui() for picture in saved]}}


class PreviewImage(SaveImage):
    """`nodes.PreviewImage`: the same into the temp folder, under a name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.output_dir = str(self.folders.temp)
        self.type = "temp"
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
        self.prefix_append = f"_temp_{letters}"
        self.compress_level = PREVIEW_LEVEL
