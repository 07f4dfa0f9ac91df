"""What reaches an input through bypassed, muted and virtual nodes: each row of the table."""

from typing import Any

import pytest

from tests.workflows_formats.files import Sketch, klass

MANY = klass(
    "Many",
    ["IMAGE", "LATENT", "*", "INT"],
    {"extra": ["MASK"]},
    number=["INT", {}],
    latent=["LATENT"],
    image=["IMAGE"],
    second=["IMAGE"],
)
UNION = klass("Union", ["IMAGE,MASK", "MASK"], one=["LATENT"], two=["image,LATENT"], three=["MASK"])
WANTS = klass(
    "Wants",
    [],
    image=["IMAGE"],
    latent=["LATENT"],
    mask=["MASK"],
    anything=["*"],
    number=["INT", {"default": 9}],
    word=[["a", "b"], {}],
)
SOURCE = klass("Source", ["IMAGE", "LATENT", "MASK", "INT"])


def passed(kind: str, output: int, wanted: str, **linked: int) -> Any:
    """What `wanted` of a consumer gets from an output of a bypassed node with these inputs linked."""
    sketch = Sketch(MANY, UNION, WANTS, SOURCE)
    source = sketch.node("Source")
    links = dict[str, Any]((name, (source, slot)) for name, slot in linked.items())
    middle = sketch.node(kind, [1], 4, (), **links)
    consumer = sketch.node("Wants", [5, "b"], 0, (), **{wanted: (middle, output)})
    return sketch.inputs(consumer).get(wanted, "nothing")


ALL = {"latent": 1, "image": 0, "second": 0, "extra": 2}


@pytest.mark.parametrize(
    ("kind", "output", "wanted", "linked", "expected"),
    [
        # Live inputs of Many: latent, image, second, extra, number (sockets first, then widgets).
        ("Many", 1, "anything", ALL, ["1", 0]),  # rule 1: anything takes the input of the output's index
        ("Many", 9, "anything", ALL, ["1", 1]),  # rule 1: or else the first one
        ("Many", 0, "image", ALL, ["1", 0]),  # rule 3: latent does not suit; the first IMAGE does
        ("Many", 1, "latent", ALL, ["1", 1]),  # rule 3, before an input of the output's index
        (
            "Many",
            2,
            "image",
            {"second": 3},
            ["1", 3],
        ),  # rule 2: the third input is an IMAGE, and `*` fits all
        ("Many", 0, "image", {"second": 0}, "nothing"),  # the first IMAGE is chosen though it is unlinked
        ("Many", 1, "mask", ALL, ["1", 2]),  # rule 3 asks for the type alone
        (
            "Many",
            3,
            "number",
            ALL,
            5,
        ),  # its own widget is chosen, which is not linked: the stored value stays
        ("Union", 0, "image", {"two": 0}, ["1", 0]),  # rule 4: unions share a member, whatever the case
        ("Union", 1, "mask", {"three": 2}, ["1", 2]),
        ("Source", 0, "image", {}, "nothing"),  # a loader has no inputs
        ("Source", 3, "number", {}, 5),
        ("Strange", 0, "image", {"one": 1, "two": 0}, ["1", 1]),  # of an unknown class the slots of the file
    ],
)
def test_a_bypassed_node_passes_on(
    kind: str, output: int, wanted: str, linked: dict[str, int], expected: Any
) -> None:
    assert passed(kind, output, wanted, **linked) == expected


def test_the_wanted_type_becomes_that_of_the_input_that_was_passed() -> None:
    sketch = Sketch(MANY, WANTS, SOURCE)
    source = sketch.node("Source")
    first = sketch.node("Many", [1], mode=4, latent=(source, 1), image=(source, 0))
    # `*` is wanted of the second one: it passes its first input, a LATENT, and LATENT is wanted of the first.
    second = sketch.node("Many", [1], mode=4, latent=(first, 0))
    consumer = sketch.node("Wants", [5, "b"], anything=(second, 0))
    assert sketch.inputs(consumer)["anything"] == ["1", 1]


def test_a_chain_of_bypassed_nodes_and_reroutes_is_followed() -> None:
    sketch = Sketch(MANY, WANTS, SOURCE)
    at = sketch.node("Source"), 0
    for number in range(3_000):
        at = (sketch.node("Reroute", _=at) if number % 2 else sketch.node("Many", mode=4, image=at)), 0
    consumer = sketch.node("Wants", image=at)
    assert sketch.inputs(consumer)["image"] == ["1", 0]


def test_a_circle_is_an_error_that_names_its_nodes() -> None:
    sketch = Sketch(MANY, WANTS)
    sketch.node("Many", mode=4, image=(2, 0))
    sketch.node("Reroute", _=(1, 0))
    consumer = sketch.node("Wants", image=(2, 0))
    [error] = sketch.converted().errors
    assert (error.code, error.node, error.input) == ("workflow_cycle", str(consumer), "image")
    assert "2 → 1" in error.message


