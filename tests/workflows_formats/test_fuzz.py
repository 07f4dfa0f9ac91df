"""Damaged files are read as far as they go, or refused; nothing else happens."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.graph import as_list, as_object
from tests.workflows_formats.files import NAMES, OBJECT_INFO, Sketch, klass, load
from workflows.formats import FormatError, convert, definitions_of, kind_of

DEFINITIONS = definitions_of(OBJECT_INFO)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["-10", "*"])
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    stack = [value]
    while stack:
        here = stack.pop()
        named, listed = as_object(here), as_list(here)
        keys: list[Any] = list(named or range(len(listed or [])))
        for key in keys:
            yield here, key
            stack.append(here[key])


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_a_file_with_any_part_replaced_is_read_or_refused(data: st.DataObject) -> None:
    document = copy.deepcopy(load(f"{data.draw(st.sampled_from(NAMES))}.json"))
    for _ in range(data.draw(st.integers(1, 4))):
        found = list(places(document))
        container, key = data.draw(st.sampled_from(found)) if found else (document, "nodes")
        if data.draw(st.booleans()) and isinstance(container, dict):
            del container[key]
        else:
            container[key] = data.draw(JUNK)
    try:
        prompt = convert(document, DEFINITIONS).prompt
    except FormatError:
        return
    assert prompt == {} or kind_of(prompt) == "prompt"
    ids = set(prompt)
    for entry in prompt.values():
        for value in entry["inputs"].values():
            assert not isinstance(value, list) or (value[0] in ids and isinstance(value[1], int))


@pytest.mark.parametrize(
    "document", [None, [], {}, "x", {"nodes": {}}, {"nodes": None}, {"links": []}, load("notes.api.json")]
)
def test_what_is_no_workflow_is_refused(document: Any) -> None:
    with pytest.raises(FormatError, match="list of nodes"):
        convert(document, DEFINITIONS)


def test_nodes_with_one_id_are_kept_apart() -> None:
    sketch = Sketch()
    sketch.node("LoadImage", ["a.png"])
    sketch.node("LoadImage", ["b.png"])
    sketch[2]["id"] = 1
    assert {entry["inputs"]["image"] for entry in sketch.converted().prompt.values()} == {"a.png", "b.png"}
    assert sketch.codes() == [("duplicate_id", "1")]


@pytest.mark.parametrize(
    ("old", "new"),
    [("T2IAdapterLoader", "ControlNetLoader"), ("<Canny>", "Canny"), ("Load`Image", "LoadImage")],
)
def test_classes_with_old_names_are_found(old: str, new: str) -> None:
    sketch = Sketch()
    sketch.node(old)
    assert sketch.converted().prompt["1"]["class_type"] == new
    assert sketch.codes() == [("renamed_class", "1")]


def test_a_large_workflow_takes_time_in_proportion() -> None:
    import time

    def seconds(count: int) -> float:
        sketch = Sketch()
        at = sketch.node("LoadImage", ["a.png"]), 0
        for _ in range(count):
            at = sketch.node("ImageScale", ["area", 1, 2, "disabled"], image=at), 0
        definitions, document = definitions_of(sketch.info), sketch.document
        started = time.perf_counter()
        assert len(convert(document, definitions).prompt) == count + 1
        return time.perf_counter() - started

    small, large = min(seconds(300) for _ in range(3)), min(seconds(3_000) for _ in range(2))
    assert large < 40 * small, (small, large)


def test_files_do_not_change_kind_by_their_order() -> None:
    assert kind_of({"templates": [], "nodes": []}) == "templates"
    assert kind_of({"1": {"class_type": "A", "inputs": {}}}) == "prompt"
    assert kind_of({"1": {"class_type": ""}}) == "nothing"
    assert kind_of(json.loads('{"nodes": [], "1": {"class_type": "A"}}')) == "workflow"
    assert kind_of({}) == kind_of([]) == "nothing"


def test_ids_given_anew_are_free_in_the_whole_file() -> None:
    sketch = Sketch(klass("Number", ["INT"], value=["INT", {}]))
    for value in (1, 2, 3):
        sketch.node("Number", [value])
    sketch[2]["id"] = 1
    del sketch[3]["id"]
    sketch.document["nodes"].append({**sketch[1], "id": 2, "widgets_values": [4]})
    values = {node: entry["inputs"]["value"] for node, entry in sketch.converted().prompt.items()}
    assert values == {"1": 1, "3": 2, "4": 3, "2": 4}
