from typing import Any

import pytest

from cli.workflow_file import WorkflowError, apply_change, read_workflow


@pytest.fixture
def prompt() -> dict[str, Any]:
    return {
        "3": {"class_type": "KSampler", "inputs": {"seed": 1}, "_meta": {"title": "My sampler"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a"}, "_meta": {"title": "Prompt"}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}, "_meta": {"title": "Negative"}},
    }


@pytest.mark.parametrize("name", ["3", "KSampler", "My sampler"])
def test_a_node_is_named_by_id_title_or_class(prompt: dict[str, Any], name: str) -> None:
    apply_change(prompt, f"{name}.seed=7")
    assert prompt["3"]["inputs"]["seed"] == 7


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a fox", "a fox"),
        ('"5"', "5"),
        ("0.5", 0.5),
        ("true", True),
        ("x=y", "x=y"),
        ("[1, 2]", {"__value__": [1, 2]}),
    ],
)
def test_values_are_json_where_they_can_be(prompt: dict[str, Any], text: str, value: object) -> None:
    apply_change(prompt, f"6.text={text}")
    assert prompt["6"]["inputs"]["text"] == value


def test_an_ambiguous_name_lists_the_ids(prompt: dict[str, Any]) -> None:
    with pytest.raises(WorkflowError, match=r"2 nodes are called 'CLIPTextEncode'.*6 .*7 "):
        apply_change(prompt, "CLIPTextEncode.text=x")


def test_a_misspelt_name_is_met_with_the_nearest(prompt: dict[str, Any]) -> None:
    with pytest.raises(WorkflowError, match="Did you mean 'Negative'"):
        apply_change(prompt, "Negativ.text=x")


@pytest.mark.parametrize("change", ["seed", "3.seed", "=3", ".seed=3", "3.=4"])
def test_a_malformed_change_shows_the_form(prompt: dict[str, Any], change: str) -> None:
    with pytest.raises(WorkflowError, match=r"NODE\.INPUT=VALUE"):
        apply_change(prompt, change)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not valid JSON"),
        ("[1]", "object of nodes"),
        ('{"templates": []}', "templates"),
    ],
)
def test_a_file_that_is_no_workflow_says_why(tmp_path: Any, text: str, says: str) -> None:
    (tmp_path / "w.json").write_text(text)
    with pytest.raises(WorkflowError, match=says):
        read_workflow(tmp_path / "w.json")


def test_a_missing_file_is_named(tmp_path: Any) -> None:
    with pytest.raises(WorkflowError, match=r"nope\.json: cannot be read"):
        read_workflow(tmp_path / "nope.json")