def test_a_value_fed_by_a_muted_node_is_gone_and_that_is_told() -> None:
    sketch = Sketch(WANTS, SOURCE)
    muted = sketch.node("Source", mode=2)
    consumer = sketch.node("Wants", [5, "b"], image=(muted, 0), number=(muted, 3))
    assert sketch.inputs(consumer) == {"word": "b"}
    assert sketch.codes() == [("input_dropped", str(consumer))] * 2


def test_a_link_to_nothing_is_told_and_the_value_stays() -> None:
    sketch = Sketch(WANTS)
    consumer = sketch.node("Wants", [5, "b"], number=(77, 0), image=(77, 0))
    assert sketch.inputs(consumer) == {"number": 5, "word": "b"}
    sketch[consumer]["inputs"][0]["link"] = 999
    assert sketch.codes() == [("unresolved_link", str(consumer))] * 2


@pytest.mark.parametrize("mode", [0, 1, 3])
def test_other_modes_run(mode: int) -> None:
    sketch = Sketch(SOURCE)
    assert sketch.inputs(sketch.node("Source", mode=mode)) == {}


def test_a_primitive_copies_its_value_whatever_its_mode_but_not_behind_a_bypassed_node() -> None:
    number = klass("Number", ["INT"], value=["INT", {}])
    sketch = Sketch(WANTS, number)
    primitive = sketch.node("PrimitiveNode", [42, "fixed"], mode=4)
    consumer = sketch.node("Wants", [5, "b"], number=(primitive, 0))
    behind = sketch.node(
        "Wants", [5, "b"], number=(sketch.node("Number", [1], mode=4, value=(primitive, 0)), 0)
    )
    assert sketch.inputs(consumer)["number"] == 42
    assert sketch.inputs(behind)["number"] == 5


def test_links_made_by_use_everywhere_nodes_are_followed() -> None:
    sketch = Sketch(WANTS, SOURCE)
    source = sketch.node("Source")
    sketch.node("Anything Everywhere", anything=(source, 0))
    consumer = sketch.node("Wants", [5, "b"], image=None, latent=(source, 1), mask=None)
    slots = sketch[consumer]["inputs"]
    for slot, kind in zip(slots, ("IMAGE", "LATENT", "MASK"), strict=True):
        slot["type"] = kind
    stored = [(0, str(source), "IMAGE"), (1, source, "LATENT"), (2, source, "IMAGE")]
    sketch.document["extra"] = {
        "ue_links": [
            {
                "downstream": consumer,
                "downstream_slot": slot,
                "upstream": who,
                "upstream_slot": 0,
                "type": kind,
            }
            for slot, who, kind in stored
        ]
    }
    assert sketch.inputs(consumer) == {"number": 5, "word": "b", "image": ["1", 0], "latent": ["1", 1]}
    assert sketch.codes() == []


def test_a_primitive_reaches_its_targets_whatever_lies_between() -> None:
    sketch = Sketch(WANTS)
    primitive = sketch.node("PrimitiveNode", [42, "fixed"])
    far = sketch.node("Reroute", _=(sketch.node("Reroute", _=(primitive, 0)), 0))
    consumer = sketch.node("Wants", [5, "b"], number=(far, 0))
    assert sketch.inputs(consumer)["number"] == 42
    sketch[primitive]["widgets_values"] = []
    assert sketch.inputs(consumer)["number"] == 5


def test_a_primitive_gives_nothing_to_a_plain_socket() -> None:
    sketch = Sketch(WANTS)
    consumer = sketch.node("Wants", [5, "b"], image=(sketch.node("PrimitiveNode", ["text"]), 0))
    assert sketch.inputs(consumer) == {"number": 5, "word": "b"}


def test_variables_of_set_and_get_nodes_are_followed() -> None:
    sketch = Sketch(WANTS, SOURCE)
    source = sketch.node("Source")
    sketch.node("SetNode", ["picture"], IMAGE=(source, 0))
    sketch.node("SetNode", ["other"], IMAGE=(source, 2))
    getter = sketch.node("GetNode", ["picture"])
    lost = sketch.node("GetNode", ["nowhere"])
    consumer = sketch.node("Wants", [5, "b"], image=(getter, 0), mask=(lost, 0))
    assert sketch.inputs(consumer) == {"number": 5, "word": "b", "image": ["1", 0]}
    assert set(sketch.converted().prompt) == {str(source), str(consumer)}


def test_decoration_of_packs_is_dropped_without_a_word() -> None:
    sketch = Sketch()
    for kind in ("Fast Groups Bypasser (rgthree)", "Bookmark (rgthree)", "Label (rgthree)", "Note"):
        sketch.node(kind, ["x"])
    assert sketch.converted().prompt == {} and sketch.codes() == []
