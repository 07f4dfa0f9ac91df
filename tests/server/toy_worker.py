"""A worker with toy nodes under the names of the real ones, and nodes that misbehave. No torch."""

import ctypes
import io
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.cache import LruCache
from engine.context import Context, Preview
from engine.folders import Folders
from engine.node import Ui, node
from engine.registry import Registry
from engine.session import Session
from engine.types import Files, Range, SeedControl, Socket
from server.worker.host import Host, serve
from server.worker.limits import limit_memory

Model = Annotated[Any, Socket("MODEL")]
Clip = Annotated[Any, Socket("CLIP")]
Vae = Annotated[Any, Socket("VAE")]
Conditioning = Annotated[Any, Socket("CONDITIONING")]
Latent = Annotated[Any, Socket("LATENT")]
Picture = Annotated[Any, Socket("IMAGE")]
Anything = Annotated[Any, Socket("*")]


class Checkpoint(NamedTuple):
    MODEL: Model
    CLIP: Clip
    VAE: Vae


@node("CheckpointLoaderSimple", title="Load Checkpoint", category="loaders")
def load(*, ckpt_name: Annotated[str, Files("checkpoints")], context: Context) -> Checkpoint:
    """Name a checkpoint."""
    name = str(context.folders.find("checkpoints", ckpt_name))
    return Checkpoint(name, name, name)


@node("CLIPTextEncode", title="CLIP Text Encode (Prompt)", category="conditioning")
def encode(*, text: str, clip: Clip) -> Conditioning:
    """Keep the text."""
    return text


