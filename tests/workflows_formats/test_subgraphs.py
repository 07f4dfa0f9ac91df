"""Subgraphs and group nodes: values of instances, modes, nesting, and what is not there."""

from typing import Any

import pytest

from tests.workflows_formats.files import Sketch, klass

ADD = klass("Add", ["INT"], a=["INT", {"default": 1}], b=["INT", {"default": 2}])
SHOW = klass("Show", [], value=["INT", {"default": 0}])
USED = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
OUTER = "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"


def definition(kind: str = USED, inner: str = "Add", **more: Any) -> dict[str, Any]:
    """A subgraph of one node: its inputs `a` and `b` are promoted, its output is 0."""
    slots = [
        {"name": name, "type": "INT", "widget": {"name": name}, "link": link}
        for name, link in (("a", 1), ("b", 2))
    ]
    node = {
        "id": 7,
        "type": inner,
        "mode": 0,
        "inputs": slots,
        "outputs": [{"type": "INT"}],
        "widgets_values": [10, 20],
    }
    ends = [(1, -10, 0, 7, 0), (2, -10, 1, 7, 1), (3, 7, 0, -20, 0)]
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    return {
        "id": kind,
        "name": f"uses {inner}",
        "inputs": [
            {"name": "a", "type": "INT", "linkIds": [1]},
            {"name": "b", "type": "INT", "linkIds": [2]},
        ],
        "outputs": [{"name": "sum", "type": "INT", "linkIds": [3]}],
        "nodes": [node],
        "links": [dict(zip(keys, link, strict=True)) for link in ends],
        **more,
    }


def sketch_of(*definitions: dict[str, Any]) -> Sketch:
    sketch = Sketch(ADD, SHOW)
    sketch.document["definitions"] = {"subgraphs": list(definitions)}
    return sketch


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 4], {"a": 3, "b": 4}),
        ([3], {"a": 3, "b": 20}),
        ([], {"a": 10, "b": 20}),
        (None, {"a": 10, "b": 20}),
        ([None, 4], {"a": 10, "b": 4}),
        ({"b": 4}, {"a": 10, "b": 4}),
        ([3, 4, 5, 6], {"a": 3, "b": 4}),
    ],
)
def test_an_instance_has_values_of_its_own_where_it_has_any(values: Any, expected: dict[str, int]) -> None:
    sketch = sketch_of(definition())
    sketch.node(USED, values)
    assert sketch.inputs("1:7") == expected


def test_a_link_into_an_instance_wins_over_its_value() -> None:
    sketch = sketch_of(definition())
    source = sketch.node("Add", [5, 6])
    sketch.node(USED, [3, 4], b=(source, 0))
    assert sketch.inputs("2:7") == {"a": 3, "b": ["1", 0]}


def test_a_primitive_reaches_into_an_instance() -> None:
    sketch = sketch_of(definition())
    sketch.node(USED, [3, 4], b=(sketch.node("PrimitiveNode", [99, "fixed"]), 0))
    assert sketch.inputs("2:7") == {"a": 3, "b": 99}


def test_nested_instances_take_values_from_the_outermost_that_has_them() -> None:
    sketch = sketch_of(definition(OUTER, USED), definition())
    sketch.node("Show", [0], value=(2, 0))
    sketch.node(OUTER, [8])
    assert sketch.inputs("2:7:7") == {"a": 8, "b": 20}
    assert sketch.inputs(1) == {"value": ["2:7:7", 0]}
    assert sketch.codes() == []


def test_a_subgraph_that_contains_itself_is_an_error() -> None:
    sketch = sketch_of(definition(OUTER, USED), definition(USED, OUTER))
    sketch.node(OUTER, [8])
    assert [error.code for error in sketch.converted().errors] == ["recursive_subgraph"]
    assert "contains itself" in sketch.converted().errors[0].message


def test_doubling_definitions_end_with_an_error_not_with_all_memory() -> None:
    chain: list[dict[str, Any]] = []
    for level in range(40):
        inner = f"00000000-0000-4000-8000-{level + 1:012}"
        twice = [{"id": number, "type": inner, "mode": 0} for number in (1, 2)]
        chain.append({"id": f"00000000-0000-4000-8000-{level:012}", "nodes": twice})
    sketch = sketch_of(*chain)
    sketch.node(chain[0]["id"])
    with pytest.raises(ValueError, match="over 100,000 nodes"):
        sketch.converted()


def test_a_missing_definition_is_an_error_unless_the_instance_is_muted() -> None:
    sketch = sketch_of()
    sketch.node(USED, [1])
    assert [(error.code, error.node) for error in sketch.converted().errors] == [("missing_subgraph", "1")]
    sketch[1]["mode"] = 2
    assert sketch.converted().errors == ()


