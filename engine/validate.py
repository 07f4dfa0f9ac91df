"""Every problem of a prompt, found before anything runs. Linear in nodes and links, without recursion.

Texts, codes and the order of checks are ComfyUI's; `docs` tells where we are stricter or more precise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine import problems as p
from engine.check import NodeChecker
from engine.folders import Folders
from engine.graph import Graph, Node, as_object, wrap
from engine.problems import Problem
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import NodeId


@dataclass(frozen=True)
class Validation:
    """What is wrong with a prompt, and the graph to run.

    `graph` holds the inputs as the nodes will get them: coerced, and without those no node declares; None
    when nothing can run. `good_targets` are the output nodes without a problem of their own or upstream.
    """

    graph: Graph | None
    problems: tuple[Problem, ...]
    good_targets: tuple[NodeId, ...] = ()
    error: Problem | None = None
    """The problem of the request as a whole; None when something can run."""
    classes: Mapping[NodeId, str | None] = field(default_factory=dict[NodeId, str | None])
    dependents: Mapping[NodeId, tuple[NodeId, ...]] = field(default_factory=dict[NodeId, tuple[NodeId, ...]])
    """For each node with a problem, the output nodes that depend on it."""

    @property
    def ok(self) -> bool:
        """Whether something can run; there may still be problems in other parts of the graph."""
        return self.error is None

    def response(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """`error` and `node_errors` as ComfyUI's POST /prompt answers them."""
        nodes: dict[str, Any] = {}
        for problem in self.problems:
            if problem.node is not None:
                blank = {
                    "errors": list[Any](),
                    "dependent_outputs": list(self.dependents.get(problem.node, ())),
                    "class_type": self.classes.get(problem.node),
                }
                nodes.setdefault(problem.node, blank)["errors"].append(problem.to_json())
        return (None if self.error is None else self.error.to_json()), nodes


def validate(
    prompt: Any, registry: Registry, folders: Folders, targets: Collection[str] | None = None
) -> Validation:
    """Check a whole API-format prompt.

    Args:
        prompt: the parsed JSON.
        registry: the known classes. Custom checks run only where the functions are.
        folders: where file names are looked up.
        targets: ids of the output nodes to run; None stands for all.
    """
    entries = as_object(prompt)
    if entries is None or not entries:
        return _refused(_unusable(prompt))
    missing = list(_missing_types(entries, registry))
    checker = NodeChecker(entries, registry, folders)
    nodes = {NodeId(name): checker.node(NodeId(name)) for name in entries}
    graph = Graph(MappingProxyType(nodes), _coerced(entries, nodes))
    outputs = [n for n in nodes if (spec := registry.get(nodes[n].class_type)) and spec.output_node]
    roots = [n for n in outputs if targets is None or n in targets]
    needed = graph.needed(roots)
    for name in needed:
        checker.own_check(nodes[name])
    found = [*missing, *(x for n in needed for x in checker.problems.get(n, ())), *_cycles(graph, needed)]
    rank = {name: index for index, name in enumerate(nodes)}
    found.sort(key=lambda problem: rank.get(problem.node or NodeId(""), -1))
    bad = {x.node for x in found if x.node is not None}
    spoiled = _downstream(graph, needed, bad)
    good = tuple(root for root in roots if root not in spoiled)
    error = _verdict(entries, missing, roots, good, found)
    return Validation(
        graph=graph if error is None else None,
        problems=tuple(found),
        good_targets=good if error is None else (),
        error=error,
        classes=MappingProxyType({n: nodes[n].class_type or None for n in nodes}),
        dependents=_dependents(graph, needed, roots, bad),
    )


def trust(prompt: Mapping[str, Any], registry: Registry, targets: Collection[str]) -> Validation | None:
    """The same result for a prompt that was validated just now, from `Graph.prompt`, without a second look.

    None where a second look may see something else: a node names a file or checks its inputs itself.
    Raises `GraphError` or `UnknownNode` for what cannot have been validated.
    """
    parsed = Graph.parse(prompt)
    nodes: dict[NodeId, Node] = {}
    for name, node in parsed.nodes.items():
        spec = registry[node.class_type]
        if spec.file_inputs or spec.has_check or spec.dynamic:
            return None
        if len(node.literals) + len(node.links) > len(spec.inputs) or not all(
            given in spec.by_name for given in (*node.literals, *node.links)
        ):
            node = _without_strangers(node, spec)
        nodes[name] = node
    graph = Graph(MappingProxyType(nodes), prompt)
    return Validation(graph, (), tuple(NodeId(target) for target in targets))


def _without_strangers(node: Node, spec: NodeSpec) -> Node:
    """The node with the inputs its class takes."""
    literals = {n: v for n, v in node.literals.items() if spec.takes_literal(n)}
    links = {n: v for n, v in node.links.items() if spec.takes_link(n)}
    return node._replace(literals=literals, links=links)


