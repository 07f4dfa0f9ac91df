"""What can be wrong with a prompt, as data. Codes, texts and extra fields are ComfyUI's, for its clients.

Beyond ComfyUI's fields, `extra_info` may hold `suggestion`: the nearest valid names, or what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.types import NodeId

_EMPTY: Mapping[str, Any] = MappingProxyType({})

CODES: Mapping[str, str] = MappingProxyType(
    {
        "no_prompt": "the request holds no graph",
        "invalid_prompt": "the graph is not in API format, or names a node class that is not installed",
        "prompt_no_outputs": "no output node (such as SaveImage) is to run",
        "prompt_outputs_failed_validation": "every output node has a problem in itself or upstream",
        "missing_node_type": "this node's class is missing or not installed",
        "dependency_cycle": "this node depends on itself",
        "required_input_missing": "a required input has neither value nor link",
        "bad_linked_input": "a link is malformed, or leads to a node or output that does not exist",
        "return_type_mismatch": "the linked output has another type than the input",
        "invalid_input_type": "the value cannot be read as the input's type",
        "value_smaller_than_min": "the number is below the input's minimum",
        "value_bigger_than_max": "the number is above the input's maximum",
        "value_not_in_list": "the value is none of the choices",
        "custom_validation_failed": "the node's own check refused the value",
        "exception_during_validation": "the node's own check raised an exception",
    }
)
"""Every code and what it means."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what (`code`, `message`, `details`) and where (`node`, `input`; None for all)."""

    code: str
    message: str
    details: str = ""
    node: NodeId | None = None
    input: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)

    def to_json(self) -> dict[str, Any]:
        """ComfyUI's error object."""
        return {
            "type": self.code,
            "message": self.message,
            "details": self.details,
            "extra_info": dict(self.extra),
        }


def missing_node_type(
    node: NodeId, class_type: str | None, title: str | None, near: Sequence[str]
) -> Problem:
    """The same as an error on the node."""
    return _missing_type("missing_node_type", node, class_type, title, near)


def _missing_type(
    code: str, node: NodeId, class_type: str | None, title: str | None, near: Sequence[str]
) -> Problem:
    if class_type is None:
        message = "Cannot execute because a node is missing the class_type property."
    else:
        message = f"Cannot execute because node {class_type} does not exist."
    extra = {"node_id": node, "class_type": class_type, "node_title": title, **suggest(near)}
    return Problem("missing_node_type", message, f"Node ID '#{node}'", node, None, extra)


def dependency_cycle(node: NodeId, path: Sequence[tuple[NodeId, str]]) -> Problem:
    """`path` names the nodes and classes around the cycle, the first repeated at the end."""
    details = " -> ".join(f"{member} ({class_type})" for member, class_type in path)
    extra = {"node_id": node, "cycle_nodes": [member for member, _ in path[:-1]]}
    return Problem("dependency_cycle", "Dependency cycle detected", details, node, None, extra)


def required_input_missing(node: NodeId, name: str) -> Problem:
    """A required input has neither value nor link."""
    extra = {"input_name": name}
    return Problem("required_input_missing", "Required input is missing", name, node, name, extra)


def malformed_link(node: NodeId, name: str, config: Any, received: Any) -> Problem:
    """A list of another length than two where a link is expected."""
    message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    extra = {"input_name": name, "input_config": config, "received_value": received}
    return Problem("bad_linked_input", message, name, node, name, extra)


def broken_link(
    node: NodeId, name: str, config: Any, received: Any, why: str, near: Sequence[str]
) -> Problem:
    """A link that leads nowhere; `why` names the missing node or output."""
    extra = {"input_name": name, "input_config": config, "received_value": received, "linked_node": received}
    details = f"{name}, {why}"
    return Problem("bad_linked_input", f"Bad linked input, {why}", details, node, name, extra | suggest(near))


def return_type_mismatch(
    node: NodeId, name: str, config: Any, wanted: str, received: str, link: Sequence[Any]
) -> Problem:
    """The linked output's type does not fit."""
    details = f"{name}, received_type({received}) mismatch input_type({wanted})"
    extra = {"input_name": name, "input_config": config, "received_type": received, "linked_node": list(link)}
    return Problem(
        "return_type_mismatch", "Return type mismatch between linked nodes", details, node, name, extra
    )


def invalid_input_type(node: NodeId, name: str, kind: str, config: Any, received: Any, why: str) -> Problem:
    """A literal that cannot be read as `kind`."""
    message = f"Failed to convert an input value to a {kind} value"
    extra = {
        "input_name": name,
        "input_config": config,
        "received_value": received,
        "exception_message": why,
    }
    return Problem("invalid_input_type", message, f"{name}, {received}, {why}", node, name, extra)


def out_of_range(node: NodeId, name: str, config: Any, value: float, bound: float, *, below: bool) -> Problem:
    """A number beyond the input's minimum (`below`) or maximum."""
    code = "value_smaller_than_min" if below else "value_bigger_than_max"
    message = f"Value {value} {'smaller than min' if below else 'bigger than max'} of {bound}"
    extra = {"input_name": name, "input_config": config, "received_value": value}
    return Problem(code, message, name, node, name, extra)


def value_not_in_list(
    node: NodeId, name: str, config: Any, value: Any, choices: Sequence[Any], advice: Sequence[str] | str
) -> Problem:
    """A combo's value is none of its choices; long lists are left out of the text as ComfyUI does."""
    long = len(choices) > 20
    listed = f"(list of length {len(choices)})" if long else f"{list(choices)}"
    extra = {"input_name": name, "input_config": None if long else config, "received_value": value}
    hint = {"suggestion": advice} if isinstance(advice, str) else suggest(advice)
    return Problem(
        "value_not_in_list",
        "Value not in list",
        f"{name}: {value!r} not in {listed}",
        node,
        name,
        extra | hint,
    )


def custom_validation_failed(node: NodeId, name: str, text: str, near: Sequence[str] = ()) -> Problem:
    """The node's own check refused the inputs."""
    details = f"{name} - {text}" if text else name
    extra = {"input_name": name, **suggest(near)}
    message = "Custom validation failed for node"
    return Problem("custom_validation_failed", message, details, node, name, extra)


def exception_during_validation(node: NodeId, details: str, exception_type: str) -> Problem:
    """The node's own check raised. ComfyUI sends a traceback here; it shows the server's paths."""
    extra = {"exception_type": exception_type, "traceback": list[str]()}
    message = "Exception when validating node"
    return Problem("exception_during_validation", message, details, node, None, extra)


def suggest(near: Sequence[str]) -> dict[str, str]:
    """The `suggestion` field for the nearest valid names, best first; nothing when there are none."""
    return {"suggestion": f"Did you mean {' or '.join(repr(n) for n in near)}?"} if near else {}
