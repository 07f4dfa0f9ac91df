"""Specs of classes declared with a schema, and calls of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.context import Context, calling
from engine.spec import NodeSpec
from engine.types import NodeId
from nodes.comfy.v3.adapt import adapt_v3
from nodes.comfy.v3.names import modules
from nodes.comfy.v3.node import ComfyNode
from nodes.comfy.v3.schema import Schema

io: Any = modules()["comfy_api.latest"].__dict__["io"]


def spec_of(define: Callable[[], Schema], **methods: Any) -> NodeSpec:
    """The spec of a class with this schema and these class methods."""
    namespace = {name: classmethod(method) for name, method in methods.items()}
    own: Any = type(ComfyNode)
    owner = own("Toy", (ComfyNode,), {"define_schema": classmethod(lambda cls: define()), **namespace})
    return adapt_v3(owner, "custom_nodes.toys")


def call(spec: NodeSpec, given: Mapping[str, Any] | None = None, context: Context | None = None) -> Any:
    assert spec.function is not None
    with calling(context or Context(node_id=NodeId("7"))):
        return spec.function(**(given or {}))
