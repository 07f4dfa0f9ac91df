"""Whatever a document holds: a function, or an error that says why not; never a crash."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph import as_list, as_object
from tests.workflows_functions.documents import REAL, TOYS, double, gives, portrait, takes
from workflows.functions import (
    ExpansionError,
    FunctionError,
    FunctionPrompt,
    InvalidInputs,
    bind,
    check,
    expand,
    object_info,
    schema,
)

WORDS = st.sampled_from(["", "1", "2", "INT", "*"])
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | WORDS
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)
LOCATIONS = st.lists(st.integers(0, 30), min_size=1, max_size=9)


def spoil(document: Any, where: list[int], junk: Any) -> Any:
    """The document with junk in the place that the numbers lead to."""
    made = copy.deepcopy(document)
    spot: Any = made
    for step in where[:-1]:
        inner: Any = spot[key_at(spot, step)]
        if not (as_object(inner) or as_list(inner)):
            break
        spot = inner
    spot[key_at(spot, where[-1])] = junk
    return made


def key_at(spot: Any, step: int) -> Any:
    keys: list[Any] = list(spot) if as_object(spot) is not None else list(range(len(spot)))
    return keys[step % len(keys)]


def use(document: Any, definitions: Any) -> None:
    """Do everything that is done with a function."""
    try:
        checked = check(document, definitions)
        found = FunctionPrompt.of(document, definitions)
    except FunctionError as error:
        assert error.problems and all(one.where and one.message for one in error.problems)
        return
    assert len(checked.function.inputs) == len(found.function.inputs)
    object_info(found.function, name="f", release="1.0.0")
    schema(found.function, name="f", version="1.0.0")
    try:
        bind(found.prompt, found.function, {"value": 1, "steps": 3})
    except InvalidInputs as error:
        assert error.problems
    prompt = {"12": {"class_type": "workflow/f@1.0.0", "inputs": {"value": 3}}}
    try:
        made = expand(prompt, lambda name: found)
    except ExpansionError as error:
        assert error.response()[1]
        return
    assert all(node["override_display_id"] == "12" for node in made.values())


@settings(max_examples=300, deadline=None)
@given(LOCATIONS, JUNK)
def test_spoiled_prompt_documents(where: list[int], junk: Any) -> None:
    use(spoil(double(), where, junk), TOYS)


CANVAS = portrait(
    takes("steps", "INT", "3.steps", max=40, default=9),
    takes("style", "COMBO", "3.sampler_name", options=["euler", "heun"]),
    takes("model", "MODEL", "3.model"),
    outputs=[gives("image", "IMAGE", "8")],
)


@settings(max_examples=300, deadline=None)
@given(LOCATIONS, JUNK)
def test_spoiled_canvas_documents(where: list[int], junk: Any) -> None:
    use(spoil(CANVAS, where, junk), REAL)


@settings(max_examples=300, deadline=None)
@given(LOCATIONS, JUNK)
def test_spoiled_declarations(where: list[int], junk: Any) -> None:
    document = copy.deepcopy(CANVAS)
    declaration = document["extra"]["darkroom"]["function"]
    document["extra"]["darkroom"]["function"] = spoil(declaration, where, junk)
    use(document, REAL)