def _refused(error: Problem) -> Validation:
    return Validation(None, (error,), error=error)


def _unusable(prompt: Any) -> Problem:
    if prompt is None:
        return Problem("no_prompt", "No prompt provided", "No prompt provided")
    if not prompt:
        return Problem("prompt_no_outputs", "Prompt has no outputs")
    return Problem(
        "invalid_prompt", "A prompt must be an object of nodes by id", f"got {type(prompt).__name__}"
    )


def _missing_types(entries: Mapping[str, Any], registry: Registry) -> list[Problem]:
    """Every node without a known class, as an error of that node."""
    found: list[Problem] = []
    for name, entry in entries.items():
        class_type, title = _class_and_title(entry)
        if class_type is None or class_type not in registry:
            near = registry.nearest(class_type) if class_type else ()
            found.append(p.missing_node_type(NodeId(name), class_type, title, near))
    return found


def _class_and_title(entry: Any) -> tuple[str | None, str | None]:
    fields = as_object(entry) or {}
    class_type = fields.get("class_type")
    title = (as_object(fields.get("_meta")) or {}).get("title")
    return (class_type if isinstance(class_type, str) else None), (title if isinstance(title, str) else None)


def _verdict(
    entries: Mapping[str, Any],
    missing: Sequence[Problem],
    roots: Sequence[NodeId],
    good: Sequence[NodeId],
    found: Sequence[Problem],
) -> Problem | None:
    if missing:
        first = missing[0]
        extra = dict(first.extra)
        if isinstance(entries.get("nodes"), list) and "links" in entries:
            extra["suggestion"] = "This is the canvas's own format; export the workflow in API format."
        return Problem("invalid_prompt", first.message, first.details, None, None, extra)
    if not roots:
        return Problem("prompt_no_outputs", "Prompt has no outputs")
    if good:
        return None
    own = set(roots)
    details = "\n".join(f"{x.message}: {x.details}" for x in found if x.node in own)
    return Problem("prompt_outputs_failed_validation", "Prompt outputs failed validation", details)


def _cycles(graph: Graph, needed: Sequence[NodeId]) -> list[Problem]:
    """A problem for each node on a cycle. The algorithm proper runs only where an edge leads backwards."""
    place = {node: index for index, node in enumerate(needed)}
    if all(
        place[link.node] < place[n] for n in needed for link in graph[n].links.values() if link.node in place
    ):
        return []
    found: list[Problem] = []
    for path, members in graph.cycles():
        if members[0] in place:
            named = [(member, graph[member].class_type) for member in path]
            found.extend(p.dependency_cycle(member, named) for member in members)
    return found


def _downstream(graph: Graph, needed: Sequence[NodeId], bad: Collection[NodeId | None]) -> set[NodeId]:
    """The bad nodes and all that depends on them. One pass is enough: nodes on cycles are all bad."""
    spoiled: set[NodeId] = set()
    for node in needed:
        if node in bad or any(link.node in spoiled for link in graph[node].links.values()):
            spoiled.add(node)
    return spoiled


def _dependents(
    graph: Graph, needed: Sequence[NodeId], roots: Sequence[NodeId], bad: Collection[NodeId | None]
) -> Mapping[NodeId, tuple[NodeId, ...]]:
    """The output nodes each bad node leads to. Equal sets are shared: a chain costs one, not one a node."""
    if not bad:
        return MappingProxyType({})
    reached: dict[NodeId, frozenset[NodeId]] = {}
    own = set(roots)
    for node in reversed(needed):
        mine = reached.get(node, frozenset[NodeId]())
        if node in own:
            mine = mine | {node}
            reached[node] = mine
        for link in graph[node].links.values():
            known = reached.get(link.node)
            if known is None:
                reached[link.node] = mine
            elif not mine <= known:
                reached[link.node] = known | mine
    return MappingProxyType(
        {n: tuple(r for r in roots if r in reached.get(n, ())) for n in bad if n is not None}
    )


def _coerced(entries: Mapping[str, Any], nodes: Mapping[NodeId, Node]) -> dict[str, Any]:
    """The prompt with the values the nodes get, everything else as it was; it parses to the same graph."""
    prompt: dict[str, Any] = {}
    for name, entry in entries.items():
        fields = as_object(entry)
        inputs = None if fields is None else as_object(fields.get("inputs"))
        if fields is None or inputs is None:
            prompt[name] = entry
            continue
        literals = nodes[NodeId(name)].literals
        changed = {key: wrap(literals[key]) if key in literals else value for key, value in inputs.items()}
        prompt[name] = {**fields, "inputs": changed}
    return prompt
