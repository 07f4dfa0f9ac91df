"""A class declared with a schema as a node of the engine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

from engine.hooks import settled
from engine.returns import Blocker
from engine.spec import InputSpec, NodeSpec, OutputSpec
from nodes.comfy.execution.builder import number_builders
from nodes.comfy.hidden import running
from nodes.comfy.inputs import read_inputs, read_outputs
from nodes.comfy.models.sockets import arguments_for_packs, result_for_engine
from nodes.comfy.results import read_result
from nodes.comfy.v1 import source_hash, takes_more
from nodes.comfy.v3.arguments import Arguments
from nodes.comfy.v3.extension import ComfyExtension
from nodes.comfy.v3.hooks import check_of, fingerprint_of, needs_of
from nodes.comfy.v3.kinds import AUTOGROW, MATCH_TYPE
from nodes.comfy.v3.node import ComfyNode, NodeOutput, frozen_schema, input_types, locked
from nodes.comfy.v3.schema import Hidden, Schema, hidden_values

NodeClass = type[ComfyNode]


def is_v3(owner: object) -> bool:
    """Whether a class is declared with a schema."""
    return isinstance(owner, type) and issubclass(owner, ComfyNode)


def extension_nodes(entrypoint: Callable[[], Any]) -> list[NodeClass]:
    """The node classes of a pack's `comfy_entrypoint`, plain or async. Blocks until it has answered.

    Raises TypeError if it returns no extension, or the extension no list of node classes.
    """

    async def load() -> Any:
        made = entrypoint()
        extension = await made if inspect.isawaitable(made) else made
        if not isinstance(extension, ComfyExtension):
            raise TypeError(f"comfy_entrypoint must return a ComfyExtension, not {type(extension).__name__}")
        await extension.on_load()
        return await extension.get_node_list()

    listed = settled(load())
    if not isinstance(listed, list):
        raise TypeError(f"get_node_list must return a list, not {type(listed).__name__}")
    for one in cast("list[Any]", listed):
        if not is_v3(one):
            raise TypeError(f"get_node_list must list classes derived from io.ComfyNode, not {one!r}")
    return cast("list[NodeClass]", listed)


def adapt_v3(owner: NodeClass, module: str, name: str | None = None, title: str | None = None) -> NodeSpec:
    """The spec of a class, with functions that call it. Its inputs are those it declares now.

    Args:
        owner: derived from `ComfyNode`.
        module: what clients are told the class comes from.
        name: the node's name, if it is registered under another than its schema's.
        title: likewise.

    Raises whatever `define_schema` raises, ValueError for what cannot work.
    """
    schema, stable = owner.GET_SCHEMA(), frozen_schema(owner)
    outputs = output_specs(owner)
    arguments = Arguments(
        schema, takes_more=takes_more(owner.execute.__func__, read_inputs(input_types(schema)))
    )
    check = check_of(owner, arguments)
    return NodeSpec(
        name=name or schema.node_id,
        title=title or stable.display_name or schema.node_id,
        category=stable.category,
        description=stable.description,
        inputs=input_specs(schema),
        outputs=outputs,
        output_node=stable.is_output_node,
        hidden=MappingProxyType({one.name: one.value for one in schema.hidden}),
        code_hash=source_hash(owner),
        module=module,
        is_async=inspect.iscoroutinefunction(owner.execute),
        tuple_result=True,
        variadic=arguments.takes_more or arguments.dynamic,
        open_inputs=schema.accept_all_inputs or arguments.dynamic,
        takes_lists=stable.is_input_list,
        # In ComfyUI equal nodes that ask for their id share a result, and one of them sees the other's id.
        own_id=stable.not_idempotent or Hidden.unique_id in schema.hidden,
        own_type_check=check is not None and check.own_type_check,
        lenient=True,
        dynamic=True,
        extra_info=_extra_info(stable),
        check_inputs=check.inputs if check else frozenset(),
        has_check=check is not None,
        function=_function(owner, arguments, outputs),
        fingerprint=fingerprint_of(owner, arguments),
        check=check.function if check else None,
        needs=needs_of(owner, arguments),
    )


def input_specs(schema: Schema) -> tuple[InputSpec, ...]:
    """The declared inputs. One that grows is not in a prompt under its own name, and so is optional."""

    def fitted(one: InputSpec) -> InputSpec:
        if one.type == AUTOGROW:
            return replace(one, optional=True)
        return replace(one, wildcard=True) if one.type == MATCH_TYPE else one

    return tuple(fitted(one) for one in read_inputs(input_types(schema)).inputs)


def output_specs(owner: NodeClass) -> tuple[OutputSpec, ...]:
    """The outputs as the class declared them first."""
    return tuple(replace(o, wildcard=True) if o.type == MATCH_TYPE else o for o in read_outputs(owner))


def _extra_info(schema: Schema) -> Mapping[str, Any]:
    templates = [getattr(one, "template", None) for one in schema.outputs]
    further: dict[str, Any] = {
        "search_aliases": schema.search_aliases,
        "dev_only": schema.is_dev_only,
        "essentials_category": schema.essentials_category,
        "output_matchtypes": [t and t.template_id for t in templates] if any(templates) else None,
    }
    return MappingProxyType(
        {
            "output_tooltips": [one.tooltip for one in schema.outputs],
            "deprecated": schema.is_deprecated,
            "experimental": schema.is_experimental,
            "api_node": schema.is_api_node,
            **{name: value for name, value in further.items() if value},
        }
    )


def _function(owner: NodeClass, arguments: Arguments, outputs: Sequence[OutputSpec]) -> Callable[..., Any]:
    schema = arguments.schema

    def start(given: Mapping[str, Any]) -> Any:
        # Here, so that tasks the node starts number the graphs they build with it.
        number_builders()
        own = locked(owner, hidden_values(schema.hidden, running()))
        return own.execute(**arguments.complete(arguments_for_packs(given)))

    def call(**given: Any) -> Any:
        return read_output(schema, outputs, start(given))

    async def call_async(**given: Any) -> Any:
        return read_output(schema, outputs, await start(given))

    return call_async if inspect.iscoroutinefunction(owner.execute) else call


def read_output(schema: Schema, outputs: Sequence[OutputSpec], returned: Any) -> Any:
    """What `execute` returned, in the engine's terms. Raises TypeError or ValueError if it means nothing."""
    if returned is None:
        returned = NodeOutput()
    if isinstance(returned, NodeOutput):
        returned = _fields(returned)
    if not isinstance(returned, tuple | dict | Blocker):
        raise TypeError(
            f"{schema.node_id}.execute returned {type(returned).__name__}; "
            "return io.NodeOutput(...), a tuple, or None"
        )
    if isinstance(returned, dict) and "expand" in returned and not schema.enable_expand:
        raise ValueError(f"{schema.node_id} returned more nodes: its schema must say enable_expand=True")
    return result_for_engine(read_result(outputs, returned))


def _fields(output: NodeOutput) -> dict[str, Any]:
    blocked = output.block_execution
    fields: dict[str, Any] = {"result": output.args if blocked is None else Blocker(blocked or None)}
    if output.ui is not None:
        fields["ui"] = output.ui.as_dict() if hasattr(output.ui, "as_dict") else output.ui
    if output.expand is not None:
        fields["expand"] = output.expand
    return fields
