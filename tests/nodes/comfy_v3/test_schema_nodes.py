"""Classes declared with a schema: what they may return, their hooks and hidden inputs, and their V1 view."""

# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# The methods of packs' classes are as untyped here as they are there.
from __future__ import annotations

from typing import Any

import pytest

from engine.context import Context
from engine.graph import Graph, Link
from engine.grown import GrownGraph
from engine.returns import Blocker, Expand, Ui
from engine.types import NodeId, Uncacheable
from nodes.comfy.v3.adapt import adapt_v3, extension_nodes, is_v3
from nodes.comfy.v3.extension import ComfyExtension
from nodes.comfy.v3.names import modules
from nodes.comfy.v3.node import ComfyNode, NodeOutput
from nodes.comfy.v3.schema import Hidden, Schema
from tests.nodes.comfy_v3.schemas import call, io, spec_of


def two_outputs() -> Schema:
    return Schema("Toy", outputs=[io.Int.Output("a"), io.Int.Output("b")], enable_expand=True)


@pytest.mark.parametrize(
    ("returned", "meant"),
    [
        (NodeOutput(1, 2), (1, 2)),
        ((1, 2), (1, 2)),
        (NodeOutput(1), (1, None)),
        (NodeOutput(1, 2, 3), (1, 2)),
        (None, (None, None)),
        ({"result": (1, 2)}, (1, 2)),
        (NodeOutput(1, 2, ui={"text": ["x"]}), Ui({"text": ["x"]}, (1, 2))),
        (NodeOutput(block_execution="stop"), (Blocker("stop"), Blocker("stop"))),
        (NodeOutput(1, 2, block_execution="stop"), (Blocker("stop"), Blocker("stop"))),
        (NodeOutput(block_execution=""), (Blocker(), Blocker())),
        (Blocker("stop"), (Blocker("stop"), Blocker("stop"))),
        (NodeOutput(1, Blocker()), (1, Blocker())),
    ],
)
def test_what_execute_may_return(returned: Any, meant: Any) -> None:
    assert call(spec_of(two_outputs, execute=lambda cls: returned)) == meant


def test_more_nodes_may_be_returned_with_links_to_them() -> None:
    nodes: dict[str, Any] = {"n": {"class_type": "X", "inputs": {}}}
    spec = spec_of(two_outputs, execute=lambda cls: NodeOutput(["n", 0], 5, expand=nodes))
    assert call(spec) == Expand(nodes, (Link(NodeId("n"), 0), 5))


def test_more_nodes_need_a_schema_that_says_so() -> None:
    spec = spec_of(lambda: Schema("Toy"), execute=lambda cls: NodeOutput(expand={}))
    with pytest.raises(ValueError, match="enable_expand=True"):
        call(spec)


def test_other_results_are_refused_with_what_to_return() -> None:
    with pytest.raises(TypeError, match=r"Toy\.execute returned int; return io\.NodeOutput"):
        call(spec_of(two_outputs, execute=lambda cls: 5))


def test_nothing_can_be_set_on_the_class_while_it_runs() -> None:
    def execute(cls: Any) -> Any:
        cls.memory = 1

    with pytest.raises(AttributeError, match=r"Toy\.memory cannot be set"):
        call(spec_of(lambda: Schema("Toy"), execute=execute))


def test_super_works_on_the_class_of_a_call() -> None:
    class Base(ComfyNode):
        @classmethod
        def define_schema(cls) -> Schema:
            return Schema("Base", outputs=[io.Int.Output()])

        @classmethod
        def execute(cls, **inputs: Any) -> Any:
            return NodeOutput(1)

    class Derived(Base):
        @classmethod
        def execute(cls, **inputs: Any) -> Any:
            return NodeOutput(super().execute()[0] + 1)

    assert call(adapt_v3(Derived, "m")) == (2,)


def test_hidden_inputs_are_on_the_class_and_only_those_asked_for() -> None:
    graph = GrownGraph(Graph.parse({"7": {"class_type": "Toy", "inputs": {}}}))
    context = Context(node_id=NodeId("7"), graph=graph)
    hidden = [Hidden.unique_id, Hidden.dynprompt]
    schema = Schema("Toy", outputs=[io.AnyType.Output() for _ in range(4)], hidden=hidden)

    def execute(cls: Any) -> Any:
        return NodeOutput(
            cls.hidden.unique_id, cls.hidden.dynprompt.has_node("7"), cls.hidden.prompt, cls.hidden.any_other
        )

    spec = spec_of(lambda: schema, execute=execute)
    assert call(spec, context=context) == ("7", True, None, None)
    assert spec.own_id and spec.hidden == {"unique_id": "UNIQUE_ID", "dynprompt": "DYNPROMPT"}


def test_output_and_api_nodes_get_their_hidden_inputs_by_themselves() -> None:
    spec = spec_of(lambda: Schema("Toy", is_output_node=True, is_api_node=True))
    assert set(spec.hidden) == {"prompt", "extra_pnginfo", "auth_token_comfy_org", "api_key_comfy_org"}


