"""What counts as a node's code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from engine.code import code_hash, folder_hash

MODULES = {
    "project/__init__.py": "from project import sums, words",
    "project/sums.py": "from .helpers.maths import plus\n\n\ndef add(a, b):\n    return plus(a, b)\n",
    "project/words.py": "def shout(text):\n    import project.loud\n    return project.loud.up(text)\n",
    "project/loud.py": "def up(text):\n    return text.upper()\n",
    "project/helpers/__init__.py": "",
    "project/helpers/maths.py": "import math\n\ndef plus(a, b):\n    return math.fsum((a, b))\n",
}


class Project:
    """A small package that is written, imported, changed and imported again."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._copy = 0
        self._monkeypatch = monkeypatch
        self.files = dict(MODULES)

    def hashes(self) -> dict[str, str]:
        """The hash of each function, in a fresh import."""
        self._copy += 1
        base = self._folder / str(self._copy)
        for name, text in self.files.items():
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(text)
        for name in [name for name in sys.modules if name.split(".")[0] == "project"]:
            del sys.modules[name]
        self._monkeypatch.setattr(sys, "path", [str(base), *sys.path])
        importlib.invalidate_caches()
        sums, words = (importlib.import_module(f"project.{name}") for name in ("sums", "words"))
        return {"add": code_hash(sums.add), "shout": code_hash(words.shout)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_the_same_code_elsewhere_is_the_same(project: Project) -> None:
    assert project.hashes() == project.hashes()


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("project/sums.py", {"add"}),
        ("project/helpers/maths.py", {"add"}),
        ("project/words.py", {"shout"}),
        ("project/loud.py", {"shout"}),
        ("project/__init__.py", set[str]()),
    ],
)
def test_a_function_is_another_when_its_module_changes_or_one_that_it_imports(
    project: Project, file: str, changed: set[str]
) -> None:
    before = project.hashes()
    project.files[file] += "\n# edited\n"
    after = project.hashes()
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_folder_is_another_when_any_source_in_it_changes(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.py").write_text("x = 1\n")
    (tmp_path / "notes.txt").write_text("no code\n")
    before = folder_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("still no code\n")
    assert folder_hash(tmp_path) == before
    (tmp_path / "part" / "b.py").write_text("")
    assert folder_hash(tmp_path) != before