@node("EmptyLatentImage", title="Empty Latent Image", category="latent")
def empty(
    *,
    width: Annotated[int, Range(16, 16384, step=8)] = 512,
    height: Annotated[int, Range(16, 16384, step=8)] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Keep the size."""
    return width, height


@node("KSampler", title="KSampler", category="sampling")
def sample(
    *,
    model: Model,
    seed: Annotated[int, Range(0, 2**64 - 1), SeedControl()] = 0,
    steps: Annotated[int, Range(1, 10_000)] = 20,
    cfg: Annotated[float, Range(0.0, 100.0, step=0.1, round=0.01)] = 8.0,
    sampler_name: Literal["euler", "heun"] = "euler",
    scheduler: Literal["normal", "karras"] = "normal",
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
    context: Context,
) -> Latent:
    """Report progress with a picture a step."""
    for step in range(steps):
        context.progress(step + 1, steps, Preview(jpeg(64, 48)))
    return (*latent_image, seed)


@node("VAEDecode", title="VAE Decode", category="latent")
def decode(*, samples: Latent, vae: Vae) -> Picture:
    """Make a plain picture."""
    return Image.new("RGB", samples[:2], (samples[-1] % 256, 40, 90))


@node("SaveImage", title="Save Image", category="image", output=True)
def save(*, images: Picture, filename_prefix: str = "toy", context: Context) -> Ui[None]:
    """Write the picture."""
    return Ui({"images": [saved(images, filename_prefix, context)]})


def saved(picture: Any, prefix: str, context: Context) -> dict[str, str]:
    subfolder, _, stem = prefix.rpartition("/")
    folder = context.folders.output / subfolder
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{stem}_{len(list(folder.glob(f'{stem}_*'))) + 1:05}_.png"
    texts = PngInfo()
    for key, value in (context.extra_pnginfo or {}).items():
        texts.add_text(key, json.dumps(value))
    picture.save(folder / name, pnginfo=texts)
    return {"filename": name, "subfolder": subfolder, "type": "output"}


@node("LoadImage", title="Load Image", category="image")
def load_image(*, image: Annotated[str, Files("input")], context: Context) -> Picture:
    """Read a picture of the input folder."""
    return Image.open(context.folders.find("input", image)).convert("RGB")


@node("Flip", title="Flip", category="image")
def flip(*, image: Picture) -> Picture:
    """Turn a picture upside down."""
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


@node("WorkflowOutput", title="Workflow Output", category="workflows", output=True)
def workflow_output(
    *, name: str = "output", value: Anything, filename_prefix: str = "output", context: Context
) -> Ui[None]:
    """Return a picture as a file, anything else as it is."""
    if isinstance(value, Image.Image):
        return Ui({"images": [saved(value, filename_prefix, context)]})
    return Ui({"values": [value]})


@node("Repeat", title="Repeat", category="test")
def repeat(
    *,
    text: str,
    count: Annotated[int, Range(1, 100)] = 2,
    joiner: Literal[" ", "-"] = " ",
    seed: Annotated[int, Range(0, 2**64 - 1), SeedControl()] = 0,
) -> str:
    """Say a text several times, unless it is `fail`."""
    if text == "fail":
        raise ValueError("asked to fail")
    return joiner.join([text] * count)


@node("Text", title="Text", category="test", output=True)
def text(*, value: str, seed: int = 0) -> Ui[None]:
    """Show a text."""
    return Ui({"text": [value]})


@node("Doubt", title="Doubt", category="test")
def doubt(*, text: str, context: Context) -> str:
    """Hand a text on, and warn of it."""
    context.warn(f"{text} is doubtful")
    return text


@node("Sleep", title="Sleep", category="test", output=True)
def sleep(*, seconds: float, seed: int = 0, context: Context) -> Ui[None]:
    """Wait, asking every 10 ms whether to go on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
        context.progress(1, 2)
    return Ui({"text": ["slept"]})


@node("Misbehave", title="Misbehave", category="test", output=True)
def misbehave(
    *,
    how: Literal[
        "raise",
        "system_exit",
        "keyboard_interrupt",
        "stop_iteration",
        "base_exception",
        "print",
        "exit",
        "exit_0",
        "abort",
        "segfault",
        "kill",
        "hang",
        "hang_in_c",
        "exhaust",
        "devour",
        "break_engine",
        "wait",
    ],
    once: str = "",
    seed: int = 0,
    context: Context,
) -> Ui[None]:
    """Go wrong in the way asked; with `once`, only while no file of that name lies in the temp folder."""
    if once:
        mark = context.folders.temp / once
        if mark.exists():
            return Ui({"text": ["well behaved"]})
        mark.touch()
    time.sleep(0.05)  # what was said before is on its way by then
    match how:
        case "raise":
            raise ValueError("it was asked to")
        case "system_exit":
            sys.exit("leaving")
        case "keyboard_interrupt":
            raise KeyboardInterrupt
        case "stop_iteration":
            raise StopIteration
        case "base_exception":
            raise BaseException("as base as can be")
        case "print":
            sys.stdout.write("not a frame\n")
            os.write(1, b"\x00\x00\x00\x05garbage")
        case "exit":
            os._exit(3)
        case "exit_0":
            os._exit(0)
        case "abort":
            os.abort()
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            while True:
                pass
        case "hang_in_c":
            ctypes.PyDLL(None).sleep(60)  # keeps the interpreter's lock
        case "exhaust":
            raise MemoryError("cannot allocate 99 GB")
        case "devour":
            hoard: list[bytearray] = []
            while True:
                hoard.append(bytearray(2**24))
        case "break_engine":
            break_engine()
        case "wait":
            time.sleep(60)
    return Ui({"text": ["done"]})


def break_engine() -> None:
    """Have the engine itself fail, once, as soon as this node returns."""
    settle = Session.settle

    def broken(*_: object) -> None:
        setattr(Session, "settle", settle)  # noqa: B010 - the types forbid the plain way
        raise RuntimeError("a fault of the engine")

    setattr(Session, "settle", broken)  # noqa: B010 - likewise


@node("Save", title="Save", category="test", output=True, lane="io")
def slow_save(*, after: Latent, seconds: float, seed: int = 0) -> Ui[None]:
    """Take a while without the device."""
    time.sleep(seconds)
    return Ui({"text": [f"{time.monotonic()}"]})


@node("Sample", title="Sample", category="test")
def occupy(*, seconds: float, seed: int = 0) -> Latent:
    """Occupy the device for a while."""
    time.sleep(seconds)
    return seed


def jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


PICTURES = (load, encode, empty, sample, decode, save, load_image, flip)
PLAIN = (text, doubt, sleep, misbehave, slow_save, occupy, repeat, workflow_output)
REGISTRY = Registry([*PICTURES, *PLAIN])


def word(name: str, default: str = "") -> str:
    """The value of `--name=value` on the command line."""
    return next((w.partition("=")[2] for w in sys.argv[2:] if w.startswith(f"--{name}=")), default)


def device() -> dict[str, Any]:
    """A device whose free memory is known anew at every question."""
    name = word("device", "toy")
    index = int(name.partition(":")[2]) if ":" in name else None
    entry = {"name": name, "type": "cpu", "index": index, "vram_total": 2**40}
    count = int(word("device-count", "0"))
    return {"devices": [{**entry, "vram_free": time.monotonic_ns()}], "device_count": count}


def main() -> int:
    folders = Folders.at(Path(sys.argv[1]))
    if limit := word("memory-limit"):
        limit_memory(int(float(limit) * 1e9))
    return serve(Host(REGISTRY, folders, LruCache(200), info=device))


if __name__ == "__main__":
    sys.exit(main())
