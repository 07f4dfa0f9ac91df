"""Make the small media files the tests read, each with a workflow inside as a save node writes it.

Run with the project's Python: `python web/src/graph/formats/media/files/make.py`. The encoders are pillow's,
PyAV's and safetensors' own, so that our readers are tested against files they had no hand in.
"""

import json
import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.torch import save_file

HERE = Path(__file__).parent
PROMPT = json.dumps({"1": {"class_type": "Noté", "inputs": {"text": "雪, é"}}})
WORKFLOW = json.dumps({"nodes": [], "links": [], "extra": {"é": "雪"}, "version": 0.4})
PARAMETERS = (
    "a fox, <lora:snow:0.8>\nNegative prompt: blurry\n"
    "Steps: 12, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 42, Size: 640x448, Model: tiny, Clip skip: 2"
)
TEXTS = {"prompt": PROMPT, "workflow": WORKFLOW}


def picture() -> Image.Image:
    return Image.new("RGB", (8, 8), (200, 120, 40))


def pngs() -> None:
    for name, kind in (
        ("text", "text"),
        ("compressed", "zip"),
        ("international", "itxt"),
        ("both", "itxt-zip"),
    ):
        info = PngInfo()
        for key, value in TEXTS.items():
            if kind.startswith("itxt"):
                info.add_itxt(key, json.dumps(json.loads(value), ensure_ascii=False), zip=kind == "itxt-zip")
            else:
                info.add_text(key, value, zip=kind == "zip")
        picture().save(HERE / f"{name}.png", pnginfo=info)
    info = PngInfo()
    for key, value in TEXTS.items():
        info.add(b"comf", f"{key}\0{value}".encode("latin-1"), after_idat=True)
    frames = [picture(), Image.new("RGB", (8, 8), (0, 0, 0))]
    frames[0].save(HERE / "animated.png", save_all=True, append_images=frames[1:], pnginfo=info)
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    picture().save(HERE / "parameters.png", pnginfo=info)
    picture().save(HERE / "plain.png")


def exif(comment: bool = False) -> Image.Exif:
    data = Image.Exif()
    if comment:
        data.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + PARAMETERS.encode("utf-16-be")
        return data
    data[0x0110] = f"prompt:{PROMPT}"
    data[0x010F] = f"Workflow:{WORKFLOW}"
    return data


def pictures() -> None:
    picture().save(HERE / "picture.webp", exif=exif())
    picture().save(HERE / "picture.jpg", exif=exif())
    picture().save(HERE / "picture.avif", exif=exif())
    picture().save(HERE / "comment.jpg", exif=exif(comment=True))


def sound(name: str, codec: str, rate: int, options: Mapping[str, str] = {}) -> None:
    with av.open(str(HERE / name), "w", options=dict(options)) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        container.metadata.update(TEXTS)
        for packet in range(4):
            samples = np.zeros((1, 960), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, packet * 960
            frame.time_base = Fraction(1, rate)
            for made in stream.encode(frame):
                container.mux(made)
        for made in stream.encode(None):
            container.mux(made)


def film(name: str, codec: str, metadata: Mapping[str, str], options: Mapping[str, str] = {}) -> None:
    with av.open(str(HERE / name), "w", options=dict(options)) as container:
        container.metadata.update(metadata)
        stream: Any = container.add_stream(codec, rate=8)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24")
        for made in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(made)


def texts() -> None:
    both = json.dumps({"prompt": json.loads(PROMPT), "workflow": json.loads(WORKFLOW)})
    inside = f"<title>A drawing</title><metadata><![CDATA[{both}]]></metadata>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    (HERE / "drawing.svg").write_text(f'<?xml version="1.0"?>\n<!-- a drawing -->\n{svg}\n')
    scene = json.dumps(
        {"asset": {"version": "2.0", "extras": {"prompt": json.loads(PROMPT), "workflow": WORKFLOW}}}
    )
    chunk = scene.encode() + b" " * (-len(scene.encode()) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(chunk))
    (HERE / "scene.glb").write_bytes(head + struct.pack("<I4s", len(chunk), b"JSON") + chunk)
    save_file({"latent_tensor": torch.zeros(1, 4, 1, 1)}, HERE / "latent.latent", metadata=TEXTS)


if __name__ == "__main__":
    pngs()
    pictures()
    sound("sound.flac", "flac", 44100)
    sound("sound.opus", "libopus", 48000)
    sound("sound.mp3", "libmp3lame", 44100)
    film("film.mp4", "libx264", TEXTS, {"movflags": "use_metadata_tags"})
    film("comment.mp4", "libx264", {"comment": json.dumps(TEXTS)})
    film("film.webm", "libvpx-vp9", TEXTS)
    texts()
