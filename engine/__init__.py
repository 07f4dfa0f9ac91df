"""A typed node-graph engine: nodes are typed functions, results are cached by what they depend on.

    from engine import Graph, MemoryCache, Registry, node, run_sync

    @node("Double", category="numbers")
    def double(value: int) -> int:
        return 2 * value

    prompt = {"a": {"class_type": "Double", "inputs": {"value": 21}}}
    outcome = run_sync(Graph.parse(prompt), Registry([double]), MemoryCache(2**30), targets=["a"])
    outcome.values["a"]  # (42,)

It needs the standard library and networkx, and knows nothing of pictures, devices or HTTP.
"""

from engine.cache import Cache, LruCache, MemoryCache, NoCache
from engine.context import Cancellation, Context, Interrupted, Preview
from engine.driver import Outcome, run, run_sync
from engine.explain import Explanation, explain
from engine.folders import Folders
from engine.graph import Graph, Link
from engine.journal import Journal
from engine.node import node
from engine.problems import Problem
from engine.registry import Registry
from engine.returns import Blocker, Expand, Ui
from engine.spec import NodeSpec
from engine.types import (
    Choices,
    Files,
    ForceInput,
    Label,
    Lazy,
    Multiline,
    NodeId,
    OptionalInput,
    Range,
    SeedControl,
    Socket,
    Uncacheable,
)
from engine.validate import Validation, validate

__all__ = [
    "Blocker",
    "Cache",
    "Cancellation",
    "Choices",
    "Context",
    "Expand",
    "Explanation",
    "Files",
    "Folders",
    "ForceInput",
    "Graph",
    "Interrupted",
    "Journal",
    "Label",
    "Lazy",
    "Link",
    "LruCache",
    "MemoryCache",
    "Multiline",
    "NoCache",
    "NodeId",
    "NodeSpec",
    "OptionalInput",
    "Outcome",
    "Preview",
    "Problem",
    "Range",
    "Registry",
    "SeedControl",
    "Socket",
    "Ui",
    "Uncacheable",
    "Validation",
    "explain",
    "node",
    "run",
    "run_sync",
    "validate",
]
