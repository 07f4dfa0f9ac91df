"""Outputs of runs as records have them, and what differs between two environments."""

from workflows.provenance import code_differences, differences
from workflows.provenance.outputs import outputs_of


def test_outputs_are_files_and_values_and_nothing_else() -> None:
    file = {"filename": "a.png", "subfolder": "x", "type": "temp"}
    shown = {
        "9": {"images": [file, {"filename": "b.png", "type": "output"}], "animated": [False]},
        "7": {"values": [1.0, "x" * 5000], "text": ["hello"]},
        "3": None,
    }
    found = outputs_of(shown)
    assert [(o.node, o.name, o.index) for o in found] == [
        ("9", "images", 0), ("9", "images", 1), ("7", "values", 0), ("7", "values", 1), ("7", "text", 0)
    ]  # fmt: skip
    assert (found[0].file, found[1].file) == (file, {"filename": "b.png", "subfolder": "", "type": "output"})
    assert (found[2].value, found[3].value, found[4].value) == (1.0, None, "hello")
    assert found[3].sha256 is not None


def test_differences_name_the_fact_and_both_values() -> None:
    before = {
        "libraries": {"torch": "2.12", "numpy": "2"},
        "device": {"type": "cpu", "name": "a"},
        "threads": 2,
    }
    now = {
        "libraries": {"torch": "2.13", "numpy": "2"},
        "device": {"type": "cpu", "name": "b"},
        "engine": "f" * 64,
    }
    assert [str(one) for one in differences(before, now)] == [
        "torch: 2.12 → 2.13",
        "device.name: a → b",
        "threads: 2 → not there",
        "engine: not there → ffffffffffff",
    ]
    assert differences(now, now) == []
    auto, chosen = ({"precision": {"policy": name, "network": "bfloat16"}} for name in ("auto", "bf16"))
    assert differences(auto, chosen) == []


def test_code_that_changed_or_is_gone_is_named() -> None:
    before = {name: {"version": 1, "code": "x"} for name in "ABCD"}
    now = {"A": before["A"], "B": {"version": 1, "code": "y"}, "C": {"version": 2, "code": "y"}}
    found = [str(one) for one in code_differences(before, now)]
    assert found == ["B code: x → y", "C version: 1 → 2", "D version: 1 → not there"]
