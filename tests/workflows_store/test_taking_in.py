"""Files taken in at once, on either database."""

from __future__ import annotations

import json
import shutil
import time
from itertools import islice
from pathlib import Path

import pytest

from tests.workflows_store.documents import document
from workflows.library import shipped
from workflows.library.install import install
from workflows.store import Store, StoreFull, commits
from workflows.store.names import workflow_name
from workflows.transfer.importing import Line, Plan, name_for, names_for, plan, read_files
from workflows.transfer.saving import save


def planned(folder: Path, **texts: str) -> Plan:
    """Files by name, each with this prompt."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(json.dumps(document(text)), encoding="utf-8")
    return plan(read_files([folder]).found)


def test_what_is_there_already_is_left_out(store: Store, tmp_path: Path) -> None:
    store.create("mine", document("a tree"), author="ada")
    saved = save(store, planned(tmp_path / "files", tree="a tree", lake="a lake", Mine="a hill"), "ada")
    assert [(one.name, one.began, one.versions) for one in saved.kept] == [
        ("lake", True, 1),
        ("mine", False, 1),
    ]
    [(found, version)] = saved.known
    assert (found.name, version.workflow, version.number) == ("tree", "mine", 1)
    assert store.version("mine").number == 2 and store.verify() == []


def test_a_workflow_that_came_with_the_program_is_not_overgrown(store: Store, tmp_path: Path) -> None:
    install(store, [next(one for one in shipped() if one.name == "inpaint")])
    saved = save(store, planned(tmp_path / "files", inpaint="mine"), "ada")
    assert [(one.name, one.began) for one in saved.kept] == [("inpaint 2", True)]
    again = save(store, planned(tmp_path / "files", inpaint="mine, later"), "ada")
    assert [(one.name, one.began) for one in again.kept] == [("inpaint 2", False)]
    assert store.workflow("inpaint").item.head.number == 1


@pytest.mark.parametrize("letter", ["x", "海", "💥"])
def test_what_is_called_too_long_is_cut_short(letter: str) -> None:
    line = Line(name_for(Path(f"{letter * 150}.json")), "", labels=[letter * 50])
    for name in islice(names_for(line), 12):
        assert workflow_name(name) == name and name.startswith(letter * 20)


def test_a_failure_in_the_middle_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planned(tmp_path / "files", a="a tree", b="a lake")
    create = commits.create
    names: list[str] = []

    def full(connection: commits.Connection, about: commits.About, *more: object) -> int:
        names.append(about.name)
        if len(names) == 2:
            raise StoreFull("there is no space left")
        return create(connection, about, *more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(commits, "create", full)
    with pytest.raises(StoreFull):
        save(store, made, "ada")
    assert store.workflows().total == 0 and store.verify() == []
    monkeypatch.undo()
    assert len(save(store, made, "ada", dry_run=True).kept) == 2 and store.workflows().total == 0
    assert len(save(store, made, "ada").kept) == 2 and store.workflows().total == 2


def test_a_thousand_files_take_seconds(empty_file: Path, tmp_path: Path) -> None:
    """About 3 s of one core; the bound leaves room for a slow one."""
    store = Store.open(shutil.copy(empty_file, tmp_path / "workflows.sqlite"))
    made = planned(tmp_path / "files", **{f"f{n}": f"{n} trees" for n in range(1000)})
    began = time.process_time()
    assert len(save(store, made, "ada").kept) == store.workflows().total == 1000
    assert time.process_time() - began < 10
    store.close()
