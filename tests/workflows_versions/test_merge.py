"""A merge keeps what both did, and asks where it cannot know."""

import copy
from typing import Any

import pytest

from tests.workflows_versions import edits
from tests.workflows_versions.edits import connect, disconnect, drawing, find
from tests.workflows_versions.merging import Edit, chain, merged, put, remove, values
from tests.workflows_versions.test_document import DEFINITIONS, canvas
from workflows.diff import diff
from workflows.document import DocumentError, function_of, join, split
from workflows.merge import ResolutionError, merge


def test_two_values_of_one_node_are_both_kept() -> None:
    result = merged(canvas("text_to_image"), put(3, 2, 30), put(3, 4, "dpmpp_2m"))
    assert result.clean
    assert values(result.document, 3) == [156680208700286, "randomize", 30, 8, "dpmpp_2m", "normal", 1]


def test_one_input_set_to_two_values_is_a_conflict_and_can_be_decided() -> None:
    base = canvas("text_to_image")
    result = merged(base, put(3, 2, 30), put(3, 2, 40))
    assert [conflict.to_json() for conflict in result.conflicts] == [
        {"id": "/3/steps", "kind": "value", "graph": "", "node": "3", "title": None, "class_type": "KSampler",
         "input": "steps", "base": 20, "ours": 30, "theirs": 40}
    ]  # fmt: skip
    assert not result.clean and values(result.document, 3)[2] == 30
    for decision, expected in (("ours", 30), ("theirs", 40), ({"value": 35}, 35)):
        decided = merged(base, put(3, 2, 30), put(3, 2, 40), {"/3/steps": decision})
        assert decided.clean and values(decided.document, 3)[2] == expected


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    base = canvas("text_to_image")
    result = merged(base, put(3, 2, 30), put(3, 2, 30.0))
    assert result.clean and values(result.document, 3)[2] == 30


def test_what_one_side_spelled_out_by_opening_is_no_change() -> None:
    base = drawing(("Save", []))
    result = merged(
        base,
        lambda document: find(document, 1).update(widgets_values=["out"]),  # pyright: ignore
        lambda document: find(document, 1).update(widgets_values=["mine"]),  # pyright: ignore
    )
    assert result.clean and values(result.document, 1) == ["mine"]


def test_values_of_unknown_classes_merge_by_position() -> None:
    base: Any = {"nodes": [{"id": 1, "type": "Strange", "widgets_values": [1, 2, 3]}], "links": []}
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["nodes"][0]["widgets_values"][0] = 10
    theirs["nodes"][0]["widgets_values"] += [4]
    result = merge(base, ours, theirs, lambda name: None)
    assert result.clean and values(result.document, 1) == [10, 2, 3, 4]


def test_titles_modes_and_properties_merge() -> None:
    result = merged(
        chain(),
        lambda document: document["nodes"][0].update(title="mine", mode=4),
        lambda document: document["nodes"][0]["properties"].update(note="theirs"),
    )
    node = find(result.document, 1)
    assert result.clean and node is not None
    assert (node["title"], node["mode"], node["properties"]["note"]) == ("mine", 4, "theirs")


def test_two_titles_are_a_conflict() -> None:
    def title(text: str) -> Edit:
        return lambda document: document["nodes"][0].update(title=text)

    conflict = merged(chain(), title("mine"), title("theirs")).conflicts[0]
    assert (conflict.id, conflict.kind, conflict.ours, conflict.theirs) == (
        "/1/:title",
        "title",
        "mine",
        "theirs",
    )
    decided = merged(chain(), title("mine"), title("theirs"), {"/1/:title": "theirs"})
    assert decided.clean and decided.document["nodes"][0]["title"] == "theirs"


