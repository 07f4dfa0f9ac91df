"""The built-in node classes, with the models that ship."""

from typing import Any

from nodes import builtin
from workflows.formats.definitions import remembered

FILES = {"checkpoints": ["darkroom-demo.safetensors"], "safety_checker": ["darkroom-demo"]}
_registry = builtin()


def object_info(kind: str) -> dict[str, Any] | None:
    """What `/object_info` says of a class."""
    spec = _registry.get(kind)
    return None if spec is None else spec.object_info(lambda folder: FILES.get(folder, []))


definitions = remembered(object_info)
