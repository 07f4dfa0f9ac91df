"""Every code the server may answer with is on the page about errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from server.workflows.problems import status_of
from tests.server.conftest import ROOT
from workflows.store import errors
from workflows.store.errors import StoreError

PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")


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
    found = set(codes())
    assert len(found) > 20
    assert not {code for code in found if f"`{code}`" not in PAGE}


def test_every_code_of_the_store_of_workflows_is_documented_and_has_a_status() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, StoreError) and "code" in vars(kind)
    ]
    assert len(kinds) > 12
    assert not {kind.code for kind in kinds if f"`{kind.code}`" not in PAGE}
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for kind in kinds:
        assert any(f"`{kind.code}`" in row and f"| {status_of(kind)} |" in row for row in rows), kind
