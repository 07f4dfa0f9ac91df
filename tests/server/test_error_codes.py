"""Every code the server may answer with is on the page about errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.server.conftest import ROOT


def codes() -> Iterator[str]:
    """The texts in the second place of each `Problem(...)` of the server."""
    for path in sorted((ROOT / "server").rglob("*.py")):
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(found, ast.Call)
                and getattr(found.func, "id", "") == "Problem"
                and len(found.args) > 1
            ):
                constants = [part for part in ast.walk(found.args[1]) if isinstance(part, ast.Constant)]
                yield from (part.value for part in constants if isinstance(part.value, str))


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    found = set(codes())
    assert len(found) > 20
    assert not {code for code in found if f"`{code}`" not in page}