def test_fingerprints_run_without_hidden_inputs_and_their_errors_mean_always() -> None:
    def schema() -> Schema:
        return Schema("Toy", inputs=[io.Int.Input("n")], hidden=[Hidden.unique_id])

    spec = spec_of(schema, fingerprint_inputs=lambda cls, n: [n, cls.hidden.unique_id])
    assert spec.fingerprint is not None and spec.fingerprint(n=3) == [3, None]
    broken = spec_of(schema, fingerprint_inputs=lambda cls: 1)
    assert broken.fingerprint is not None and isinstance(broken.fingerprint(n=3), Uncacheable)
    changing = spec_of(schema, fingerprint_inputs=lambda cls, n: float("nan"))
    assert changing.fingerprint is not None and isinstance(changing.fingerprint(n=3), Uncacheable)


def test_hooks_count_only_where_they_are_overridden() -> None:
    spec = spec_of(lambda: Schema("Toy", inputs=[io.Int.Input("n")]))
    assert (spec.fingerprint, spec.check, spec.needs, spec.has_check) == (None, None, None, False)


def test_a_check_gets_what_it_names_and_takes_over_its_range() -> None:
    def schema() -> Schema:
        return Schema("Toy", inputs=[io.Int.Input("n", max=1), io.Int.Input("m", max=1)])

    spec = spec_of(schema, validate_inputs=lambda cls, n: True if n else "n must not be 0")
    assert spec.check is not None and spec.check_inputs == {"n"}
    assert spec.check(n=5, m=2) is True and spec.check(n=0) == "n must not be 0"
    judge = spec_of(schema, validate_inputs=lambda cls, input_types: input_types == {"n": "INT"})
    assert judge.own_type_check and judge.check is not None and judge.check(input_types={"n": "INT"}) is True


def test_inputs_are_asked_for_anew_and_the_rest_of_the_schema_once() -> None:
    calls: list[int] = []

    def schema() -> Schema:
        calls.append(1)
        return Schema(
            "Toy",
            category=f"c{len(calls)}",
            inputs=[io.Combo.Input("choice", options=[str(len(calls))])],
        )

    own: Any = type(ComfyNode)
    owner = own("Toy", (ComfyNode,), {"define_schema": classmethod(lambda cls: schema())})
    first, second = adapt_v3(owner, "m"), adapt_v3(owner, "m")
    assert first.category == second.category
    assert first.inputs[0].choices != second.inputs[0].choices


def test_a_schema_class_answers_the_attributes_of_a_v1_class() -> None:
    class Toy(ComfyNode):
        @classmethod
        def define_schema(cls) -> Schema:
            return Schema(
                "Toy",
                category="toys",
                description="A toy.",
                inputs=[io.Int.Input("n", default=1), io.Image.Input("image", optional=True)],
                outputs=[io.Image.Output(display_name="picture"), io.Int.Output(is_output_list=True)],
                hidden=[Hidden.unique_id],
                is_output_node=True,
            )

    assert is_v3(Toy)
    types = Toy.INPUT_TYPES()
    assert types["required"] == {"n": ("INT", {"default": 1})}
    assert types["optional"] == {"image": ("IMAGE", {})}
    assert types["hidden"]["unique_id"] == ("UNIQUE_ID",)
    assert Toy.RETURN_TYPES == ("IMAGE", "INT") and Toy.RETURN_NAMES == ("picture", "INT")
    assert Toy.OUTPUT_IS_LIST == (False, True) and Toy.OUTPUT_NODE is True
    assert (Toy.CATEGORY, Toy.DESCRIPTION, Toy.FUNCTION) == ("toys", "A toy.", "execute")


@pytest.mark.parametrize("is_async", [False, True])
def test_an_entry_point_gives_its_classes_after_it_was_loaded(is_async: bool) -> None:
    loaded: list[str] = []

    class Pack(ComfyExtension):
        async def on_load(self) -> None:
            loaded.append("yes")

        async def get_node_list(self) -> list[type[ComfyNode]]:
            return [ComfyNode]

    async def later() -> ComfyExtension:
        return Pack()

    assert extension_nodes(later if is_async else Pack) == [ComfyNode]
    assert loaded == ["yes"]


def test_an_entry_point_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="must return a ComfyExtension, not dict"):
        extension_nodes(dict[str, Any])


def test_a_node_that_takes_lists_gets_lists_in_its_hooks_too() -> None:
    seen: list[Any] = []

    def fingerprint_inputs(cls: Any, n: Any, image: Any) -> str:
        seen.append((n, image))
        return "same"

    spec = spec_of(
        lambda: Schema("Toy", inputs=[io.Int.Input("n"), io.Image.Input("image")], is_input_list=True),
        fingerprint_inputs=fingerprint_inputs,
    )
    assert spec.takes_lists and spec.fingerprint is not None
    assert spec.fingerprint(n=3, image=None) == "same"
    assert seen == [([3], (None,))]


def test_packs_can_import_the_modules_under_all_their_names() -> None:
    made = modules()
    latest = vars(made["comfy_api.latest"])
    assert vars(made["comfy_api.v0_0_2"])["io"] is latest["io"] is latest["IO"] is latest["comfy_io"]
    assert vars(made["comfy_api"])["latest"] is made["comfy_api.latest"]
    for name in ("ImageInput", "AudioInput", "VideoInput"):
        assert name in vars(made["comfy_api.input"])
    assert "VideoFromFile" in vars(made["comfy_api.input_impl"])
    assert "VideoComponents" in vars(made["comfy_api.util"])
    blocker = vars(made["comfy_execution.graph_utils"])["ExecutionBlocker"]
    assert vars(made["comfy_execution.graph"])["ExecutionBlocker"] is blocker is Blocker
