"""The small networks of the golden file: layouts to fill, inputs and outputs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from tests.fill import fill, last_output_block
from tests.tensors import load_file

_GOLDEN = Path(__file__).parents[1] / "golden"


def golden_values(name: str) -> dict[str, Tensor]:
    """Inputs and outputs of one network, by their names in the file after `name/`."""
    tensors = load_file(_GOLDEN / "tiny-networks.safetensors")
    return {key.removeprefix(f"{name}/"): t for key, t in tensors.items() if key.startswith(f"{name}/")}


def golden_config(name: str) -> Mapping[str, Any]:
    """The numbers the reference network was built from."""
    return json.loads((_GOLDEN / "tiny-networks.json").read_text())["configs"][name]


def golden_weights(name: str, prefix: str) -> dict[str, Tensor]:
    """The filled weights of one network, named without the checkpoint's prefix."""
    layout = json.loads((_GOLDEN / "tiny-networks.json").read_text())["layouts"][name]
    last = last_output_block(layout)
    return {key.removeprefix(prefix): fill(key, shape, last) for key, (shape, _) in layout.items()}


def relative(ours: Tensor, reference: Tensor) -> float:
    """Largest difference, relative to the largest value of the reference."""
    return float((ours - reference).abs().max() / reference.abs().max())
