"""A toy text-to-image graph to make mistakes in, and what validation says of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from engine.folders import Folders
from engine.node import Ui, node
from engine.registry import Registry
from engine.types import Choices, Files, Range, Socket
from engine.validate import validate
from tests.toys import link, prompt

Model = Annotated[object, Socket("MODEL")]
Clip = Annotated[object, Socket("CLIP")]
Latent = Annotated[object, Socket("LATENT")]
Image = Annotated[object, Socket("IMAGE")]


@node("Loader", category="x", names=("MODEL", "CLIP"))
def loader(ckpt_name: Annotated[str, Files("checkpoints")]) -> tuple[Model, Clip]:
    """Load."""
    return (1, 2)


@node("Sampler", category="x")
def sampler(
    model: Model,
    latent_image: Latent,
    steps: Annotated[int, Range(1, 10_000)] = 20,
    cfg: Annotated[float, Range(0, 100, step=0.1, round=0.01)] = 8.0,
    sampler_name: Annotated[str, Choices(tuple(f"s{i}" for i in range(42)))] = "s0",
    scheduler: Literal["simple", "normal", "karras"] = "simple",
) -> Latent:
    """Sample."""
    return model


@node("Empty", category="x")
def empty(width: Annotated[int, Range(16, 16384, step=8)] = 512) -> Latent:
    """Empty."""
    return width


@node("Decode", category="x")
def decode(samples: Latent) -> Image:
    """Decode."""
    return samples


@node("Open", category="x")
def open_image(image: Annotated[str, Files("input")]) -> Image:
    """Open."""
    return image


@node("Save", category="x", output=True)
def save(images: Image, filename_prefix: str = "ComfyUI") -> Ui[None]:
    """Save."""
    return Ui({"images": []})


NODES = Registry([loader, sampler, empty, decode, open_image, save])


def picture(**changes: Any) -> dict[str, Any]:
    """A sound text-to-image graph; `node__input=value` changes one input, `...` removes it."""
    wired = prompt(
        load=("Loader", {"ckpt_name": "sd15.safetensors"}),
        empty=("Empty", {"width": 512}),
        sample=(
            "Sampler",
            {
                "model": link("load"),
                "latent_image": link("empty"),
                "steps": 20,
                "cfg": 8,
                "sampler_name": "s0",
                "scheduler": "normal",
            },
        ),
        decode=("Decode", {"samples": link("sample")}),
        save=("Save", {"images": link("decode"), "filename_prefix": "x"}),
    )
    for place, value in changes.items():
        name, key = place.split("__")
        if value is ...:
            del wired[name]["inputs"][key]
        else:
            wired[name]["inputs"][key] = value
    return wired


def errors(wired: dict[str, Any], folders: Folders, name: str) -> list[dict[str, Any]]:
    """The error objects of one node, without our suggestions."""
    found = validate(wired, NODES, folders).response()[1].get(name, {"errors": []})["errors"]
    for error in found:
        error["extra_info"].pop("suggestion", None)
    return found
