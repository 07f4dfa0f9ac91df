"""What released workflows are as nodes is known at once after a restart, and never what it no longer is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from server.workflows.remembered import Remembered
from tests.server.conftest import ToyServer, connect, get
from tests.server.test_workflow_nodes import CLASS, portrait, publish, release
from workflows.store import Store

ENTRIES = {"workflow/A@1.0.0": {"name": "A"}}
CLASSES = {"Text": {"input": {"required": {"value": ["STRING"]}}}}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    file = tmp_path / "workflows.sqlite"
    Store.open(file).close()
    Remembered(tmp_path / "functions.json", file).keep(CLASSES, ENTRIES)
    return file


def recalled(store: Path, classes: dict[str, Any] = CLASSES) -> Any:
    return Remembered(store.with_name("functions.json"), store).recall(classes)


def test_entries_are_recalled_while_nothing_has_changed(store: Path) -> None:
    assert recalled(store) == ENTRIES


def test_other_classes_or_files_to_choose_make_others(store: Path) -> None:
    assert recalled(store, {**CLASSES, "More": {}}) is None


def test_a_store_somebody_wrote_to_is_asked(store: Path) -> None:
    other = Store.open(store)
    other.create("Mine", {"version": 0.4, "nodes": [], "links": []}, author="me")
    assert recalled(store) is None  # while it is open
    other.close()
    assert recalled(store) is None


def test_what_cannot_be_read_is_no_answer(store: Path) -> None:
    store.with_name("functions.json").write_text('{"made_of": 1}')
    assert recalled(store) is None
    store.with_name("functions.json").write_text("[")
    assert recalled(store) is None


def test_a_database_others_may_write_to_is_always_asked(tmp_path: Path) -> None:
    shared = Remembered(tmp_path / "functions.json", None)
    shared.keep(CLASSES, ENTRIES)
    assert not (tmp_path / "functions.json").exists() and shared.recall(CLASSES) is None


async def test_a_restart_tells_the_released_workflows_as_before_and_as_they_are_now(servers: Any) -> None:
    first: ToyServer = servers().wait()
    async with connect(first.url) as http:
        await publish(http, "Portrait", portrait())
        before = await get(http, "/object_info")
    first.stop()
    kept = json.loads((first.base / "user" / ".darkroom" / "functions.json").read_text())["entries"]
    assert kept == {CLASS: before[CLASS]}

    second: ToyServer = servers().wait()
    async with connect(second.url) as http:
        assert await get(http, "/object_info") == before
        await release(http, "Portrait", "2.0.0")
        assert "workflow/Portrait@2.0.0" in await get(http, "/object_info")
    second.stop()

    (first.base / "models" / "checkpoints" / "new.safetensors").touch()
    third: ToyServer = servers().wait()
    async with connect(third.url) as http:
        now = await get(http, "/object_info")
    third.stop()
    assert {CLASS, "workflow/Portrait@2.0.0"} <= now.keys()
    choices = now[CLASS]["input"]
    assert "new.safetensors" in json.dumps(choices)
