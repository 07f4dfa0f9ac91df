"""Documents to save: a real workflow with values of one's own."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from workflows.canonical import canonical
from workflows.document import with_function

_TEXT_TO_IMAGE = json.loads(
    (Path(__file__).parents[1] / "workflows" / "text_to_image.json").read_text(encoding="utf-8")
)


def document(text: str = "a lighthouse", *, at: float = 0) -> dict[str, Any]:
    """Text to image; `at` moves its first node."""
    made = deepcopy(_TEXT_TO_IMAGE)
    prompt = next(node for node in made["nodes"] if node["type"] == "CLIPTextEncode")
    prompt["widgets_values"] = [text]
    made["nodes"][0]["pos"] = [at, 0]
    return canonical(made)


def function(*inputs: str, text: str = "a lighthouse") -> dict[str, Any]:
    """The same, called with inputs of these names."""
    made = document(text)
    prompt = next(node for node in made["nodes"] if node["type"] == "CLIPTextEncode")
    target = {"node": str(prompt["id"]), "input": "text"}
    declared = [{"name": name, "type": "STRING", "targets": [target]} for name in inputs]
    decoded = next(node for node in made["nodes"] if node["type"] == "VAEDecode")
    source = {"node": str(decoded["id"]), "slot": 0}
    outputs = [{"name": "image", "type": "IMAGE", "source": source}]
    return canonical(with_function(made, {"inputs": declared, "outputs": outputs}))
