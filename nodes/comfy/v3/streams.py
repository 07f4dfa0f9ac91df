"""Reading and writing sound and video files with PyAV (https://pyav.basswood-io.com), which is optional."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nodes.comfy.v3.media import AudioInput, VideoComponents
from nodes.resize import to_bytes

_OPUS_RATE = 48_000
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


class MissingPyAV(ImportError):
    """Sound and video files need a package that is not installed."""

    def __init__(self) -> None:
        super().__init__("sound and video files need PyAV, which is not installed")
        self.remedy = "Install it with: pip install av"


def write_video(path: str | Path | BytesIO, components: VideoComponents, metadata: Mapping[str, Any]) -> None:
    """Write an MP4 file with H.264 pictures and AAC sound. Odd sides lose a row or column of pixels."""
    av = _av()
    rate = Fraction(components.frame_rate).limit_denominator(1_000_000)
    height, width = (side // 2 * 2 for side in components.images.shape[1:3])
    file = path if isinstance(path, BytesIO) else str(path)
    with av.open(file, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as container:
        for key, value in metadata.items():
            container.metadata[key] = json.dumps(value)
        pictures = container.add_stream("libx264", rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        sound = None
        if components.audio is not None:
            waveform = components.audio["waveform"][0]
            sound = container.add_stream(
                "aac", rate=components.audio["sample_rate"], layout=_LAYOUTS[len(waveform)]
            )
        for image in components.images:
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(to_bytes(image[:height, :width, :3])), format="rgb24"
            )
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if sound is not None and components.audio is not None:
            _encode_sound(av, container, sound, components.audio["waveform"][0], sound.rate)


def read_video(source: str | BytesIO) -> VideoComponents:
    """Read all pictures and the first sound of a file."""
    av = _av()
    with av.open(source) as container:
        stream = container.streams.video[0]
        frames = [torch.as_tensor(frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
        rate = Fraction(stream.average_rate or 1)
        metadata = {key: _parsed(value) for key, value in container.metadata.items()}
    return VideoComponents(torch.stack(frames).float() / 255.0, rate, _read_sound(av, source), metadata)


def container_format(source: str | BytesIO) -> str:
    """What FFmpeg calls the kind of file."""
    with _av().open(source) as container:
        return str(container.format.name)


def write_audio(
    path: Path, waveform: Tensor, sample_rate: int, codec: str, quality: str, metadata: Mapping[str, str]
) -> None:
    """Write one sound [channels, samples] in -1..1."""
    av = _av()
    rate = _OPUS_RATE if codec == "libopus" else sample_rate
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata)
        stream = container.add_stream(codec, rate=rate, layout=_LAYOUTS[len(waveform)])
        if codec in ("libmp3lame", "libopus"):
            if quality == "V0":
                stream.codec_context.qscale = 1
            else:
                stream.bit_rate = int(quality.removesuffix("k")) * 1000
        _encode_sound(av, container, stream, waveform, sample_rate)


def _encode_sound(av: Any, container: Any, stream: Any, waveform: Tensor, sample_rate: int) -> None:
    samples = np.ascontiguousarray(waveform.detach().cpu().float().numpy())
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=_LAYOUTS[len(waveform)])
    frame.sample_rate = sample_rate
    frame.pts = 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _read_sound(av: Any, source: str | BytesIO) -> AudioInput | None:
    if isinstance(source, BytesIO):
        source.seek(0)
    with av.open(source) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        parts = [
            torch.as_tensor(part.to_ndarray())
            for frame in (*container.decode(stream), None)
            for part in resampler.resample(frame)
        ]
        return AudioInput(waveform=torch.cat(parts, dim=1)[None], sample_rate=stream.rate)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _av() -> Any:
    # Optional, and its wheels differ in what they offer: nothing here depends on it but these functions.
    try:
        import av
    except ImportError:
        raise MissingPyAV from None
    return av
