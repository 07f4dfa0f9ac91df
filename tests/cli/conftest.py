"""A folder with workflows in it, and the commands run on it in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.arguments import parse
from cli.workflows.commands import workflows
from workflows.store import Store


@dataclass(frozen=True)
class Said:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Place:
    """A base folder; calling it runs `main.py workflows WORDS` there."""

    def __init__(self, base: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.base = base
        self._capture = capture

    def __call__(self, *words: object) -> Said:
        self._capture.readouterr()
        try:
            folders = [] if words[0] == "format" else self.folders  # which needs none
            status = workflows(parse(["workflows", *map(str, words), *folders]))
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        out, err = self._capture.readouterr()
        return Said(status, out, err)

    @property
    def folders(self) -> list[str]:
        return ["--base-directory", str(self.base)]

    @contextmanager
    def store(self) -> Generator[Store]:
        store = Store.open(self.base / "user/.darkroom/workflows.sqlite")
        try:
            yield store
        finally:
            store.close()

    def write(self, name: str, document: Any) -> Path:
        """A file with this JSON in it."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base folder with the shipped workflows, where the node classes are known; tests work on copies."""
    base = tmp_path_factory.mktemp("furnished")
    assert (
        workflows(parse(["workflows", "diff", "text_to_image", "inpaint", "--base-directory", str(base)]))
        == 0
    )
    return base


@pytest.fixture
def place(furnished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    shutil.copytree(furnished, tmp_path / "base")
    return Place(tmp_path / "base", capsys)
