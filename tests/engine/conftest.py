"""What tests of the engine have in common."""

from __future__ import annotations

from typing import Any

import pytest

from engine.folders import Folders


@pytest.fixture
def folders(tmp_path: Any) -> Folders:
    for name in ("models/checkpoints/sd15.safetensors", "input/fox.png", "output/made.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return Folders.at(tmp_path)
