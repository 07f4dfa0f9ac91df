"""Sounds and videos: what nodes exchange, and their files, which take PyAV to read and write."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict

import torch
from torch import Tensor

from diffusion.model import Latent
from engine.file_kinds import Place
from nodes.comfy.hidden import running
from nodes.comfy.v3.files import save_next
from nodes.comfy.v3.ui import FolderType, SavedAudios, SavedResult, graph_texts, temporary_name

_CODECS = {"flac": "flac", "mp3": "libmp3lame", "opus": "libopus", "wav": "pcm_s16le"}


class AudioInput(TypedDict):
    """A sound: `waveform` [B, channels, samples] in -1..1, `sample_rate` in Hz."""

    waveform: Tensor
    sample_rate: int


class VideoCodec(StrEnum):
    """How pictures are compressed."""

    AUTO = "auto"
    H264 = "h264"


class VideoContainer(StrEnum):
    """The kind of file."""

    AUTO = "auto"
    MP4 = "mp4"


@dataclass
class VideoComponents:
    """A video taken apart: `images` [N, H, W, 3] in 0..1, pictures a second, sound, and texts of the file."""

    images: Tensor
    frame_rate: Fraction
    audio: AudioInput | None = None
    metadata: dict[str, Any] | None = None


class VideoInput(ABC):
    """The VIDEO socket."""

    @abstractmethod
    def get_components(self) -> VideoComponents:
        """The pictures and the sound."""

    @abstractmethod
    def save_to(
        self,
        path: str | Path | BytesIO,
        format: VideoContainer = VideoContainer.AUTO,
        codec: VideoCodec = VideoCodec.AUTO,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a file. `metadata` is written as JSON by key."""

    def get_stream_source(self) -> str | BytesIO:
        """A path, or the bytes of a file."""
        buffer = BytesIO()
        self.save_to(buffer)
        buffer.seek(0)
        return buffer

    def get_dimensions(self) -> tuple[int, int]:
        """Width and height in pixels."""
        images = self.get_components().images
        return images.shape[2], images.shape[1]

    def get_duration(self) -> float:
        """Seconds."""
        components = self.get_components()
        return float(len(components.images) / components.frame_rate)

    def get_frame_rate(self) -> Fraction:
        """Pictures a second."""
        return self.get_components().frame_rate

    def get_container_format(self) -> str:
        """What FFmpeg calls the kind of file."""
        return VideoContainer.MP4.value


class VideoFromComponents(VideoInput):
    """A video made of pictures and sound."""

    def __init__(self, components: VideoComponents) -> None:
        self._components = components

    def get_components(self) -> VideoComponents:
        return self._components

    def save_to(
        self,
        path: str | Path | BytesIO,
        format: VideoContainer = VideoContainer.AUTO,
        codec: VideoCodec = VideoCodec.AUTO,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        from nodes.comfy.v3 import streams

        texts = {**(self._components.metadata or {}), **(metadata or {})}
        streams.write_video(path, self._components, texts)


class VideoFromFile(VideoInput):
    """A video in a file, or in the bytes of one."""

    def __init__(self, file: str | Path | BytesIO) -> None:
        self._file = file

    def get_components(self) -> VideoComponents:
        from nodes.comfy.v3 import streams

        return streams.read_video(self.get_stream_source())

    def save_to(
        self,
        path: str | Path | BytesIO,
        format: VideoContainer = VideoContainer.AUTO,
        codec: VideoCodec = VideoCodec.AUTO,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        VideoFromComponents(self.get_components()).save_to(path, format, codec, metadata)

    def get_stream_source(self) -> str | BytesIO:
        if isinstance(self._file, BytesIO):
            self._file.seek(0)
            return self._file
        return str(self._file)

    def get_container_format(self) -> str:
        from nodes.comfy.v3 import streams

        return streams.container_format(self.get_stream_source())


class AudioSaveHelper:
    """Saves sounds."""

    @staticmethod
    def save_audio(
        audio: AudioInput,
        filename_prefix: str,
        folder_type: FolderType | Place,
        cls: Any = None,
        format: str = "flac",
        quality: str = "128k",
    ) -> list[SavedResult]:
        """Each sound of the batch as a file of its own.

        Args:
            format: flac, mp3, opus or wav.
            quality: bits a second for mp3 and opus, such as "128k"; "V0" is mp3's best variable rate.

        Raises:
            ImportError: PyAV is not installed.
        """
        from nodes.comfy.v3 import streams

        if format not in _CODECS:
            raise ValueError(f"sounds are saved as {', '.join(_CODECS)}, not as {format!r}")
        texts = {key: json.dumps(value) for key, value in (graph_texts(cls) or {}).items()}
        saved: list[SavedResult] = []
        for waveform in audio["waveform"]:

            def write(path: Path, waveform: Tensor = waveform) -> None:
                streams.write_audio(path, waveform, audio["sample_rate"], _CODECS[format], quality, texts)

            name = filename_prefix.replace("%batch_num%", str(len(saved)))
            saved.append(save_next(running(), name, folder_type, f".{format}", (0, 0), write))
        return saved

    @staticmethod
    def get_save_audio_ui(
        audio: AudioInput, filename_prefix: str, cls: Any, format: str = "flac", quality: str = "128k"
    ) -> SavedAudios:
        """The same in the output folder, for `NodeOutput(ui=...)`."""
        helper = AudioSaveHelper.save_audio
        return SavedAudios(helper(audio, filename_prefix, FolderType.output, cls, format, quality))


class PreviewAudio(SavedAudios):
    """A sound, saved to the temp folder and played."""

    def __init__(self, audio: AudioInput | Sequence[SavedResult], cls: Any = None, **_: Any) -> None:
        if isinstance(audio, Mapping):
            audio = AudioSaveHelper.save_audio(audio, temporary_name(), FolderType.temp, cls)
        super().__init__(audio)


INPUTS: dict[str, Any] = {
    "Image": torch.Tensor,
    "Mask": torch.Tensor,
    "Audio": AudioInput,
    "Latent": Latent,
    "Video": VideoInput,
}
"""What annotations call the values on sockets."""

IMPLEMENTATIONS: dict[str, Any] = {
    "VideoFromFile": VideoFromFile,
    "VideoFromComponents": VideoFromComponents,
}

TYPES: dict[str, Any] = {
    "VideoCodec": VideoCodec,
    "VideoContainer": VideoContainer,
    "VideoComponents": VideoComponents,
}
