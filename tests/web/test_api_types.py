"""The canvas's types of the API follow from the server's own document."""

import pytest

from tools.api_types import GENERATOR, TYPES, openapi, types


@pytest.mark.skipif(not GENERATOR.exists(), reason="the canvas's packages are not installed: `make canvas`")
def test_the_types_of_the_canvas_are_those_of_the_api() -> None:
    assert types(openapi()) == TYPES.read_text(encoding="utf-8"), "run python -m tools.api_types"
