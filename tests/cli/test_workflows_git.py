"""Workflow files in a git repository: clean merges, readable differences, one form."""

from __future__ import annotations

import copy
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Place
from workflows.document import formatted, split

ROOT = Path(__file__).parents[2]
GRAPH: dict[str, Any] = json.loads((ROOT / "tests/workflows/text_to_image.json").read_text(encoding="utf-8"))
NAME = "portrait.json"
STEPS, CFG = 2, 3

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def sampler(document: dict[str, Any]) -> list[Any]:
    """The values of the sampler."""
    return next(node for node in document["nodes"] if node["type"] == "KSampler")["widgets_values"]


def with_value(index: int, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(GRAPH)
    sampler(made)[index] = value
    return made


class Repository:
    """A repository with `portrait.json` in it, set up as the documentation says."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = shlex.join([sys.executable, str(ROOT / "main.py"), "workflows"])
        where = f"--base-directory {shlex.quote(str(base))}"
        self.git("init", "-q", "-b", "main")
        for key, value in {
            "user.name": "ada",
            "user.email": "ada@example.org",
            "commit.gpgsign": "false",
            "merge.darkroom.driver": f"{command} merge-driver {where} %O %A %B %P",
            "diff.darkroom.textconv": f"{command} textconv {where}",
        }.items():
            self.git("config", key, value)
        (folder / ".gitattributes").write_text("*.json merge=darkroom diff=darkroom\n")
        self.commit(GRAPH)

    def git(self, *words: str, good: bool = True) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True)
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def file(self) -> Path:
        return self.folder / NAME

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.file.read_text(encoding="utf-8"))

    def commit(self, document: dict[str, Any]) -> None:
        self.file.write_text(formatted(document), encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "-qm", "a change")

    def both_change(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        """Two branches that each change the file."""
        self.git("checkout", "-qb", "theirs")
        self.commit(theirs)
        self.git("checkout", "-q", "main")
        self.commit(ours)


@pytest.fixture
def repository(place: Place) -> Repository:
    return Repository(place.base / "repository", place.base)


def test_changes_of_different_inputs_of_one_node_are_merged(repository: Repository) -> None:
    repository.both_change(with_value(STEPS, 30), with_value(CFG, 5.5))
    repository.git("merge", "-q", "theirs", "-m", "both")
    assert sampler(repository.document)[STEPS : CFG + 1] == [30, 5.5]
    assert repository.file.read_text(encoding="utf-8") == formatted(repository.document)
    assert repository.git("status", "--porcelain") == ""


def test_a_conflict_is_told_and_settled(repository: Repository) -> None:
    repository.both_change(with_value(STEPS, 30), with_value(STEPS, 50))
    said = repository.git("merge", "theirs", good=False)
    assert f"CONFLICT (content): Merge conflict in {NAME}" in said
    assert "/3/steps   KSampler (#3), steps" in said and "theirs: 50" in said
    assert f"UU {NAME}" in repository.git("status", "--porcelain")
    assert sampler(repository.document)[STEPS] == 30


def test_a_conflict_can_be_settled_from_the_three_sides_that_git_keeps(
    repository: Repository, place: Place
) -> None:
    repository.both_change(with_value(STEPS, 30), with_value(STEPS, 50))
    repository.git("merge", "theirs", good=False)
    sides = [repository.folder / f"side{number}" for number in (1, 2, 3)]
    for number, side in enumerate(sides, start=1):
        side.write_text(repository.git("show", f":{number}:{NAME}"))
    assert place("merge-driver", *sides, "--resolve", "/3/steps=40").status == 0
    assert sampler(json.loads(sides[1].read_text()))[STEPS] == 40


def test_git_diff_speaks_of_nodes_and_not_of_places(repository: Repository) -> None:
    made = with_value(STEPS, 30)
    made["nodes"][0]["pos"] = [1, 2]
    repository.file.write_text(formatted(made), encoding="utf-8")
    lines = repository.git("diff", "-U0").splitlines()
    assert [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")] == [
        "-    steps: 20",
        "+    steps: 30",
    ]


def test_without_the_driver_lines_still_merge_well(repository: Repository) -> None:
    """The form of the file alone keeps values of one node on lines of their own."""
    (repository.folder / ".gitattributes").unlink()
    repository.both_change(with_value(0, 5), with_value(5, "karras"))
    repository.git("merge", "-q", "theirs", "-m", "both")
    assert (sampler(repository.document)[0], sampler(repository.document)[5]) == (5, "karras")


def test_prompts_are_merged_as_prompts(place: Place) -> None:
    prompt = json.loads((ROOT / "tests/workflows/text_to_image.api.json").read_text(encoding="utf-8"))
    ours, theirs = copy.deepcopy(prompt), copy.deepcopy(prompt)
    ours["3"]["inputs"]["steps"], theirs["3"]["inputs"]["cfg"] = 30, 5.5
    files = [place.write(name, value) for name, value in (("o", prompt), ("a", ours), ("b", theirs))]
    assert place("merge-driver", *files, NAME).status == 0
    merged = json.loads(files[1].read_text())
    assert (merged["3"]["inputs"]["steps"], merged["3"]["inputs"]["cfg"]) == (30, 5.5)


def test_files_added_on_both_sides_are_merged_from_nothing(place: Place) -> None:
    empty = place.base / "o"
    empty.write_text("")
    files = [empty, place.write("a", GRAPH), place.write("b", GRAPH)]
    assert place("merge-driver", *files, NAME).status == 0
    assert split(json.loads(files[1].read_text())).meaning == split(GRAPH).meaning


def test_what_is_no_workflow_is_left_as_it_is(place: Place) -> None:
    broken = place.base / "a"
    broken.write_text("<<<<<<< mine")
    said = place("merge-driver", place.write("o", GRAPH), broken, place.write("b", GRAPH), NAME)
    assert (
        said.status == 1 and f"{NAME} cannot be merged" in said.err and broken.read_text() == "<<<<<<< mine"
    )
    assert place("textconv", broken).out == "<<<<<<< mine"
    assert place("textconv", place.base / "gone").status == 1


def test_files_are_written_in_one_form(place: Place) -> None:
    file = place.write("flows/a.json", GRAPH)
    place.write("flows/b.json", json.loads((ROOT / "tests/workflows/lora.api.json").read_text()))
    said = place("format", "--check", place.base / "flows")
    assert said.status == 1 and "would format" in said.out and file.read_text() == json.dumps(GRAPH)
    assert place("format", place.base / "flows").status == 0
    assert file.read_text(encoding="utf-8") == formatted(GRAPH)
    assert (place("format", place.base / "flows").out, place("format", "--check", file).status) == ("", 0)
    said = place("format", place.write("settings.json", {"a": 1}))
    assert said.status == 1 and "settings.json: is no workflow" in said.err