@pytest.mark.parametrize(("mode", "value"), [(0, ["2:7", 0]), (2, "gone"), (4, ["1", 0])])
def test_the_mode_of_an_instance_is_that_of_its_inside(mode: int, value: Any) -> None:
    sketch = sketch_of(definition())
    source = sketch.node("Add", [5, 6])
    instance = sketch.node(USED, [3, 4], mode=mode, a=(source, 0))
    show = sketch.node("Show", [0], value=(instance, 0))
    assert sketch.inputs(show).get("value", "gone") == value
    assert ("2:7" in sketch.converted().prompt) == (mode == 0)


def test_an_inner_node_keeps_its_own_mode() -> None:
    bypassed = definition()
    bypassed["nodes"][0]["mode"] = 4
    sketch = sketch_of(bypassed)
    source = sketch.node("Add", [5, 6])
    show = sketch.node("Show", [0], value=(sketch.node(USED, [3, 4], a=(source, 0)), 0))
    assert sketch.inputs(show) == {"value": ["1", 0]}
    # Its first input is a value of the instance, not a link: that is what comes out then.
    sketch[2]["inputs"] = []
    assert sketch.inputs(show) == {"value": 3}


def test_outputs_without_a_link_inside_bring_nothing() -> None:
    sketch = sketch_of(definition(outputs=[{"name": "none", "type": "INT", "linkIds": [99]}]))
    show = sketch.node("Show", [7], value=(sketch.node(USED), 5))
    assert sketch.inputs(show) == {"value": 7}


def group(nodes: list[dict[str, Any]], links: list[Any], **more: Any) -> Sketch:
    sketch = Sketch(ADD, SHOW)
    sketch.document["extra"] = {"groupNodes": {"G": {"nodes": nodes, "links": links, "external": [], **more}}}
    return sketch


def test_names_that_clash_in_a_group_node_get_the_title_and_then_a_count() -> None:
    adds: list[dict[str, Any]] = [{"type": "Add", "title": "T", "widgets_values": [1, 2]} for _ in range(3)]
    sketch = group(adds, [])
    source = sketch.node("Add", [5, 6])
    names = {"a": 0, "T a": 1, "T 2 a": 2}
    links: dict[str, Any] = dict.fromkeys(names, (source, 0))
    node = sketch.node("workflow>G", [11, 12, 21, 22, 31, 32], **links)
    found = sketch.converted().prompt
    assert [found[f"{node}:{index}"]["inputs"] for index in names.values()] == [
        {"a": ["1", 0], "b": 12}, {"a": ["1", 0], "b": 22}, {"a": ["1", 0], "b": 32}
    ]  # fmt: skip


def test_old_names_of_group_nodes_and_inner_links_work() -> None:
    sketch = group(
        [{"type": "Add"}, {"type": "Show", "inputs": [{"name": "value", "type": "INT"}]}],
        [[0, 0, 1, 0, 9, "INT"]],
    )
    node = sketch.node("workflow/G", [3, 4])
    prompt = sketch.converted().prompt
    assert prompt[f"{node}:0"]["inputs"] == {"a": 3, "b": 4}
    assert prompt[f"{node}:1"]["inputs"] == {"value": [f"{node}:0", 0]}


def test_what_a_group_node_hides_or_renames() -> None:
    config = {"0": {"input": {"a": {"visible": False}, "b": {"name": "second"}}}}
    sketch = group([{"type": "Add", "widgets_values": [1, 2]}], [], config=config)
    source = sketch.node("Add", [5, 6])
    node = sketch.node("workflow>G", [9])
    assert sketch.inputs(f"{node}:0") == {"a": 1, "b": 9}
    linked = sketch.node("workflow>G", [9], second=(source, 0))
    assert sketch.inputs(f"{linked}:0") == {"a": 1, "b": ["1", 0]}


def test_a_primitive_inside_a_group_node_is_one_of_its_widgets() -> None:
    nodes = [
        {"type": "PrimitiveNode", "title": "N", "outputs": [{"type": "INT"}], "widgets_values": [1, "fixed"]},
        {
            "type": "Add",
            "inputs": [{"name": "b", "type": "INT", "widget": {"name": "b"}}],
            "widgets_values": [3, 4],
        },
    ]
    sketch = group(nodes, [[0, 0, 1, 0, 5, "INT"]])
    node = sketch.node("workflow>G", [50, "randomize", 60])
    assert sketch.inputs(f"{node}:1") == {"a": 60, "b": 50}
    assert set(sketch.converted().prompt) == {f"{node}:1"}


def test_group_nodes_contain_others() -> None:
    sketch = group([{"type": "Add"}], [])
    sketch.document["extra"]["groupNodes"]["H"] = {
        "nodes": [{"type": "workflow>G"}, {"type": "Show", "inputs": [{"name": "value", "type": "INT"}]}],
        "links": [[0, 0, 1, 0, 5, "INT"]],
    }
    node = sketch.node("workflow>H", [7, 8])
    prompt = sketch.converted().prompt
    assert prompt[f"{node}:0:0"]["inputs"] == {"a": 7, "b": 8}
    assert prompt[f"{node}:1"]["inputs"] == {"value": [f"{node}:0:0", 0]}
