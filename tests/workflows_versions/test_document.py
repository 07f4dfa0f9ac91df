"""A document is what it means and how it looks, and nothing else."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows_versions.drawn import NAMES, ROOT, document_in, documents
from workflows.canonical import canonical, digest
from workflows.document import DocumentError, formatted, function_of, join, split, with_function
from workflows.formats import convert, definitions_of

OBJECT_INFO = json.loads((ROOT / "tests/workflows/object_info.json").read_text(encoding="utf-8"))
DEFINITIONS = definitions_of(OBJECT_INFO)
BROKEN = {"old", "string_ids", "subgraph_modes", "subgraph_muted"}
"""Files with faults that only the whole document can give back."""


def load(name: str) -> Any:
    found = document_in(ROOT / name)
    assert found is not None
    return found


def canvas(name: str) -> Any:
    return load(f"tests/workflows/{name}.json")


def prompt_of(document: Any) -> Any:
    return convert(document, DEFINITIONS, substitute=False).prompt


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_whole_again_after_being_taken_apart(name: str) -> None:
    document = load(name)
    parts = split(document)
    assert join(*json.loads(json.dumps(parts))) == canonical(document)
    sound = not any(name.endswith(f"/{broken}.json") for broken in BROKEN)
    assert ("exact" in parts.layout) != sound  # what is sound needs no second copy


@given(documents())
@settings(max_examples=150)
def test_any_file_is_whole_again_after_being_taken_apart(document: Any) -> None:
    assert join(*split(document)) == canonical(document)


@given(documents())
@settings(max_examples=80)
def test_a_meaning_survives_the_loss_of_its_layout(document: Any) -> None:
    meaning = split(document).meaning
    assert split(join(meaning, None)).meaning == meaning


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".api.json")])
def test_without_a_layout_the_workflow_still_means_the_same_prompt(name: str) -> None:
    document = load(name)
    if "prompt" in document:
        return
    bare = join(split(document).meaning, None)
    assert split(bare).meaning == split(document).meaning
    if not any(f"/{broken}" in name for broken in ("full_inputs", "group_node", "stray")):
        assert prompt_of(bare) == prompt_of(document)
    places = [tuple(node["pos"]) for node in bare["nodes"]]
    assert len(set(places)) == len(places)


def redrawn(document: Any, random: Random) -> Any:
    """The same workflow on another day: moved, links renumbered, nodes shuffled, recoloured."""
    made = copy.deepcopy(document)
    for graph in [made, *made.get("definitions", {}).get("subgraphs", [])]:
        renumber_links(graph, random)
        for node in graph["nodes"]:
            node |= {"pos": [random.random() * 900, 7], "size": [1, 2], "color": "#fff", "order": 99}
        for slot in slots_of(graph, "inputs"):
            slot["localized_name"] = "Eingang"
        random.shuffle(graph["nodes"])
        random.shuffle(graph["links"])
        graph["groups"] = [{"title": "new", "bounding": [0, 0, 9, 9]}]
    made["extra"] = {**made.get("extra", {}), "ds": {"scale": 3, "offset": [1, 1]}, "frontendVersion": "9"}
    made["last_node_id"] = 4000
    return made


def renumber_links(graph: Any, random: Random) -> None:
    ids: list[int] = [link["id"] if isinstance(link, dict) else link[0] for link in graph["links"] if link]
    numbers = dict(zip(ids, random.sample(range(100, 1000), len(ids)), strict=True))
    for link in filter(None, graph["links"]):
        place: Any = "id" if isinstance(link, dict) else 0
        link[place] = numbers[link[place]]
    for slot in slots_of(graph, "inputs"):
        slot["link"] = numbers.get(slot.get("link") or -1)
    for slot in slots_of(graph, "outputs"):
        links: list[int] = slot.get("links") or []
        slot["links"] = [numbers[link] for link in links if link in numbers]
    for port in [*graph.get("inputs", []), *graph.get("outputs", [])]:
        port["linkIds"] = [numbers[link] for link in port["linkIds"] if link in numbers]


def slots_of(graph: Any, side: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for node in graph["nodes"]:
        found += node.get(side) or []
    return found


@pytest.mark.parametrize(
    "name", ["text_to_image", "subgraph", "native_reroutes", "version1", "groups", "controlnet"]
)
def test_a_redrawn_workflow_has_the_same_meaning(name: str) -> None:
    document = canvas(name)
    other = redrawn(document, Random(name))
    assert digest(split(other).meaning) == digest(split(document).meaning)
    assert split(other).layout != split(document).layout


def test_sockets_for_widgets_shown_or_left_out_are_layout() -> None:
    full = canvas("full_inputs")
    compact = copy.deepcopy(full)
    for node in compact["nodes"]:
        kept = [slot for slot in node["inputs"] if slot.get("link") is not None or "widget" not in slot]
        node["inputs"] = kept
        for index, slot in enumerate(kept):
            for link in compact["links"]:
                if link[0] == slot.get("link"):
                    link[4] = index
    assert full != compact
    assert digest(split(full).meaning) == digest(split(compact).meaning)


Nodes = list[dict[str, Any]]
EDITS: list[Callable[[Nodes], object]] = [
    lambda nodes: nodes[0].update(title="another"),
    lambda nodes: nodes[0].update(mode=4),
    lambda nodes: nodes[0].update(widgets_values=["other.safetensors"]),
    lambda nodes: nodes[0].update(widgets_values=[0]),
    lambda nodes: nodes[0]["properties"].update(models=[{"name": "a"}]),
    lambda nodes: nodes[0].update(strange=0),
    lambda nodes: nodes.pop(),
    lambda nodes: nodes[1]["inputs"].clear(),
]


@pytest.mark.parametrize("edit", EDITS)
def test_what_a_person_changes_is_meaning(edit: Callable[[Nodes], object]) -> None:
    before = canvas("text_to_image")
    wanted = ["CheckpointLoaderSimple", "KSampler"]
    others = [node for node in before["nodes"] if node["type"] not in wanted]
    before["nodes"] = [node for kind in wanted for node in before["nodes"] if node["type"] == kind] + others
    after = copy.deepcopy(before)
    edit(after["nodes"])
    assert digest(split(before).meaning) != digest(split(after).meaning)


def test_nodes_the_layout_does_not_know_stand_beside_their_neighbours() -> None:
    meaning, layout = split(canvas("text_to_image"))
    decoder = next(name for name, node in meaning["nodes"].items() if node["type"] == "VAEDecode")
    meaning["nodes"]["40"] = {"type": "PreviewImage", "inputs": {"images": [decoder, 0]}}
    document = join(meaning, layout)
    nodes = {node["id"]: node for node in document["nodes"]}
    source = nodes[int(decoder)]
    assert nodes[40]["pos"][0] > source["pos"][0] + source["size"][0]
    link = next(link for link in document["links"] if link[3] == 40)
    assert link[1:3] == [int(decoder), 0] and link[4:] == [0, "IMAGE"]
    assert document["last_node_id"] >= 40 and document["last_link_id"] == link[0]
    assert link[0] in source["outputs"][0]["links"]
    assert split(document).meaning == meaning


def test_a_link_that_is_gone_leaves_no_trace() -> None:
    meaning, layout = split(canvas("native_reroutes"))
    del meaning["nodes"]["2"]["inputs"]["images"]
    document = join(meaning, layout)
    assert [link[0] for link in document["links"]] == [2]
    assert [point["linkIds"] for point in document["extra"]["reroutes"]] == [[2], [], [2], []]
    assert document["extra"]["linkExtensions"] == [{"id": 2, "parentId": 3}]
    assert document["nodes"][1]["inputs"][0]["link"] is None


def test_a_broken_file_is_repaired_once_it_is_changed() -> None:
    meaning, layout = split(canvas("old"))
    name = next(iter(meaning["nodes"]))
    meaning["nodes"][name]["title"] = "repaired"
    document = join(meaning, layout)
    assert None not in document["links"]
    assert "exact" not in split(document).layout


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no workflow"),
        ({"links": []}, "no workflow"),
        ({"1": {"class_type": "A", "inputs": {}}}, "bare prompt"),
        ({"nodes": [{"id": float("nan")}]}, "nan"),
    ],
)
def test_what_is_no_workflow_is_refused(document: Any, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        split(document)


@pytest.mark.parametrize("name", NAMES)
def test_a_formatted_file_is_the_same_workflow(name: str) -> None:
    document = load(name)
    text = formatted(document)
    again = json.loads(text)
    assert formatted(again) == text
    assert split(again).meaning == split(document).meaning
    if "prompt" not in document:
        assert prompt_of(again) == prompt_of(document)


def test_a_formatted_bare_prompt_stays_one_with_its_nodes_by_number() -> None:
    prompt = {str(number): {"class_type": "A", "inputs": {"b": 1, "a": [1]}} for number in (10, 9, 2)}
    assert list(json.loads(formatted(prompt))) == ["2", "9", "10"]


def test_one_change_is_one_line_of_a_formatted_file() -> None:
    before = canvas("text_to_image")
    after = copy.deepcopy(before)
    sampler = next(node for node in after["nodes"] if node["type"] == "KSampler")
    sampler["widgets_values"][2] += 10
    random = Random(1)
    random.shuffle(after["nodes"])
    random.shuffle(after["links"])
    old, new = formatted(before).splitlines(), formatted(after).splitlines()
    assert len(old) == len(new) and sum(one != other for one, other in zip(old, new, strict=True)) == 1


def test_a_function_is_declared_in_the_document_and_is_part_of_its_meaning() -> None:
    document = canvas("text_to_image")
    function = {"inputs": [{"name": "text", "type": "STRING"}], "outputs": []}
    declared = with_function(document, function)
    assert function_of(declared) == function and function_of(document) is None
    assert digest(split(declared).meaning) != digest(split(document).meaning)
    assert with_function(declared, None) == document
    assert with_function({"nodes": []}, None) == {"nodes": []}


def test_a_layout_whose_nodes_shared_an_id_gives_each_its_own() -> None:
    alike = [{"id": 1, "type": "A"} for _ in range(3)]
    meaning, layout = split({"nodes": alike, "links": []}).meaning, split({"nodes": alike[:2]}).layout
    assert split(join(meaning, layout)).meaning["nodes"] == meaning["nodes"]


@given(st.data())
@settings(max_examples=40)
def test_a_layout_of_another_version_does(data: st.DataObject) -> None:
    meaning = split(data.draw(documents())).meaning
    layout = split(data.draw(documents())).layout
    assert split(join(meaning, layout)).meaning["nodes"] == meaning["nodes"]
