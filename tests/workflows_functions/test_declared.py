"""What a declaration leaves out comes from the nodes it is bound to; what does not fit is told at once."""

from typing import Any

import pytest

from tests.workflows_functions.documents import (
    OBJECT_INFO,
    REAL,
    TOYS,
    complete,
    double,
    function,
    gives,
    portrait,
    takes,
    toy,
)
from workflows.formats.definitions import definitions_of
from workflows.functions import Function, FunctionError, check, declared
from workflows.functions.prompts import installed


def told(document: dict[str, Any], definitions: Any = REAL) -> dict[str, str]:
    """What is wrong, by place."""
    with pytest.raises(FunctionError) as error:
        declared(document, definitions)
    return {one.where: one.message for one in error.value.problems}


def test_types_ranges_options_and_defaults_come_from_the_nodes() -> None:
    made = complete(
        takes("prompt", "STRING", "6.text", description="What to paint"),
        takes("seed", "INT", "3.seed"),
        takes("cfg", "FLOAT", "3.cfg", max=20),
        takes("sampler", "COMBO", "3.sampler_name"),
    ).by_name
    assert made["prompt"].multiline and made["prompt"].default.startswith("beautiful scenery")
    seed = made["seed"]
    assert (seed.min, seed.max, seed.seed, seed.default) == (0, 2**64 - 1, True, 156680208700286)
    assert (made["cfg"].min, made["cfg"].max, made["cfg"].step, made["cfg"].default) == (0, 20, 0.1, 8)
    assert made["sampler"].options is not None and "dpmpp_2m" in made["sampler"].options


def test_a_completed_declaration_reads_back_as_it_is() -> None:
    made = complete(takes("steps", "INT", "3.steps"), takes("sampler", "COMBO", "3.sampler_name"))
    assert Function.of(made.to_json()) == made
    assert complete(*made.to_json()["inputs"]) == made


def test_a_range_may_be_narrowed_but_not_widened() -> None:
    assert complete(takes("steps", "INT", "3.steps", min=4, max=30)).inputs[0].max == 30
    wrong = told(portrait(takes("steps", "INT", "3.steps", min=0, max=20_000)))
    assert wrong["inputs.steps.min"] == "0 is below 1, the least 'steps' of KSampler (#3) takes"
    assert "20000 is above 10000" in wrong["inputs.steps.max"]


def test_options_may_be_left_out_but_not_invented() -> None:
    made = complete(takes("sampler", "COMBO", "3.sampler_name", options=["euler", "heun"]))
    assert made.inputs[0].options == ("euler", "heun")
    wrong = told(portrait(takes("sampler", "COMBO", "3.sampler_name", options=["euler", "eular"])))
    assert wrong["inputs.sampler.options"].startswith(
        "'eular': not among what 'sampler_name' of KSampler (#3)"
    )


def test_a_text_may_be_narrowed_to_options() -> None:
    styles = takes("style", "COMBO", "7.text", options=["text, watermark", "blurry"])
    assert complete(styles).inputs[0].default == "text, watermark"
    wrong = told(portrait(takes("style", "COMBO", "7.text")))
    assert "list them" in wrong["inputs.style.options"]


def test_several_targets_have_the_range_they_share() -> None:
    nodes = {
        "1": {"class_type": "Number", "inputs": {"value": 3}},
        "2": {"class_type": "Even", "inputs": {"value": 4}},
    }
    document = toy(nodes, [takes("value", "INT", "1.value", "2.value")], [gives("even", "INT", "2")])
    [entry] = declared(document, TOYS).inputs
    assert (entry.min, entry.max, entry.default) == (0, 10, 3)


def test_targets_must_agree_with_the_type() -> None:
    wrong = told(portrait(takes("amount", "INT", "3.steps", "3.cfg")))
    assert wrong["inputs.amount.type"] == "'cfg' of KSampler (#3) takes FLOAT, not INT; declare it as FLOAT"


def test_targets_and_sources_that_are_not_there_are_named_with_the_nearest() -> None:
    wrong = told(
        portrait(
            takes("steps", "INT", "3.step"),
            takes("note", "STRING", "77.text"),
            outputs=[gives("image", "IMAGE", "8", 1), gives("latent", "MASK", "3")],
        )
    )
    assert wrong["inputs.steps.targets"] == "KSampler (#3) has no input 'step'; did you mean 'steps'?"
    assert wrong["inputs.note.targets"].startswith("node 77 is none of those that run")
    assert wrong["outputs.image.source"] == "VAE Decode (#8) has 1 outputs, and none of number 1"
    assert wrong["outputs.latent.type"] == "KSampler (#3) gives LATENT, not MASK; declare it as LATENT"


def test_a_subgraph_is_pointed_to_its_nodes() -> None:
    nodes = {"12:7": {"class_type": "Number", "inputs": {"value": 1}}}
    document = toy(nodes, [takes("value", "INT", "12.value")], [gives("n", "INT", "12:7")])
    assert "name one of its nodes (12:7)" in told(document, TOYS)["inputs.value.targets"]


def test_two_inputs_cannot_set_the_same() -> None:
    wrong = told(portrait(takes("a", "INT", "3.steps"), takes("b", "INT", "3.steps")))
    assert wrong == {"inputs.b.targets": "'steps' of node 3 is set by 'a' already"}


