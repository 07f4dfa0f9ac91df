"""A pack that goes wrong is listed with its reason; the others load, and the server answers."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.program import Program
from tests.nodes.comfy.bench import graph
from tests.nodes.comfy.faulty import PACKS, write_packs


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    base = tmp_path_factory.mktemp("faulty")
    write_packs(base / "custom_nodes")
    with Program(base) as started:
        yield started


@pytest.fixture(scope="module")
def reports(faulty: Program) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:  # one of them ends the worker twice
        try:
            return {report["name"]: report for report in faulty.get("/api/v1/packs")["packs"]}
        except urllib.error.HTTPError as error:
            assert error.code == 503
            time.sleep(0.2)
    raise AssertionError("the worker did not come up")


def test_every_pack_is_listed_and_nothing_else(reports: dict[str, Any]) -> None:
    assert set(reports) == {*PACKS, "z_file"}


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ("a_import_error", "No module named 'there_is_no_such_module'"),
        ("b_no_network", "Darkroom has no such part of ComfyUI"),
        ("c_exit", "sys.exit('not today')"),
        ("d_syntax", "SyntaxError"),
        ("e_nothing", "neither NODE_CLASS_MAPPINGS nor comfy_entrypoint"),
        ("f_list", "must be a dict, not list"),
        ("p_dies", "ended 2 times while it was imported"),
    ],
)
def test_a_pack_that_cannot_be_imported_says_why(reports: dict[str, Any], pack: str, reason: str) -> None:
    assert reason in reports[pack]["error"]
    assert reports[pack]["nodes"] == []


def test_reports_name_no_folder_of_this_machine(faulty: Program, reports: dict[str, Any]) -> None:
    assert reports["a_import_error"]["path"] == "custom_nodes/a_import_error"
    assert str(faulty.base) not in str(reports)
    assert 'File "a_import_error/__init__.py", line 1' in reports["a_import_error"]["traceback"]


def test_a_slow_pack_is_timed_and_its_failed_early_script_noted(reports: dict[str, Any]) -> None:
    assert reports["i_slow"]["error"] is None
    assert reports["i_slow"]["seconds"] >= 1.5
    assert "too early" in reports["i_slow"]["notes"][0]


def test_a_class_whose_inputs_raise_is_left_out_alone(faulty: Program, reports: dict[str, Any]) -> None:
    assert reports["j_raises_inputs"]["nodes"] == ["Halves"]
    assert "no folder" in reports["j_raises_inputs"]["notes"][0]
    assert "Bad" not in faulty.get("/object_info")


def test_built_in_names_cannot_be_taken(faulty: Program, reports: dict[str, Any]) -> None:
    assert "KSampler" not in reports["m_steals"]["nodes"]
    assert "cannot be replaced" in " ".join(reports["m_steals"]["notes"])
    assert faulty.get("/object_info/KSampler")["KSampler"]["python_module"] == "nodes"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Printed", "printed x"),
        ("Slow", "slow x"),
        ("Halves", "x"),
        ("Twice", "second x"),
        ("Socket", "socket x"),
        ("Patches", "patched x"),
        ("OneFile", "file x"),
    ],
)
def test_the_packs_that_load_run(faulty: Program, kind: str, said: str) -> None:
    entry = faulty.run(graph(it=(kind, {"text": "x"})))
    assert entry["outputs"]["it"]["text"] == [said]


def test_a_pack_that_takes_another_s_name_notes_it(reports: dict[str, Any]) -> None:
    assert "custom_nodes.k_first" in reports["l_second"]["notes"][0]
