"""The recorder by itself: what it does while the store cannot be written to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.folders import Folders
from engine.registry import Registry
from server.jobs.records import Ending, Job, State
from server.provenance import recorder
from server.provenance.recorder import Recorder
from server.provenance.sights import Sight
from tests.server.conftest import text
from workflows.provenance.runs import Runs
from workflows.store import Store, StoreFull


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "workflows.sqlite")
    yield opened
    opened.close()


def job(run: str) -> Job:
    return Job(
        run, 0, False, None, text(run), {}, ("1",), time.time(), id=1, state=State.RUNNING, attempts=1,
        started=time.time(),
    )  # fmt: skip


def ended(run: str) -> list[Sight]:
    """A run's beginning and end."""
    begun = job(run)
    ending = Ending(State.SUCCESS, time.time(), {"1": {"text": [run]}}, {}, [])
    return [Sight(begun, Registry(), {}), Sight(begun, Registry(), {}, ending)]


def test_what_a_full_disk_refuses_is_written_when_there_is_room(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[int] = []
    save = Runs.save

    def full(runs: Runs, records: Any) -> None:
        if len(refused) < 3:
            refused.append(len(records))
            raise StoreFull("the disk is full")
        save(runs, records)

    monkeypatch.setattr(Runs, "save", full)
    monkeypatch.setattr(recorder, "_PAUSE", 0.01)
    recording = Recorder(Folders.at(tmp_path))
    recording.start(store)
    for run in ("one", "two"):
        for sight in ended(run):
            recording.note(sight)
        recording.wait(run, 10)
    recording.stop()
    assert len(refused) == 3
    assert all(Runs(store).get(run).complete for run in ("one", "two"))


def test_stopping_writes_what_was_seen_and_the_next_start_completes_it(store: Store, tmp_path: Path) -> None:
    recording = Recorder(Folders.at(tmp_path))
    recording.start(store)
    begin, end = ended("one")
    recording.note(begin)
    recording.note(end)
    recording.stop()
    [record] = Runs(store).incomplete()
    assert (record.status, record.outputs[0].value) == ("success", "one")
    again = Recorder(Folders.at(tmp_path))
    again.start(store)
    again.finish([record])
    again.wait("one", 10)
    again.stop()
    assert Runs(store).get("one").complete


def test_only_the_newest_runs_are_kept_in_memory_while_there_is_no_store(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_MOST", 10)
    recording = Recorder(Folders.at(tmp_path))
    for number in range(30):
        recording.note(ended(f"run {number}")[1])
    recording.start(store)
    recording.wait("run 29", 10)
    recording.stop()
    assert sorted(record.run for record in Runs(store).latest()) == [f"run {n}" for n in range(20, 30)]
