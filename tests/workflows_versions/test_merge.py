"""A merge keeps what both did, and asks where it cannot know."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.spec import InputSpec, NodeSpec, OutputSpec
from tests.workflows_versions import edits
from tests.workflows_versions.edits import connect, disconnect, drawing, find
from tests.workflows_versions.test_document import DEFINITIONS, canvas
from workflows.diff import diff
from workflows.document import DocumentError, formatted, function_of, join, split, with_function
from workflows.formats import convert
from workflows.merge import Merge, ResolutionError, merge
from workflows.merge.files import merge_files, remembered_definitions

Edit = Callable[[Any], object]


def merged(base: Any, ours: Edit, theirs: Edit, resolutions: dict[str, Any] | None = None) -> Merge:
    """The merge of two edits of one document."""
    sides = [copy.deepcopy(base), copy.deepcopy(base)]
    ours(sides[0])
    theirs(sides[1])
    known = edits.DEFINITIONS if edits.DEFINITIONS(base["nodes"][0]["type"]) else DEFINITIONS
    return merge(base, sides[0], sides[1], known, resolutions)


def values(document: Any, number: int) -> Any:
    node = find(document, number)
    return None if node is None else node["widgets_values"]


def put(number: int, index: int, value: Any) -> Edit:
    """Set one value of one node."""

    def edit(document: Any) -> None:
        values(document, number)[index] = value

    return edit


def remove(number: int) -> Edit:
    """Delete one node, with its links."""

    def edit(document: Any) -> None:
        links = [link[0] for link in document["links"] if number in (link[1], link[3])]
        for node in document["nodes"]:
            for slot in node["inputs"]:
                slot["link"] = None if slot["link"] in links else slot["link"]
        document["links"] = [link for link in document["links"] if link[0] not in links]
        document["nodes"] = [node for node in document["nodes"] if node["id"] != number]

    return edit


def chain() -> Any:
    """Load → Mix → Mix → Save, and a Text beside it."""
    return drawing(
        ("Load", ["a"]), ("Mix", [1, "fixed", 0.5]), ("Mix", [2, "fixed", 0.5]), ("Save", ["x"]),
        ("Text", ["t"]),
        links=[(1, 2, "a"), (2, 3, "a"), (3, 4, "images")],
    )  # fmt: skip


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


def test_a_node_one_deleted_and_the_other_changed_is_a_conflict() -> None:
    for ours, theirs, stays in ((remove(5), put(5, 0, "new"), False), (put(5, 0, "new"), remove(5), True)):
        result = merged(chain(), ours, theirs)
        assert [(conflict.id, conflict.kind) for conflict in result.conflicts] == [("/5", "deleted")]
        assert (find(result.document, 5) is not None) == stays
        decided = merged(chain(), ours, theirs, {"/5": "theirs"})
        assert decided.clean and (find(decided.document, 5) is not None) != stays


def test_moving_a_node_does_not_keep_it_from_being_deleted() -> None:
    result = merged(chain(), remove(5), lambda document: document["nodes"][4].update(pos=[9, 9]))
    assert result.clean and find(result.document, 5) is None


def test_a_link_to_a_node_the_other_deleted_is_a_conflict() -> None:
    def link(document: Any) -> None:
        connect(document, 5, 3, "b")

    for ours, theirs, stays in ((link, remove(5), True), (remove(5), link, False)):
        result = merged(chain(), ours, theirs)
        assert [(conflict.id, conflict.kind) for conflict in result.conflicts] == [("/3/b", "link")]
        assert (find(result.document, 5) is not None) == stays
        decided = merged(chain(), ours, theirs, {"/3/b": "theirs"})
        assert decided.clean and (find(decided.document, 5) is not None) != stays
        meaning = split(decided.document).meaning
        assert ("b" in meaning["nodes"]["3"]["inputs"]) != stays


def test_a_deleted_node_comes_back_with_what_it_needs() -> None:
    def both(document: Any) -> None:
        remove(1)(document)
        remove(2)(document)

    result = merged(chain(), lambda document: connect(document, 2, 3, "b"), both)
    assert [conflict.id for conflict in result.conflicts] == ["/3/b"]
    assert split(result.document).meaning["nodes"]["2"]["inputs"] == {"a": ["1", 0]}


def test_a_declared_input_of_a_node_the_other_deleted_is_a_conflict() -> None:
    declaration = {"inputs": [{"name": "t", "type": "STRING", "targets": [{"node": "5", "input": "text"}]}]}
    theirs = with_function(chain(), declaration)
    ours = chain()
    remove(5)(ours)
    found = merge(chain(), ours, theirs, edits.DEFINITIONS)
    assert [(conflict.id, conflict.kind) for conflict in found.conflicts] == [("/5", "deleted")]


def test_links_of_both_that_make_a_cycle_are_a_conflict() -> None:
    base = drawing(("Mix", [1, "fixed", 1]), ("Mix", [2, "fixed", 1]), ("Mix", [3, "fixed", 1]))

    def ours(document: Any) -> None:
        connect(document, 1, 2, "a")
        connect(document, 2, 3, "a")

    def theirs(document: Any) -> None:
        connect(document, 3, 1, "a")

    result = merged(base, ours, theirs)
    assert [(conflict.id, conflict.kind, conflict.theirs) for conflict in result.conflicts] == [
        ("/1/a", "cycle", {"link": ["3", 0]})
    ]
    inputs = {name: node["inputs"] for name, node in split(result.document).meaning["nodes"].items()}
    assert inputs == {"1": {}, "2": {"a": ["1", 0]}, "3": {"a": ["2", 0]}}
    decided = split(merged(base, ours, theirs, {"/1/a": "theirs"}).document).meaning["nodes"]
    assert decided["1"]["inputs"] == {"a": ["3", 0]}
    assert sum(len(node["inputs"]) for node in decided.values()) == 2


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


def of_files(write: Callable[[Any], str], base: Any, ours: Any, theirs: Any) -> tuple[str, bool]:
    return merge_files(write(base), write(ours), write(theirs), DEFINITIONS)


def test_git_gets_a_formatted_file_and_the_conflicts_in_it() -> None:
    base = canvas("text_to_image")
    sides = [copy.deepcopy(base), copy.deepcopy(base)]
    put(3, 2, 30)(sides[0])
    put(3, 3, 5)(sides[1])
    text, clean = of_files(formatted, base, *sides)
    assert clean and formatted(json.loads(text)) == text
    assert values(json.loads(text), 3)[2:4] == [30, 5]
    put(3, 2, 40)(sides[1])
    text, clean = of_files(formatted, base, *sides)
    left = json.loads(text)
    assert not clean and left["extra"]["darkroom"]["conflicts"][0]["id"] == "/3/steps"
    assert values(left, 3)[2] == 30
    # Once somebody has looked at it and merges on, the list is gone.
    again, clean = merge_files(formatted(base), text, formatted(base), DEFINITIONS)
    assert clean and "conflicts" not in again


def test_git_merges_bare_prompts_and_files_both_added() -> None:
    prompt = canvas("text_to_image.api")["prompt"]
    ours, theirs = copy.deepcopy(prompt), copy.deepcopy(prompt)
    ours["3"]["inputs"]["steps"] = 30
    theirs["3"]["inputs"]["cfg"] = 5
    text, clean = of_files(json.dumps, prompt, ours, theirs)
    assert (
        clean
        and json.loads(text)["3"]["inputs"]["steps"] == 30
        and json.loads(text)["3"]["inputs"]["cfg"] == 5
    )
    theirs["3"]["inputs"]["steps"] = 40
    text, clean = merge_files("", formatted(ours), formatted(theirs), DEFINITIONS)
    assert not clean and json.loads(text).keys() == prompt.keys()
    both, clean = merge_files("", formatted(prompt), formatted(prompt), DEFINITIONS)
    assert clean and json.loads(both).keys() == prompt.keys()


def test_git_gets_a_clear_answer_for_what_is_no_workflow() -> None:
    with pytest.raises(DocumentError, match="theirs is no JSON"):
        merge_files("{}", "{}", "<<<<<<< ours", DEFINITIONS)


def test_without_a_server_the_classes_it_wrote_down_name_values(tmp_path: Path) -> None:
    assert remembered_definitions(tmp_path / "missing.json")("KSampler") is None
    path = tmp_path / "specs.json"
    path.write_text("damaged", encoding="utf-8")
    assert remembered_definitions(path)("KSampler") is None
    inputs = (InputSpec("image", "IMAGE"), InputSpec("steps", "INT"))
    specs = [NodeSpec("Photo", "Photo", "x", "", inputs, (OutputSpec("value", "*"),)).to_json()]
    path.write_text(json.dumps({"code": "x", "specs": specs}), encoding="utf-8")
    definition = remembered_definitions(path)("Photo")
    assert definition is not None and list(definition.by_name) == ["image", "steps"]


def test_a_merge_of_files_reads_like_both_diffs() -> None:
    base = canvas("text_to_image")
    result = merged(base, put(3, 2, 30), lambda document: disconnect(document, 8, "vae"))
    found = diff(base, result.document, DEFINITIONS)
    assert [(change.kind, change.input) for change in found.changes] == [
        ("value", "steps"),
        ("rewired", "vae"),
    ]
    assert join(*split(result.document)) == result.document
