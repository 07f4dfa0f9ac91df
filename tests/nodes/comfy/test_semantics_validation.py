"""What is refused before anything runs, for V1 nodes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from engine.cache import LruCache
from engine.validate import Validation
from tests.nodes.comfy.bench import Bench, graph
from tests.nodes.comfy.toys import ANY, TOYS, Constant, Made, Spec


def bench(**classes: type) -> Bench:
    return Bench({**TOYS, **classes}, LruCache(10_000))


def codes(checked: Validation) -> list[tuple[str | None, str]]:
    return [(problem.node, problem.code) for problem in checked.problems]


def one(kind: str, **inputs: Any) -> dict[str, Any]:
    return graph(a=("Constant", {"value": 1}), it=(kind, inputs), show=("Show", {"value": ("it", 0)}))


class Small(Constant):
    """Takes whole numbers below five."""

    seen: ClassVar[list[Any]] = []

    @classmethod
    def VALIDATE_INPUTS(cls, value: Any) -> Any:
        cls.seen.append(value)
        if not isinstance(value, int):
            return f"{value!r} is no whole number"
        return True if value < 5 else "too large"


def test_validate_inputs_sees_coerced_literals_and_its_text_is_the_error() -> None:
    Small.seen.clear()
    checked = bench(Small=Small).check(one("Small", value="7"))
    assert Small.seen == [7]
    assert codes(checked) == [("it", "custom_validation_failed")]
    assert "too large" in checked.problems[0].details
    assert bench(Small=Small).check(one("Small", value="3")).ok


def test_validate_inputs_takes_over_range_checks_of_inputs_it_names() -> None:
    class Anything(Constant):
        @classmethod
        def VALIDATE_INPUTS(cls, value: Any) -> bool:
            return True

    class Keywords(Constant):
        @classmethod
        def VALIDATE_INPUTS(cls, **given: Any) -> bool:
            return given == {"value": 99_999}

    assert codes(bench().check(one("Constant", value=99_999))) == [("it", "value_bigger_than_max")]
    assert bench(Anything=Anything).check(one("Anything", value=99_999)).ok
    assert bench(Keywords=Keywords).check(one("Keywords", value=99_999)).ok
    assert codes(bench(Keywords=Keywords).check(one("Keywords", value=1))) == [
        ("it", "custom_validation_failed")
    ]


def test_false_is_an_error_without_text() -> None:
    class No(Constant):
        @classmethod
        def VALIDATE_INPUTS(cls, value: Any) -> bool:
            return False

    assert codes(bench(No=No).check(one("No", value=1))) == [("it", "custom_validation_failed")]


def test_async_validation_accepts_and_refuses() -> None:
    class Later(Constant):
        @classmethod
        async def VALIDATE_INPUTS(cls, value: Any) -> Any:
            return True if value < 5 else "too large"

    assert bench(Later=Later).check(one("Later", value=1)).ok
    assert codes(bench(Later=Later).check(one("Later", value=6))) == [("it", "custom_validation_failed")]


class Pictures:
    """Takes a picture or a mask."""

    RETURN_TYPES: ClassVar[Any] = ("IMAGE",)
    FUNCTION = "give"
    seen: ClassVar[list[Any]] = []

    @classmethod
    def INPUT_TYPES(cls) -> Spec:
        return {"required": {"picture": ("IMAGE,MASK", {})}}

    @classmethod
    def VALIDATE_INPUTS(cls, picture: Any) -> bool:
        cls.seen.append(picture)
        return True

    def give(self, picture: Any) -> Made:
        return (picture,)


class Mask(Constant):
    RETURN_TYPES: ClassVar[Any] = ("MASK",)


def test_a_link_outside_the_union_is_refused_although_there_is_validate_inputs() -> None:
    Pictures.seen.clear()
    host = bench(Pictures=Pictures, Mask=Mask)
    wrong = graph(
        text=("Text", {"value": "x"}),
        it=("Pictures", {"picture": ("text", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert ("it", "return_type_mismatch") in codes(host.check(wrong))
    right = graph(
        mask=("Mask", {"value": 1}),
        it=("Pictures", {"picture": ("mask", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    Pictures.seen.clear()
    assert host.check(right).ok
    assert Pictures.seen == [None]


def test_input_types_hands_the_link_check_to_the_node() -> None:
    def check(cls: type, input_types: dict[str, str]) -> Any:
        return True if input_types == {"picture": "STRING"} else f"not {input_types}"

    OnlyText = type("OnlyText", (Pictures,), {"VALIDATE_INPUTS": classmethod(check)})
    host = bench(OnlyText=OnlyText, Mask=Mask)

    def fed_by(kind: str, value: Any) -> dict[str, Any]:
        return graph(
            source=(kind, {"value": value}),
            it=("OnlyText", {"picture": ("source", 0)}),
            show=("Show", {"value": ("it", 0)}),
        )

    assert host.check(fed_by("Text", "x")).ok
    refused = host.check(fed_by("Mask", 1))
    assert [code for _, code in codes(refused)] == ["custom_validation_failed"]
    assert "MASK" in refused.problems[0].details


def test_any_types_made_with_ne_fit_on_either_side() -> None:
    class Takes(Pictures):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"picture": (ANY, {})}}

    class Gives(Constant):
        RETURN_TYPES: ClassVar[Any] = (ANY,)

    host = bench(Takes=Takes, Gives=Gives, Pictures=Pictures)
    for target, source in (("Takes", "Text"), ("Pictures", "Gives")):
        prompt = graph(
            source=(source, {"value": "1"}),
            it=(target, {"picture": ("source", 0)}),
            show=("Show", {"value": ("it", 0)}),
        )
        assert host.check(prompt).ok


def test_a_static_cycle_is_refused_by_name() -> None:
    cycle = graph(
        a=("Add", {"a": ("b", 0), "b": 1}),
        b=("Add", {"a": ("a", 0), "b": 1}),
        show=("Show", {"value": ("b", 0)}),
    )
    checked = bench().check(cycle)
    assert {code for _, code in codes(checked)} == {"dependency_cycle"}


def test_literals_may_stand_for_values_of_any_type() -> None:
    assert bench(Pictures=Pictures).check(one("Pictures", picture="whatever")).ok


def test_a_combo_is_checked_against_what_the_class_says_now() -> None:
    names = ["one"]

    class Files(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": (list(names), {})}}

    host = bench(Files=Files)
    assert codes(host.check(one("Files", value="two"))) == [("it", "value_not_in_list")]
    names.append("two")
    assert host.check(one("Files", value="two")).ok


def test_a_multiple_choice_takes_a_list() -> None:
    class Several(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": ("COMBO", {"options": ["a", "b"], "multiselect": True})}}

    host = bench(Several=Several)
    assert host.shown(one("Several", value={"__value__": ["a", "b"]})) == [["a", "b"]]


@pytest.mark.parametrize("targets", [[], ["a"]])
def test_without_output_nodes_among_the_targets_there_is_nothing_to_run(targets: list[str]) -> None:
    checked = bench().check(one("Constant", value=1), targets)
    assert checked.error is not None and checked.error.code == "prompt_no_outputs"


def test_flexible_inputs_take_values_of_any_name() -> None:
    class Anything(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            return True

        def __getitem__(self, key: str) -> Any:
            return (ANY,)

    class Flexible:
        RETURN_TYPES: ClassVar[Any] = (ANY,)
        FUNCTION = "give"

        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {}, "optional": Anything()}

        def give(self, **given: Any) -> Made:
            return (sorted(given.items()),)

    prompt = graph(
        a=("Constant", {"value": 1}),
        it=("Flexible", {"lora_1": {"on": True}, "linked": ("a", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench(Flexible=Flexible).shown(prompt) == [[("linked", 1), ("lora_1", {"on": True})]]
