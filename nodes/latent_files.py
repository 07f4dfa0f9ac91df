"""Nodes that keep latents in files and read them back."""

import json
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from engine.context import Context
from engine.node import Ui, node
from engine.types import Files
from nodes.image import png_metadata
from nodes.latent import FACTOR
from nodes.numbered import expand_tokens, write_numbered
from nodes.pictures import Saved
from nodes.types import Latent

VERSION = "latent_format_version_0"
"""A tensor of this name says that values are unscaled; older files lack it and are in SD 1.x's scale."""
OLD_SCALE = 1 / 0.18215


class LatentFileError(ValueError):
    """A file that holds no latent; the message names it."""

    remedy = "Choose a .latent file that Save Latent has written."


@node(
    "SaveLatent",
    title="SaveLatent",
    category="_for_testing",
    lane="io",
    output=True,
    hidden=("PROMPT", "EXTRA_PNGINFO"),
)
def save_latent(*, samples: Latent, filename_prefix: str = "latents/ComfyUI", context: Context) -> Ui[None]:
    """Saves latents to the output directory, to sample from or decode them later. Masks are not kept.

    To load the file, move it from the output to the input folder.

    Args:
        samples: The latents to save.
        filename_prefix: The prefix for the file to save, as of Save Image.
    """
    latent = samples["samples"]
    metadata = {key: json.dumps(value) for key, value in (png_metadata(context) or {}).items()}
    tensors = {"latent_tensor": latent.contiguous().cpu(), VERSION: torch.tensor([])}
    stem = expand_tokens(filename_prefix, latent.shape[-1] * FACTOR, latent.shape[-2] * FACTOR)
    content = save(tensors, metadata or None)
    path = write_numbered(context.folders.output, stem, ".latent", partial(_write, content))
    subfolder = path.parent.relative_to(context.folders.output.resolve()).as_posix()
    saved = Saved(path.name, "" if subfolder == "." else subfolder, "output", path)
    return Ui({"latents": [saved.ui()]})


def _write(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


@node("LoadLatent", title="LoadLatent", category="_for_testing", lane="io")
def load_latent(*, latent: Annotated[str, Files("latents")], context: Context) -> Latent:
    """Load latents from the input folder.

    Args:
        latent: The file, as Save Latent writes it; `name [output]` takes one from the output folder.
    """
    return read_latent(context.folders.find("latents", latent))


def read_latent(path: Path) -> Latent:
    """The latents of a file, unscaled float32. Raises `LatentFileError`."""
    try:
        tensors = load(path.read_bytes())
    except (SafetensorError, OSError, ValueError) as error:
        raise LatentFileError(
            f"{path.name} cannot be read, it may be cut short or damaged: {error}"
        ) from error
    if "latent_tensor" not in tensors:
        raise LatentFileError(
            f"{path.name} holds no latent; it has {', '.join(sorted(tensors)[:3]) or 'nothing'}"
        )
    scale = 1.0 if VERSION in tensors else OLD_SCALE
    return {"samples": tensors["latent_tensor"].float() * scale}
