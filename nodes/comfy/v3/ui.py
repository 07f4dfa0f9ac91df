"""`comfy_api.latest.ui`: what nodes show, and saving it where clients can fetch it.

Files go to the folders of the running node. `cls` is the node's class: it says, by its hidden inputs, what is
written into the files.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.file_kinds import Place
from engine.folders import Folders
from nodes.comfy.hidden import running
from nodes.comfy.v3.widgets import FolderType
from nodes.pictures import Saved, save_pictures

PREVIEW_LEVEL = 1
"""zlib's level for files that are not kept."""


class SavedResult(dict[str, str]):
    """A saved file, as clients ask for it back."""

    def __init__(self, filename: str, subfolder: str, type: FolderType | str) -> None:
        super().__init__(filename=filename, subfolder=subfolder, type=FolderType(type).value)

    @property
    def filename(self) -> str:
        return self["filename"]

    @property
    def subfolder(self) -> str:
        return self["subfolder"]

    @property
    def type(self) -> FolderType:
        return FolderType(self["type"])


class UIOutput:
    """Data for the canvas: `as_dict` maps a key to a list of JSON values."""

    def as_dict(self) -> dict[str, list[Any]]:
        raise NotImplementedError


class SavedImages(UIOutput):
    """Saved pictures; `is_animated` says that they move."""

    def __init__(self, results: Sequence[SavedResult], is_animated: bool = False) -> None:
        self.results = list(results)
        self.is_animated = is_animated

    def as_dict(self) -> dict[str, list[Any]]:
        data: dict[str, list[Any]] = {"images": [dict(one) for one in self.results]}
        return {**data, "animated": [True]} if self.is_animated else data


class SavedAudios(UIOutput):
    """Saved sounds."""

    def __init__(self, results: Sequence[SavedResult]) -> None:
        self.results = list(results)

    def as_dict(self) -> dict[str, list[Any]]:
        return {"audio": [dict(one) for one in self.results]}


class PreviewImage(SavedImages):
    """Pictures [B, H, W, C] in 0..1, saved to the temp folder and shown."""

    def __init__(self, image: Tensor, animated: bool = False, *, cls: Any = None, **_: Any) -> None:
        results = save_images(image, temporary_name(), FolderType.temp, cls=cls, compress_level=PREVIEW_LEVEL)
        super().__init__(results, animated)


class PreviewMask(PreviewImage):
    """Masks [B, H, W] in 0..1, shown as grey pictures."""

    def __init__(self, mask: Tensor, animated: bool = False, *, cls: Any = None, **_: Any) -> None:
        grey = mask.reshape(-1, *mask.shape[-2:], 1).expand(-1, -1, -1, 3)
        super().__init__(grey, animated, cls=cls)


class PreviewText(UIOutput):
    """A text."""

    def __init__(self, value: str, **_: Any) -> None:
        self.value = value

    def as_dict(self) -> dict[str, list[Any]]:
        return {"text": [self.value]}


class PreviewVideo(UIOutput):
    """Saved videos, shown."""

    def __init__(self, values: Sequence[SavedResult], **_: Any) -> None:
        self.values = list(values)

    def as_dict(self) -> dict[str, list[Any]]:
        return {"images": [dict(one) for one in self.values], "animated": [True]}


class PreviewUI3D(UIOutput):
    """A model file of the output folder, and how its camera stands."""

    def __init__(self, model_file: str, camera_info: Any = None, **further: Any) -> None:
        self.parts = [model_file, camera_info, *further.values()]

    def as_dict(self) -> dict[str, list[Any]]:
        return {"result": self.parts}


def save_images(
    images: Tensor,
    filename_prefix: str,
    folder_type: FolderType | Place,
    cls: Any = None,
    compress_level: int = 4,
) -> list[SavedResult]:
    """Save pictures [B, H, W, C] in 0..1 as PNG, with the graph that `cls` has among its hidden inputs.

    Raises `PictureError` if the prefix leaves the folder or a value is not finite.
    """
    kind = FolderType(folder_type).value
    folder = folder_of(running().folders, kind)
    saved = save_pictures(images, folder, kind, filename_prefix, graph_texts(cls), compress_level)
    return [result_of(one) for one in saved]


def graph_texts(cls: Any) -> Mapping[str, Any] | None:
    """What to write into a picture's file: `prompt` and the entries of `extra_pnginfo`, if it is to be."""
    hidden = getattr(cls, "hidden", None)
    if hidden is None or running().options.disable_metadata:
        return None
    prompt = {} if hidden.prompt is None else {"prompt": hidden.prompt}
    return {**prompt, **(hidden.extra_pnginfo or {})}


def folder_of(folders: Folders, kind: str) -> Path:
    """The folder for `input`, `output` or `temp`."""
    return folders.place(kind)


def result_of(saved: Saved) -> SavedResult:
    return SavedResult(saved.filename, saved.subfolder, saved.type)


def temporary_name() -> str:
    """A prefix that no other preview has."""
    return "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
