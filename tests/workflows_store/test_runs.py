"""Records of runs: what was written comes back, however it was run and whatever came of it."""

from dataclasses import replace
from typing import Any

import pytest

from workflows.provenance import FileUsed, Output, RunRecord
from workflows.provenance.runs import Runs
from workflows.store import AmbiguousRef, NotFound, Store

RECORD = RunRecord(
    run="0123456789abcdef",
    status="success",
    created=100.5,
    workflow="portrait",
    inputs={"prompt": "ein Fu\u0308chslein", "cfg": 4.0},
    seeds={"3": {"seed": 2**64 - 1}},
    targets=("9",),
    nodes={"KSampler": {"version": 1, "code": "ab"}},
    files=(FileUsed("checkpoints", "a", ("4",), "cd", 5), FileUsed("input", "b.png")),
    environment={"libraries": {"torch": "2.13.0"}},
    outputs=(
        Output("9", "images", 0, {"filename": "a.png", "subfolder": "", "type": "output"}, pixels="ef"),
    ),
    started=101.0,
    finished=102.0,
    complete=True,
)


def test_a_record_comes_back_as_it_was(store: Store) -> None:
    Runs(store).save([(RECORD, {"1": {}})])
    assert Runs(store).get(RECORD.run) == RECORD


def test_a_prompt_comes_back_to_the_letter_and_to_the_number(store: Store) -> None:
    prompt: dict[str, Any] = {
        "2": {"inputs": {"text": "Fu\u0308chslein \ud800", "cfg": 4.0, "steps": 4}},
        "1": {"inputs": {}},
    }
    Runs(store).save([(RECORD, prompt)])
    found = Runs(store).prompt(RECORD.run)
    assert repr(found) == repr(prompt)  # the order and 4.0 apart from 4, too


def test_a_later_record_replaces_the_earlier_and_keeps_the_prompt(store: Store) -> None:
    runs = Runs(store)
    begun = replace(RECORD, status="running", outputs=(), finished=None, complete=False)
    runs.save([(begun, {"1": {}})])
    assert runs.incomplete() == [begun]
    runs.save([(RECORD, None)])
    assert (runs.incomplete(), runs.prompt(RECORD.run)) == ([], {"1": {}})


def test_a_run_is_found_by_how_its_id_begins(store: Store) -> None:
    runs = Runs(store)
    runs.save([(replace(RECORD, run=run), {}) for run in ("abcdef-1", "abcdef-2", "012345%")])
    assert runs.find("abcdef-1").run == "abcdef-1"
    assert runs.find("012345").run == "012345%"
    with pytest.raises(AmbiguousRef, match="give more digits"):
        runs.find("abcdef")
    for text in ("abcde", "%%%%%%", "ffffff"):
        with pytest.raises(NotFound):
            runs.find(text)


def test_runs_of_a_version_are_found_whatever_its_workflow_is_called_by_now(store: Store) -> None:
    version = store.create("portrait", {"prompt": {"1": {"class_type": "A", "inputs": {}}}}, author="ada")
    runs = Runs(store)
    runs.save([(replace(RECORD, version=version.id), {}), (replace(RECORD, run="f" * 8), {})])
    store.change("portrait", new_name="likeness")
    assert [record.run for record in runs.latest(version=version.id)] == [RECORD.run]
