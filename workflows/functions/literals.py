"""A value typed into a workflow node, checked in the words of the engine's validation."""

from __future__ import annotations

from typing import Any

from engine import problems as p
from engine.folders import nearest
from engine.graph import unwrap
from engine.problems import Problem
from engine.types import NodeId
from engine.values import coerce
from workflows.functions.node import wire
from workflows.functions.parts import Input


def literal_problem(node: NodeId, entry: Input, value: Any) -> Problem | None:
    """What is wrong with a literal, if the declaration alone can tell; the inner node is checked after."""
    if not entry.is_widget or entry.several:
        return None
    value, name = unwrap(value), entry.name
    config = wire(entry)
    try:
        value = coerce(entry.type, value)
    except (ValueError, TypeError, OverflowError) as error:
        return p.invalid_input_type(node, name, entry.type, config, value, str(error))
    if entry.min is not None and value < entry.min:
        return p.out_of_range(node, name, config, value, entry.min, below=True)
    if entry.max is not None and value > entry.max:
        return p.out_of_range(node, name, config, value, entry.max, below=False)
    if entry.options is not None and value not in entry.options:
        near = nearest(value, entry.options)
        return p.value_not_in_list(node, name, config, value, entry.options, near)
    return None