def test_different_nodes_under_one_new_id_are_both_kept() -> None:
    def add(kind: str, content: str) -> Edit:
        def edit(document: Any) -> None:
            edits.add(document, 9, kind, [content])
            document["extra"]["darkroom"] = {"function": function("9")} if kind == "Text" else {}
            if kind == "Load":
                connect(document, 9, 2, "b")
            else:
                connect(document, 9, 3, "b")

        return edit

    def function(node: str) -> Any:
        return {"inputs": [{"name": "text", "type": "STRING", "targets": [{"node": node, "input": "text"}]}]}

    result = merged(chain(), add("Load", "ours"), add("Text", "theirs"))
    assert result.clean
    assert values(result.document, 9) == ["ours"] and values(result.document, 10) == ["theirs"]
    meaning = split(result.document).meaning
    assert meaning["nodes"]["2"]["inputs"]["b"] == ["9", 0] and meaning["nodes"]["3"]["inputs"]["b"] == [
        "10",
        0,
    ]
    assert function_of(result.document) == function("10")


def test_the_same_node_added_by_both_is_added_once() -> None:
    def edit(document: Any) -> None:
        edits.add(document, 9, "Load", ["new"])

    result = merged(chain(), edit, edit)
    assert result.clean and [node["id"] for node in result.document["nodes"]] == [1, 2, 3, 4, 5, 9]


def test_layout_of_both_is_kept_and_ours_wins_silently() -> None:
    def ours(document: Any) -> None:
        document["nodes"][0]["pos"] = [1, 1]
        document["nodes"][1]["pos"] = [2, 2]
        document["groups"].append({"title": "mine", "bounding": [0, 0, 1, 1]})

    def theirs(document: Any) -> None:
        document["nodes"][1]["pos"] = [3, 3]
        document["nodes"][2].update(pos=[4, 4], color="#fff")
        document["groups"].append({"title": "theirs", "bounding": [0, 0, 2, 2]})

    result = merged(chain(), ours, theirs)
    assert result.clean
    nodes = result.document["nodes"]
    assert [node["pos"] for node in nodes[:3]] == [[1, 1], [2, 2], [4, 4]] and nodes[2]["color"] == "#fff"
    assert [group["title"] for group in result.document["groups"]] == ["mine", "theirs"]


def test_a_side_with_new_ids_throughout_merges_into_ours() -> None:
    base = canvas("text_to_image")
    theirs = copy.deepcopy(base)
    values(theirs, 3)[2] = 30
    for node in theirs["nodes"]:
        node["id"] += 100
    for link in theirs["links"]:
        link[1] += 100
        link[3] += 100
    ours = copy.deepcopy(base)
    values(ours, 5)[0] = 768
    result = merge(base, ours, theirs, DEFINITIONS)
    assert result.clean
    assert values(result.document, 3)[2] == 30 and values(result.document, 5)[0] == 768
    assert len(result.document["nodes"]) == len(base["nodes"])


def test_prompts_merge_with_prompts() -> None:
    base = canvas("text_to_image.api")
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["prompt"]["3"]["inputs"]["steps"] = 30
    theirs["prompt"]["3"]["inputs"]["cfg"] = 5
    result = merge(base, ours, theirs, DEFINITIONS)
    assert result.clean
    inputs = result.document["prompt"]["3"]["inputs"]
    assert (inputs["steps"], inputs["cfg"], inputs["model"]) == (30, 5, ["4", 0])
    with pytest.raises(DocumentError, match="prompt cannot be merged"):
        merge(base, canvas("text_to_image"), base, DEFINITIONS)


@pytest.mark.parametrize(
    ("resolutions", "words"),
    [
        ({"/9/text": "ours"}, "no conflict /9/text; the conflicts are: /3/steps"),
        ({"/3/steps": "mine"}, "has to be"),
    ],
)
def test_a_resolution_that_fits_nothing_is_refused(resolutions: dict[str, Any], words: str) -> None:
    with pytest.raises(ResolutionError, match=words):
        merged(canvas("text_to_image"), put(3, 2, 30), put(3, 2, 40), resolutions)


def test_the_documents_are_left_alone() -> None:
    base = canvas("subgraph")
    before = copy.deepcopy(base)
    merged(base, put(21, 0, 5), remove(10))
    assert base == before


def test_a_merge_of_files_reads_like_both_diffs() -> None:
    base = canvas("text_to_image")
    result = merged(base, put(3, 2, 30), lambda document: disconnect(document, 8, "vae"))
    found = diff(base, result.document, DEFINITIONS)
    assert [(change.kind, change.input) for change in found.changes] == [
        ("value", "steps"),
        ("rewired", "vae"),
    ]
    assert join(*split(result.document)) == result.document
