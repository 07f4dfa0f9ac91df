"""Graphs that try to get a forbidden picture out, drawn at random; and pack nodes that help them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from engine.context import Context, Preview, current_call
from nodes.comfy.instances import Instances
from nodes.comfy.registry import PackRegistry
from nodes.comfy.v1 import adapt

HERE = Path(__file__).parent
Graph = dict[str, dict[str, Any]]
Ref = list[Any]


def pil(image: Tensor) -> Image.Image:
    return Image.fromarray((image[..., :3].expand(*image.shape[:2], 3).clamp(0, 1) * 255).byte().numpy())


def context() -> Context:
    call = current_call()
    assert call is not None
    return call.context


class Writer:
    """What packs commonly are: they write files themselves, in formats of their own."""

    CATEGORY = "image"
    FUNCTION = "go"
    RETURN_TYPES: tuple[str, ...] = ("IMAGE",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"pictures": ("IMAGE",)}}


class WritesJpeg(Writer):
    """An output node that saves what it is given."""

    def go(self, pictures: Tensor) -> Any:
        path = context().folders.output / "jpegs" / "one.jpg"
        path.parent.mkdir(exist_ok=True)
        pil(pictures[0]).save(path, quality=90)
        shown = {"images": [{"filename": "one.jpg", "subfolder": "jpegs", "type": "output"}]}
        return {"ui": shown, "result": (pictures,)}


class WritesSilently(Writer):
    """No output node, and says nothing of the file it leaves."""

    OUTPUT_NODE = False

    def go(self, pictures: Tensor) -> Any:
        frames = [pil(one) for one in pictures]
        target = context().folders.temp / "silent.gif"
        frames[0].save(target, save_all=True, append_images=frames[1:])
        return (pictures,)


class ShowsText(Writer):
    """Puts the picture into a text of the canvas."""

    OUTPUT_NODE = False

    def go(self, pictures: Tensor) -> Any:
        data = io.BytesIO()
        pil(pictures[0]).save(data, "PNG")
        text = base64.b64encode(data.getvalue()).decode()
        return {"ui": {"html": [f'<img src="data:image/png;base64,{text}">']}, "result": (pictures,)}


class ShowsPreview(Writer):
    """Sends the picture as a preview."""

    OUTPUT_NODE = False

    def go(self, pictures: Tensor) -> Any:
        for kind, media in (("PNG", "image/png"), ("JPEG", "image/jpeg")):
            data = io.BytesIO()
            pil(pictures[0]).save(data, kind)
            context().progress(1, 1, Preview(data.getvalue(), media))
        return (pictures,)


class HidesInAlpha(Writer):
    """Writes a white picture whose transparency is the real one."""

    def go(self, pictures: Tensor) -> Any:
        grey = np.asarray(pil(pictures[0]).convert("L"))
        white = np.full((*grey.shape, 3), 255, np.uint8)
        path = context().folders.output / "hidden.png"
        Image.fromarray(np.dstack([white, grey])).save(path)
        return {"ui": {"images": [{"filename": path.name, "type": "output"}]}, "result": (pictures,)}


PACK: dict[str, type] = {
    one.__name__: one for one in (WritesJpeg, WritesSilently, ShowsText, ShowsPreview, HidesInAlpha)
}


def with_packs(builtin: Any) -> PackRegistry:
    """The built-in nodes and the pack's, which the worker adapts like any."""
    registry, instances = PackRegistry(builtin), Instances()
    for name, owner in PACK.items():
        registry.put(name, lambda owner=owner, name=name: adapt(owner, name, None, instances))
    return registry


# What may be done to a picture on the way: class, inputs, the name of the picture's input.
STEPS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("ImageScale", {"upscale_method": "bilinear", "width": 96, "height": 96, "crop": "disabled"}, "image"),
    ("ImageScale", {"upscale_method": "area", "width": 60, "height": 60, "crop": "center"}, "image"),
    ("ImageScaleBy", {"upscale_method": "nearest-exact", "scale_by": 1.25}, "image"),
    ("ImageInvert", {}, "image"),
    ("ImageFlip", {"flip_method": "y-axis: horizontally"}, "image"),
    ("ImageCrop", {"width": 56, "height": 60, "x": 4, "y": 2}, "image"),
    ("ImagePadForOutpaint", {"left": 70, "top": 0, "right": 0, "bottom": 0, "feathering": 0}, "image"),
    ("ImagePadForOutpaint", {"left": 0, "top": 0, "right": 130, "bottom": 0, "feathering": 0}, "image"),
    ("RepeatImageBatch", {"amount": 2}, "image"),
    ("ImageFromBatch", {"batch_index": 0, "length": 1}, "image"),
    ("ImageGrid", {"columns": 2, "padding": 2, "column_labels": "", "row_labels": ""}, "images"),
    ("SafetyCheck", {"on_flagged": "blur"}, "images"),
    *((name, {}, "pictures") for name in PACK),
)
WAYS_OUT: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("SaveImage", {"filename_prefix": "out"}, "images"),
    ("SaveImage", {"filename_prefix": "deep/%width%"}, "images"),
    ("PreviewImage", {}, "images"),
    ("SaveImageAs", {"filename_prefix": "as", "format": "webp", "quality": 90, "lossless": False}, "images"),
    ("SaveImageAs", {"filename_prefix": "as", "format": "jpeg", "quality": 90, "lossless": False}, "images"),
    ("SaveAnimatedPNG", {"filename_prefix": "moves", "fps": 6.0, "compress_level": 1}, "images"),
    ("SaveImageWebsocket", {}, "images"),
    ("WorkflowOutput", {"name": "picture", "filename_prefix": "answer"}, "value"),
    ("WritesJpeg", {}, "pictures"),
    ("HidesInAlpha", {}, "pictures"),
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph from a forbidden picture to one or two ways out."""
    graph: Graph = {
        "checker": {"class_type": "SafetyCheckerLoader", "inputs": {"checker_name": "darkroom-demo"}}
    }

    def add(name: str, inputs: dict[str, Any], **links: Any) -> Ref:
        node = str(len(graph))
        graph[node] = {"class_type": name, "inputs": {**inputs, **links}}
        return [node, 0]

    def loaded(name: str) -> Ref:
        return add("LoadImage", {"image": name})

    picture = loaded(draw(st.sampled_from(["skull.png", "before.png [output]"])))
    if draw(st.booleans()):
        first, second = draw(st.permutations([picture, loaded("fox.png")]))
        picture = add("ImageBatch", {}, image1=first, image2=second)
    for name, inputs, taken in draw(st.lists(st.sampled_from(STEPS), max_size=3)):
        more = {"safety_checker": ["checker", 0]} if name == "SafetyCheck" else {}
        picture = add(name, inputs, **{taken: picture}, **more)
    if draw(st.sampled_from([False, False, True])):
        mask = add("ImageToMask", {"channel": "red"}, image=picture)
        how = draw(st.sampled_from(["mask", "grey", "alpha"]))
        if how == "alpha":
            picture = add("JoinImageWithAlpha", {}, image=loaded("fox.png"), alpha=mask)
        else:
            picture = add("MaskToImage", {}, mask=mask) if how == "grey" else mask
    is_mask = graph[picture[0]]["class_type"] == "ImageToMask"
    ways = [way for way in WAYS_OUT if way[0] in ("WorkflowOutput",)] if is_mask else WAYS_OUT
    for name, inputs, taken in draw(st.lists(st.sampled_from(ways), min_size=1, max_size=2)):
        add(name, inputs, **{taken: picture})
    return graph