def test_a_class_that_is_not_installed_is_named() -> None:
    known = definitions_of({name: info for name, info in OBJECT_INFO.items() if name != "KSampler"})
    wrong = told(portrait(takes("steps", "INT", "3.steps")), known)
    assert (
        wrong["inputs.steps.targets"]
        == "node 3 is a 'KSampler', which is not installed; install its pack first"
    )


def test_a_class_the_outputs_need_must_be_installed_and_any_other_need_not() -> None:
    document = double()
    nodes = document["prompt"]
    nodes["4"] = {"class_type": "Elsewhere", "inputs": {"value": ["2", 0]}}
    function = declared(document, TOYS)
    assert list(installed(nodes, function, TOYS)) == ["1", "2", "3"]
    nodes["1"] = {"class_type": "Elsewhere", "inputs": {"value": 5}}
    nodes["3"] = {"class_type": "workflow/Half@1", "inputs": {}}
    nodes["2"]["inputs"]["c"] = ["3", 0]
    wrong = told(document, TOYS)
    [place] = [where for where, text in wrong.items() if text.startswith("node 1 is a 'Elsewhere'")]
    assert place == "inputs.value.targets"  # where it is seen first, and nowhere else
    assert "names no one release; pin it, as in workflow/Half@1.2.0" in wrong["nodes.3"]


def test_a_function_returns_something() -> None:
    assert "at least one output" in told(portrait(outputs=[]))["outputs"]


def test_defaults_must_fit() -> None:
    wrong = told(
        portrait(takes("steps", "INT", "3.steps", max=10), takes("cfg", "FLOAT", "3.cfg", default="x"))
    )
    assert (
        "what the graph has" in wrong["inputs.steps.default"] and "20 is not" in wrong["inputs.steps.default"]
    )
    assert 'takes a number (FLOAT), not "x"' in wrong["inputs.cfg.default"]


def test_a_socket_without_a_link_is_required_and_one_with_a_link_is_not() -> None:
    made = complete(takes("model", "MODEL", "3.model")).inputs[0]
    assert not made.required and made.default is None
    nodes = {"2": {"class_type": "Add", "inputs": {"b": 1}}}
    document = toy(nodes, [takes("a", "INT", "2.a"), takes("b", "INT", "2.b")], [gives("sum", "INT", "2")])
    a, b = declared(document, TOYS).inputs
    assert (a.required, b.required, b.default) == (True, False, 1)


def test_a_widget_nobody_has_touched_has_the_default_of_its_node() -> None:
    more = declared(double(), TOYS).by_name["more"]
    assert (more.default, more.max, more.required) == (0, 9, False)


def test_a_widget_fed_by_a_link_keeps_the_link() -> None:
    document = double()
    document["extra"]["darkroom"]["function"]["inputs"] = [takes("b", "INT", "2.b")]
    [entry] = declared(document, TOYS).inputs
    assert not entry.required and entry.default is None


def test_files_that_are_gone_do_not_unpublish_a_release() -> None:
    gone = takes("model", "COMBO", "4.ckpt_name", options=["dreamshaper_8.safetensors", "gone.safetensors"])
    gone["default"] = "gone.safetensors"
    assert "inputs.model.options" in told(portrait(gone))
    made = declared(portrait(gone), REAL, released=True)
    assert made.inputs[0].default == "gone.safetensors"


def test_checking_gives_what_could_be_filled_in_beside_what_is_wrong() -> None:
    found = check(portrait(takes("steps", "INT", "3.steps"), takes("cfg", "INT", "3.cfg")), REAL)
    assert found.function.inputs[0].max == 10_000
    assert [one.where for one in found.problems] == ["inputs.cfg.type"]


@pytest.mark.parametrize("document", [{"nodes": [], "links": []}, {"prompt": {}}, {"nodes": [], "extra": {}}])
def test_a_workflow_that_declares_nothing_is_no_function(document: dict[str, Any]) -> None:
    assert Function.of(document) is None
    assert "publish it" in told(document)["function"]


def test_everything_malformed_is_told_at_once() -> None:
    inputs: list[Any] = [
        takes("Prompt", "STRING", "6.text"),
        {"name": "steps", "type": "INT", "targets": [], "min": 5, "max": 1, "step": 0, "options": []},
        takes("huge", "FLOAT", "3.denoise", max=10**400),
        takes("same", "INT", "3.steps"),
        takes("same", "INT", "3.cfg"),
        7,
    ]
    outputs: list[Any] = [{"name": "image", "type": 3, "source": {"node": "8", "slot": -1}}]
    with pytest.raises(FunctionError) as error:
        Function.of({**function(inputs, outputs), "title": 3})
    places = [one.where for one in error.value.problems]
    assert places[0] == "inputs.0.name" and {"inputs.steps.targets", "inputs.steps.min", "inputs.same"} <= {
        *places
    }
    assert {
        "inputs.steps.step",
        "inputs.steps.options",
        "inputs.5",
        "inputs.huge.max",
        "outputs.image.source.slot",
        "title",
    } <= {*places}


@pytest.mark.parametrize("junk", [3, "function", [], [{}], {"inputs": 3}, {"outputs": [None]}, True])
def test_junk_is_an_error_and_never_a_crash(junk: Any) -> None:
    with pytest.raises(FunctionError):
        Function.of({"nodes": [], "extra": {"darkroom": {"function": junk}}})
