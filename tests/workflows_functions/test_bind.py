"""A call: values are read strictly, every mistake is told at once, and the graph gets what was meant."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import NodeId
from tests.toys import execute
from tests.workflows_functions.documents import REAL, TOYS, complete, double, gives, portrait, takes, toy
from workflows.functions import InvalidInputs, bind, declared, prompt_of
from workflows.functions.bind import LARGEST_SEED, Bound

INPUTS = (
    takes("prompt", "STRING", "6.text", "7.text"),
    takes("steps", "INT", "3.steps", max=30),
    takes("cfg", "FLOAT", "3.cfg"),
    takes("seed", "INT", "3.seed"),
    takes("sampler", "COMBO", "3.sampler_name"),
)
FUNCTION = complete(*INPUTS)
PROMPT = prompt_of(portrait(*INPUTS), REAL)


def call(text: Any = (), **values: Any) -> Bound:
    return bind(PROMPT, FUNCTION, values, text=text, random=Random(1))


def refused(text: Any = (), **values: Any) -> dict[str, tuple[str, str]]:
    with pytest.raises(InvalidInputs) as error:
        call(text, **values)
    return {one.input: (one.code, one.message) for one in error.value.problems}


def test_values_reach_every_input_they_are_bound_to() -> None:
    made = call(prompt="a fox", steps=5)
    assert [made.prompt[node]["inputs"]["text"] for node in ("6", "7")] == ["a fox", "a fox"]
    assert made.prompt["3"]["inputs"]["steps"] == 5
    assert made.prompt["3"]["inputs"]["model"] == ["4", 0]


def test_the_prompt_given_is_left_alone() -> None:
    before = repr(PROMPT)
    call(prompt="another", seed="random")
    assert repr(PROMPT) == before


def test_what_is_not_given_has_its_default_and_is_on_record() -> None:
    made = call(prompt=None, cfg=3)
    assert made.values == {
        "prompt": FUNCTION.by_name["prompt"].default,
        "steps": 20,
        "cfg": 3,
        "seed": 156680208700286,
        "sampler": "euler",
    }
    assert made.seeds == {"seed": 156680208700286}


def test_each_output_gets_a_node_and_only_these_run() -> None:
    made = bind(PROMPT, FUNCTION, {}, prefix="Portrait/")
    assert made.outputs == {"image": "output:image"} and made.targets == ("output:image",)
    node = made.prompt["output:image"]
    assert node["class_type"] == "WorkflowOutput"
    assert node["inputs"] == {"name": "image", "value": ["8", 0], "filename_prefix": "Portrait/image"}
    assert "9" in made.prompt


def test_a_random_seed_is_drawn_and_on_record() -> None:
    made, again = call(seed="random"), bind(PROMPT, FUNCTION, {"seed": "random"})
    assert 0 <= made.seeds["seed"] <= LARGEST_SEED
    assert made.prompt["3"]["inputs"]["seed"] == made.seeds["seed"] == made.values["seed"]
    assert again.seeds != made.seeds


def test_seeds_beyond_what_javascript_counts_are_exact() -> None:
    assert call(seed=2**64 - 1).values["seed"] == 2**64 - 1


def test_every_mistake_is_told_with_what_would_do() -> None:
    wrong = refused(promt="x", steps=99, cfg="high", seed=-1, sampler="eular")
    assert wrong["promt"] == (
        "unknown_input",
        "there is no such input; did you mean 'prompt'? inputs: prompt, steps, cfg, seed, sampler",
    )
    assert wrong["steps"] == ("out_of_range", "99 is not from 1 to 30")
    assert wrong["cfg"] == ("invalid_type", 'takes a number (FLOAT), not "high"')
    assert wrong["seed"][0] == "out_of_range"
    assert wrong["sampler"][0] == "not_an_option" and "did you mean 'euler'?" in wrong["sampler"][1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", "20"), ("steps", 2.5), ("steps", True), ("steps", [1]), ("cfg", False), ("prompt", 3),
     ("seed", {}), ("steps", 1e300), ("cfg", 10**400), ("cfg", float("nan")), ("sampler", True),
     ("seed", "Random")],
)  # fmt: skip
def test_json_values_are_not_guessed_at(name: str, value: Any) -> None:
    assert refused(**{name: value})[name][0] in ("invalid_type", "out_of_range")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("steps", "20", 20), ("steps", " 7 ", 7), ("steps", "12.0", 12), ("cfg", "7.5", 7.5),
     ("prompt", "20", "20"), ("sampler", "heun", "heun"), ("seed", "18446744073709551615", 2**64 - 1)],
)  # fmt: skip
def test_texts_of_a_command_line_are_read_as_what_they_mean(name: str, text: str, value: Any) -> None:
    found = call({name}, **{name: text}).values[name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("text", ["2.5", "many", "", "nan", "1_0x", "true"])
def test_texts_that_mean_no_number_are_refused(text: str) -> None:
    assert refused({"steps"}, steps=text)["steps"][0] == "invalid_type"


def test_whole_floats_are_integers() -> None:
    assert type(call(steps=20.0).values["steps"]) is int


def test_lists_are_wrapped_so_that_they_are_no_links() -> None:
    entry = takes("tags", "COMBO", "1.text", options=["6", "a", "b"], several=True)
    nodes = {"1": {"class_type": "Paint", "inputs": {"text": "a"}}}
    document = toy(nodes, [{**entry, "default": ["a"]}], [gives("image", "IMAGE", "1")])
    made = declared(document, TOYS)
    bound = bind(prompt_of(document, TOYS), made, {"tags": ["6", "a"]})
    assert bound.prompt["1"]["inputs"]["text"] == {"__value__": ["6", "a"]}
    assert bind(prompt_of(document, TOYS), made, {"tags": "a,b"}, text={"tags"}).values["tags"] == ["a", "b"]


PICTURE = (
    takes("image", "IMAGE", "2.pixels", description="What to start from"),
    takes("mask", "MASK", "2.mask"),
)
INPAINT: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "2": {
        "class_type": "VAEEncodeForInpaint",
        "inputs": {"pixels": ["1", 0], "vae": ["3", 0], "grow_mask_by": 6},
    },
    "3": {"class_type": "VAELoader", "inputs": {"vae_name": "a.safetensors"}},
}


def test_pictures_are_files_that_a_node_loads() -> None:
    document = toy(INPAINT, list(PICTURE), [gives("latent", "LATENT", "2")])
    function, prompt = declared(document, REAL), prompt_of(document, REAL)
    assert (function.by_name["image"].required, function.by_name["mask"].required) == (False, True)
    saved = {"filename": "m.png", "subfolder": "sets", "type": "output", "url": "/view?x"}
    made = bind(prompt, function, {"image": "fox.png", "mask": saved}).prompt
    assert made["2"]["inputs"]["pixels"] == ["input:image", 0] and made["2"]["inputs"]["mask"] == [
        "input:mask",
        0,
    ]
    assert (made["input:image"]["class_type"], made["input:image"]["inputs"]) == (
        "LoadImage",
        {"image": "fox.png"},
    )
    assert made["input:mask"]["class_type"] == "LoadImageMask"
    assert made["input:mask"]["inputs"] == {"image": "sets/m.png [output]", "channel": "red"}
    kept = bind(prompt, function, {"mask": "m.png"})
    assert kept.prompt["2"]["inputs"]["pixels"] == ["1", 0] and kept.values == {"mask": "m.png"}
    with pytest.raises(InvalidInputs, match="mask: is required; give the name of a picture file"):
        bind(prompt, function, {"image": 3})


def test_what_only_a_node_can_give_is_refused_from_outside() -> None:
    document = portrait(takes("model", "MODEL", "3.model"))
    function, prompt = declared(document, REAL), prompt_of(document, REAL)
    assert bind(prompt, function, {}).prompt["3"]["inputs"]["model"] == ["4", 0]
    with pytest.raises(InvalidInputs, match="MODEL, which only another node can give"):
        bind(prompt, function, {"model": "sd15"})


def test_ids_of_the_graph_are_never_taken() -> None:
    nodes = {"output:sum": {"class_type": "Number", "inputs": {"value": 1}}}
    document = toy(nodes, [], [gives("sum", "INT", "output:sum")])
    made = bind(prompt_of(document, TOYS), declared(document, TOYS), {})
    assert made.outputs == {"sum": "output:sum:2"}
    assert made.prompt["output:sum:2"]["inputs"]["value"] == ["output:sum", 0]


def test_a_bound_call_runs() -> None:
    document = double()
    made = bind(prompt_of(document, TOYS), declared(document, TOYS), {"value": 20, "more": 2})
    prompt = {name: node for name, node in made.prompt.items() if node["class_type"] != "WorkflowOutput"}
    outcome, journal, _ = execute(prompt)
    assert outcome.status == "success" and {"1", "2", "3"} == set(journal.ran)
    assert outcome.ui[NodeId("3")]["double"] == [42]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*FUNCTION.by_name, "other"]), JSON),
    st.sets(st.sampled_from(["steps", "cfg"])),
)
def test_any_json_is_taken_as_declared_or_refused_by_name(values: dict[str, Any], text: set[str]) -> None:
    try:
        made = bind(PROMPT, FUNCTION, values, text=text)
    except InvalidInputs as error:
        assert {one.input for one in error.problems} <= {
            name for name, value in values.items() if value is not None
        }
        return
    assert "other" not in values or values["other"] is None
    assert 1 <= made.values["steps"] <= 30 and 0 <= made.values["cfg"] <= 100
    assert made.values["sampler"] in (FUNCTION.by_name["sampler"].options or ())
