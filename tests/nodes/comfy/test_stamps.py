"""What packs get of the stamp that every run has."""

from typing import Any

import pytest

from engine.context import Context, JobExtra
from nodes.comfy.hidden import hidden_values

STAMP = {"run": "1f3a"}


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        ({"workflow": {"nodes": []}, "darkroom": STAMP}, {"workflow": {"nodes": []}, "darkroom": STAMP}),
        ({"darkroom": STAMP}, None),  # a client that sent nothing: packs would look for its workflow
        ({}, {}),
        (None, None),
    ],
)
def test_packs_get_the_stamp_beside_what_the_client_sent(sent: Any, given: Any) -> None:
    context = Context(extra=JobExtra(sent))
    assert hidden_values({"png": "EXTRA_PNGINFO"}, context, as_lists=False) == {"png": given}
