"""`main.py workflows lock`."""

import json
from pathlib import Path

import pytest

from cli.arguments import parse
from cli.workflows.commands import workflows
from tests.nodes.graphs import node, text_to_image
from workflows.locks import Lock
from workflows.provenance import FileHashes
from workflows.store import Store


def locked(folder: Path, what: str, *more: str) -> int:
    return workflows(parse(["workflows", "lock", what, "--base-directory", str(folder), *more]))


def test_a_version_of_the_store_is_locked_as_it_is(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store.open(folder / "user/.darkroom/workflows.sqlite")
    first = store.create("portrait", {"prompt": text_to_image()}, author="ada")
    store.release("portrait", first.id, "1.0.0", author="ada")
    empty = {"prompt": {"1": node("EmptyLatentImage", width=64, height=64, batch_size=1)}}
    store.commit("portrait", empty, parent=first.id, author="ada")
    store.close()
    assert locked(folder, "portrait@1.0.0", "-o", str(tmp_path / "lock.json")) == 0
    found = Lock.from_json(json.loads((tmp_path / "lock.json").read_text()))
    known = FileHashes().of(folder / "models/checkpoints/small.safetensors")
    assert known is not None
    assert [(m.kind, m.name, m.sha256) for m in found.models] == [
        ("checkpoints", "small.safetensors", known.sha256)
    ]
    assert set(found.nodes) == {n["class_type"] for n in text_to_image().values()}
    capsys.readouterr()
    assert locked(folder, "portrait") == 0
    assert json.loads(capsys.readouterr().out)["models"] == []


def test_a_file_is_locked_and_what_is_not_there_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(text_to_image("gone.safetensors")))
    assert locked(folder, str(file)) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["models"][0]["sha256"] is None
    assert "checkpoints 'gone.safetensors' is not there" in said.err
    assert not (folder / "user/.darkroom/workflows.sqlite").exists()


def test_what_is_not_there_cannot_be_locked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert locked(folder, "portrait@1.0.0") == 1
    assert "there is no workflow 'portrait'" in capsys.readouterr().err
    assert locked(folder, "text_to_image", "-o", str(folder / "no folder" / "lock.json")) == 1
    assert "lock.json: cannot be written" in capsys.readouterr().err
