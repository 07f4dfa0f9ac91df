"""What runs again and what does not, for V1 nodes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine.cache import Cache
from engine.types import NodeId
from tests.nodes.comfy.bench import Bench, graph, ran
from tests.nodes.comfy.toys import ANY, TOYS, Changing, Constant, Made, Spec


def adding(first: int = 1, second: int = 2) -> dict[str, Any]:
    return graph(
        a=("Constant", {"value": first}),
        b=("Constant", {"value": second}),
        sum=("Add", {"a": ("a", 0), "b": ("b", 0)}),
        show=("Show", {"value": ("sum", 0)}),
    )


def test_the_same_prompt_twice_runs_nothing_the_second_time(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    assert ran(bench.run(adding())) == {"a", "b", "sum", "show"}
    assert ran(bench.run(adding())) == set()


def test_what_is_shown_is_shown_again_from_the_cache(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    bench.run(adding())
    bench.run(adding())
    assert bench.announced == {"show": [3]}


def test_changing_one_literal_reruns_the_node_and_its_descendants(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    bench.run(adding())
    assert ran(bench.run(adding(second=5))) == {"b", "sum", "show"}


def test_a_corrected_prompt_resumes_where_the_failed_one_stopped(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    bad = graph(
        a=("Constant", {"value": 1}),
        bad=("Fail", {"value": ("a", 0)}),
        show=("Show", {"value": ("bad", 0)}),
    )
    outcome = bench.run(bad)
    assert outcome.status == "error"
    assert [(e.node_id, e.message) for e in outcome.errors] == [("bad", "no 1 today")]
    good = graph(a=("Constant", {"value": 1}), show=("Show", {"value": ("a", 0)}))
    assert ran(bench.run(good)) == {"show"}


def test_a_good_root_runs_beside_one_whose_source_is_missing(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    prompt = adding()
    prompt["bad"] = {"class_type": "Show", "inputs": {}}
    assert ran(bench.run(prompt)) == {"a", "b", "sum", "show"}
    assert ran(bench.run(adding(first=9))) == {"a", "sum", "show"}


def changing(value: int, *, always: bool) -> dict[str, Any]:
    return graph(
        show=("Show", {"value": ("it", 0)}),
        it=("Changing", {"value": ("a", 0), "always": always}),
        a=("Constant", {"value": value}),
    )


def test_is_changed_decides_and_works_before_its_sources_in_the_prompt(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    assert "it" in ran(bench.run(changing(1, always=False)))
    assert ran(bench.run(changing(1, always=False))) == set()
    assert "it" in ran(bench.run(changing(1, always=True)))
    assert "it" in ran(bench.run(changing(1, always=True)))
    bench.run(changing(1, always=False))
    assert ran(bench.run(changing(1, always=False))) == set()


def test_is_changed_gets_none_for_links(cache: Cache) -> None:
    seen: list[Any] = []

    class Watching(Changing):
        @classmethod
        def IS_CHANGED(cls, value: Any, always: bool) -> Any:
            seen.append(value)
            return 1

    bench = Bench({**TOYS, "Changing": Watching}, cache)
    bench.run(changing(1, always=False))
    assert ran(bench.run(changing(1, always=False))) == set()
    assert set(seen) == {None}


def is_changed(result: Any) -> type:
    def answer(cls: type, **given: Any) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return type("Changed", (Constant,), {"IS_CHANGED": classmethod(answer)})


def one(kind: str) -> dict[str, Any]:
    return graph(it=(kind, {"value": 1}), show=("Show", {"value": ("it", 0)}))


def test_results_of_is_changed_that_repeat_keep_the_result(cache: Cache) -> None:
    for number, result in enumerate([True, 0, "text", None, [1, {"a": (2,)}], b"bytes", {1, 2}]):
        bench = Bench({**TOYS, f"C{number}": is_changed(result)}, cache)
        bench.run(one(f"C{number}"))
        assert "it" not in ran(bench.run(one(f"C{number}"))), result


def test_results_of_is_changed_that_never_repeat_run_the_node_again(cache: Cache) -> None:
    for number, result in enumerate([math.nan, [math.nan], object(), ValueError("broken")]):
        bench = Bench({**TOYS, f"C{number}": is_changed(result)}, cache)
        bench.run(one(f"C{number}"))
        assert "it" in ran(bench.run(one(f"C{number}"))), result


def test_an_is_changed_that_cannot_be_called_runs_the_node_again(cache: Cache) -> None:
    class WithSelf(Constant):
        def IS_CHANGED(self, **given: Any) -> int:
            return 1

    class Lacking(Constant):
        @classmethod
        def IS_CHANGED(cls) -> int:
            return 1

    class NoFunction(Constant):
        IS_CHANGED = True

    bench = Bench({**TOYS, "WithSelf": WithSelf, "Lacking": Lacking, "NoFunction": NoFunction}, cache)
    for kind in ("WithSelf", "Lacking", "NoFunction"):
        bench.run(one(kind))
        assert "it" in ran(bench.run(one(kind))), kind


def test_asking_for_the_id_or_not_idempotent_keeps_equal_nodes_apart(cache: Cache) -> None:
    class Named(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {**Constant.INPUT_TYPES(), "hidden": {"me": "UNIQUE_ID"}}

        def give(self, value: Any, me: str = "") -> Made:
            return (f"{me}={value}",)

    class Own(Constant):
        NOT_IDEMPOTENT = True

    bench = Bench({**TOYS, "Named": Named, "Own": Own}, cache)
    for kind, expected in (("Named", "a=1b=1"), ("Own", 2), ("Constant", 2)):
        prompt = graph(
            a=(kind, {"value": 1}),
            b=(kind, {"value": 1}),
            sum=("Add", {"a": ("a", 0), "b": ("b", 0)}),
            show=("Show", {"value": ("sum", 0)}),
        )
        outcome = bench.run(prompt)
        assert outcome.ui[NodeId("show")]["shown"] == [expected]
        assert (len(ran(outcome) & {"a", "b"}) == 2) is (kind != "Constant")


def test_hooks_know_the_id_of_their_node_and_nothing_of_the_prompt(cache: Cache) -> None:
    seen: list[Any] = []

    class Hooked(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            hidden = {"me": "UNIQUE_ID", "prompt": "PROMPT", "graph": "DYNPROMPT"}
            return {**Constant.INPUT_TYPES(), "hidden": hidden}

        @classmethod
        def IS_CHANGED(cls, value: Any, me: Any, prompt: Any, graph: Any) -> Any:
            seen.append(("changed", me, prompt, graph))
            return 1

        @classmethod
        def VALIDATE_INPUTS(cls, value: Any, me: Any, prompt: Any) -> Any:
            seen.append(("valid", me, prompt))
            return True

        def give(self, value: Any, **hidden: Any) -> Made:
            return (hidden["me"] + str(sorted(hidden["prompt"])) + str(hidden["graph"].has_node("it")),)

    bench = Bench({**TOYS, "Hooked": Hooked}, cache)
    assert bench.shown(one("Hooked")) == ["it['it', 'show']True"]
    assert ("changed", "it", {}, None) in seen
    assert ("valid", "it", {}) in seen
    assert len({repr(entry) for entry in seen}) == 2


def test_two_outputs_of_one_source_both_show(cache: Cache) -> None:
    prompt = adding()
    prompt["again"] = {"class_type": "Show", "inputs": {"value": ["a", 0]}}
    bench = Bench(TOYS, cache)
    bench.run(prompt)
    assert bench.announced == {"show": [3], "again": [1]}


def test_instances_persist_by_id_and_class_as_long_as_prompts_contain_them(cache: Cache) -> None:
    class Counting(Constant):
        made: ClassVar[list[Any]] = []
        IS_CHANGED = None

        def __init__(self) -> None:
            self.calls = 0
            self.made.append(self)

        def give(self, value: Any) -> Made:
            self.calls += 1
            return (self.calls,)

    bench = Bench({**TOYS, "Counting": Counting}, cache)
    count = graph(it=("Counting", {"value": 1}), show=("Show", {"value": ("it", 0)}))
    assert [bench.shown(count) for _ in range(3)] == [[1], [2], [3]]
    other = graph(other=("Counting", {"value": 1}), show=("Show", {"value": ("other", 0)}))
    assert bench.shown(other) == [1]
    assert bench.shown(count) == [1]
    assert len(Counting.made) == 3


def test_undeclared_links_reach_a_method_with_keywords(cache: Cache) -> None:
    class Open:
        RETURN_TYPES: ClassVar[Any] = (ANY,)
        FUNCTION = "give"

        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {}}

        def give(self, **inputs: Any) -> Made:
            return (sorted(inputs.items()),)

    bench = Bench({**TOYS, "Open": Open}, cache)
    prompt = graph(
        a=("Constant", {"value": 1}),
        it=("Open", {"x": ("a", 0), "dropped": 7}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [[("x", 1)]]
