"""What schema nodes show and save: pictures, animations, sounds, videos, progress with previews."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.context import Context, JobExtra, Preview, RunOptions, calling
from engine.folders import Folders, UnsafePath
from engine.types import NodeId
from nodes.comfy.v3.extension import ComfyAPI, ComfyAPISync
from nodes.comfy.v3.media import (
    AudioInput,
    AudioSaveHelper,
    PreviewAudio,
    VideoComponents,
    VideoFromComponents,
    VideoFromFile,
)
from nodes.comfy.v3.saving import ImageSaveHelper
from nodes.comfy.v3.schema import HiddenValues
from nodes.comfy.v3.streams import MissingPyAV
from nodes.comfy.v3.ui import FolderType, PreviewImage, PreviewMask, PreviewText

GRAPH: dict[str, Any] = {"7": {"class_type": "Toy", "inputs": {}}}
NODE = SimpleNamespace(hidden=HiddenValues({"prompt": GRAPH, "extra_pnginfo": {"workflow": {"a": 1}}}))
RATE = 16_000


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.at(tmp_path)


def pictures(count: int = 3) -> Tensor:
    return torch.linspace(0, 1, count * 32 * 48 * 3).reshape(count, 32, 48, 3)


def tone() -> AudioInput:
    return AudioInput(
        waveform=torch.sin(torch.arange(RATE) * 2 * math.pi * 440 / RATE).expand(1, 2, -1) / 2,
        sample_rate=RATE,
    )


def open_shown(folders: Folders, shown: dict[str, Any], kind: str = "images", index: int = 0) -> Path:
    entry = shown[kind][index]
    return folders.place(entry["type"]) / entry["subfolder"] / entry["filename"]


def test_previews_are_pngs_of_the_temp_folder_with_the_graph(folders: Folders) -> None:
    with calling(Context(folders=folders)):
        shown = PreviewImage(pictures(), cls=NODE).as_dict()
    assert [one["type"] for one in shown["images"]] == ["temp"] * 3
    with Image.open(open_shown(folders, shown)) as file:
        texts: dict[Any, Any] = file.info
        assert file.size == (48, 32)
        assert json.loads(texts["prompt"]) == GRAPH and json.loads(texts["workflow"]) == {"a": 1}


def test_masks_are_shown_grey_and_texts_as_they_are(folders: Folders) -> None:
    with calling(Context(folders=folders)):
        shown = PreviewMask(torch.full((16, 16), 0.5)).as_dict()
    with Image.open(open_shown(folders, shown)) as file:
        assert file.convert("RGB").getpixel((0, 0)) == (127, 127, 127)
    assert PreviewText("words").as_dict() == {"text": ["words"]}


def test_nothing_is_written_into_files_when_metadata_is_off(folders: Folders) -> None:
    quiet = JobExtra(options=RunOptions(disable_metadata=True))
    with calling(Context(folders=folders, extra=quiet)):
        shown = PreviewImage(pictures(1), cls=NODE).as_dict()
    with Image.open(open_shown(folders, shown)) as file:
        assert "prompt" not in file.info


def test_animated_webp_has_all_pictures_and_the_graph(folders: Folders) -> None:
    with calling(Context(folders=folders)):
        shown = ImageSaveHelper.get_save_animated_webp_ui(
            pictures(), "sub/move", NODE, fps=10.0, lossless=True, quality=80, method="fastest"
        ).as_dict()
    assert shown["animated"] == [True] and shown["images"][0]["subfolder"] == "sub"
    with Image.open(open_shown(folders, shown)) as file:
        assert getattr(file, "n_frames", 1) == 3
        assert file.getexif()[0x0110] == "prompt:" + json.dumps(GRAPH)
        assert file.getexif()[0x010F] == 'workflow:{"a": 1}'


def test_animated_png_keeps_the_graph_beside_the_frames(folders: Folders) -> None:
    with calling(Context(folders=folders)):
        saved = ImageSaveHelper.save_animated_png(pictures(), "move", FolderType.output, NODE)
    path = folders.output / saved.filename
    with Image.open(path) as file:
        assert getattr(file, "n_frames", 1) == 3
    assert b"comfprompt\0" + json.dumps(GRAPH).encode() in path.read_bytes()


def test_numbers_go_on_and_prefixes_stay_inside_the_folder(folders: Folders) -> None:
    with calling(Context(folders=folders)):
        names = [ImageSaveHelper.save_animated_png(pictures(), "a", "output").filename for _ in range(2)]
        with pytest.raises(UnsafePath):
            ImageSaveHelper.save_animated_png(pictures(), "../a", "output")
    assert names == ["a_00001_.png", "a_00002_.png"]
    assert sorted(p.name for p in folders.output.iterdir()) == names, "nothing half written is left"


@pytest.mark.parametrize("form", ["flac", "mp3", "opus", "wav"])
def test_sounds_are_saved_and_can_be_read_again(folders: Folders, form: str) -> None:
    av = pytest.importorskip("av")
    with calling(Context(folders=folders)):
        shown = AudioSaveHelper.get_save_audio_ui(tone(), "tone", NODE, format=form).as_dict()
    with av.open(str(open_shown(folders, shown, "audio"))) as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(1.0, abs=0.1)  # mp3 and opus pad to whole frames


def test_a_sound_is_played_from_the_temp_folder(folders: Folders) -> None:
    pytest.importorskip("av")
    with calling(Context(folders=folders)):
        [entry] = PreviewAudio(tone(), cls=NODE).as_dict()["audio"]
    assert entry["type"] == "temp" and entry["filename"].endswith(".flac")


def test_a_video_survives_its_file(folders: Folders) -> None:
    pytest.importorskip("av")
    made = VideoFromComponents(VideoComponents(pictures(6), Fraction(12), tone(), {"note": "hello"}))
    buffer = BytesIO()
    made.save_to(buffer, metadata={"prompt": GRAPH})
    read = VideoFromFile(buffer)
    parts = read.get_components()
    assert parts.images.shape == (6, 32, 48, 3) and parts.frame_rate == 12
    assert read.get_dimensions() == (48, 32) and read.get_duration() == pytest.approx(0.5)
    # H.264 halves the resolution of colours and quantises: close, not equal.
    assert float((parts.images - pictures(6)).abs().mean()) < 0.05
    assert parts.audio is not None and parts.audio["waveform"].shape[:2] == (1, 2)
    assert parts.metadata is not None and parts.metadata["prompt"] == GRAPH
    assert parts.metadata["note"] == "hello"


def test_without_pyav_the_error_says_what_to_install(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with calling(Context(folders=folders)), pytest.raises(MissingPyAV) as raised:
        AudioSaveHelper.save_audio(tone(), "tone", "output")
    assert raised.value.remedy == "Install it with: pip install av"


async def test_progress_carries_a_preview_in_both_forms_of_the_api() -> None:
    reported: list[tuple[float, Preview | None]] = []
    context = Context(
        node_id=NodeId("7"), report=lambda node, value, top, preview: reported.append((value, preview))
    )
    with calling(context):
        await ComfyAPI().execution.set_progress(1, 2, preview_image=pictures(1))
        big = Image.new("RGB", (2000, 10))
        ComfyAPISync().execution.set_progress(2, 2, preview_image=big)
        ComfyAPISync().execution.set_progress(2, 2, preview_image=big, ignore_size_limit=True)
    sizes = [Image.open(BytesIO(preview.data)).size for _, preview in reported if preview is not None]
    assert [value for value, _ in reported] == [1, 2, 2]
    assert sizes == [(48, 32), (512, 3), (2000, 10)]
