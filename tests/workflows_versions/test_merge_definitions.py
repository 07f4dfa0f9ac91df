"""Subgraphs and declared functions in a merge."""

import copy
from typing import Any

from tests.workflows_versions import edits
from tests.workflows_versions.edits import drawing, find
from tests.workflows_versions.merging import Edit, chain, merged, values
from tests.workflows_versions.test_document import DEFINITIONS, canvas
from workflows.document import function_of, with_function
from workflows.formats import convert
from workflows.merge import merge


def test_subgraphs_merge_inside_and_instances_keep_their_values_by_name() -> None:
    base = canvas("subgraph")

    def definition(document: Any) -> Any:
        return document["definitions"]["subgraphs"][0]

    def ours(document: Any) -> None:
        sampler = next(node for node in definition(document)["nodes"] if node["type"] == "KSampler")
        sampler["widgets_values"][2] = 77
        values(document, 21)[0] = 5

    def theirs(document: Any) -> None:
        graph = definition(document)
        graph["name"] = "Theirs"
        # The text is asked for before the seed from now on: so are the values of instances.
        seed, text = graph["inputs"][3:5]
        graph["inputs"][3:5] = [text, seed]
        for link in graph["links"]:
            if link["origin_id"] == -10 and link["origin_slot"] in (3, 4):
                link["origin_slot"] = 7 - link["origin_slot"]
        for number in (20, 21):
            row = values(document, number)
            row[0:2] = [row[1], row[0]]

    result = merged(base, ours, theirs)
    assert result.clean
    assert definition(result.document)["name"] == "Theirs"
    assert values(result.document, 21)[:2] == ["a lighthouse at dusk, storm", 5]
    prompt = convert(result.document, DEFINITIONS).prompt
    assert {entry["inputs"]["steps"] for entry in prompt.values() if entry["class_type"] == "KSampler"} == {
        77
    }
    assert prompt["20:3"]["inputs"]["seed"] == 111


def test_conflicts_inside_a_definition_name_it() -> None:
    base = canvas("subgraph")

    def edit(steps: int) -> Edit:
        def change(document: Any) -> None:
            graph = document["definitions"]["subgraphs"][0]
            next(node for node in graph["nodes"] if node["type"] == "KSampler")["widgets_values"][2] = steps

        return change

    name = base["definitions"]["subgraphs"][0]["id"]
    result = merged(base, edit(30), edit(40))
    assert [(conflict.id, conflict.graph) for conflict in result.conflicts] == [(f"/{name}/3/steps", name)]


def test_a_definition_that_is_needed_is_not_lost() -> None:
    base = canvas("subgraph")
    without = canvas("text_to_image")
    more = copy.deepcopy(base)
    second: Any = find(base, 21)
    more["nodes"].append({**second, "id": 90, "inputs": []})
    result = merge(base, without, more, DEFINITIONS)
    names = {graph["name"] for graph in result.document["definitions"]["subgraphs"]}
    assert "Prompt and Sample" in names
    assert find(result.document, 90) is not None


def test_definitions_that_came_to_contain_each_other_are_a_conflict() -> None:
    def graph(name: str) -> Any:
        return {"id": name, "name": f"The {name}", "inputs": [], "outputs": [], "nodes": [], "links": []}

    def put_into(index: int, kind: str) -> Edit:
        def edit(document: Any) -> None:
            document["definitions"]["subgraphs"][index]["nodes"].append({"id": 7, "type": kind})

        return edit

    base = {**drawing(("Text", ["a"])), "definitions": {"subgraphs": [graph("S"), graph("T")]}}
    result = merged(base, put_into(0, "T"), put_into(1, "S"))
    assert [(conflict.id, conflict.kind) for conflict in result.conflicts] == [("/T/7", "cycle")]
    for resolutions, counts in (({}, [1, 0]), ({"/T/7": "theirs"}, [0, 1])):
        document = merged(base, put_into(0, "T"), put_into(1, "S"), resolutions).document
        assert [len(found["nodes"]) for found in document["definitions"]["subgraphs"]] == counts


def test_declarations_merge_entry_by_entry() -> None:
    def entry(name: str, **more: Any) -> Any:
        return {"name": name, "type": "INT", "targets": [{"node": "2", "input": "seed"}], **more}

    base = with_function(chain(), {"title": "T", "inputs": [entry("a"), entry("b")], "outputs": []})
    ours = with_function(
        base, {"title": "T", "inputs": [entry("a", min=1), entry("b"), entry("c")], "outputs": []}
    )
    theirs = with_function(
        base, {"title": "U", "inputs": [entry("a"), entry("b", max=9), entry("d")], "outputs": []}
    )
    result = merge(base, ours, theirs, edits.DEFINITIONS)
    assert result.clean
    assert function_of(result.document) == {
        "title": "U",
        "inputs": [entry("a", min=1), entry("b", max=9), entry("c"), entry("d")],
        "outputs": [],
    }
    other = with_function(base, {"title": "T", "inputs": [entry("a", min=2), entry("b")], "outputs": []})
    assert [c.id for c in merge(base, ours, other, edits.DEFINITIONS).conflicts] == ["/:function/inputs/a"]
