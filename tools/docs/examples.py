"""Read the example graphs: one TOML file a category, on top of the nodes they share.

An example has `about`, what its picture shows, or `gives`, the text that comes out at the end, and `nodes`.
A node is `["Class", {inputs}]`, or only `{inputs}` to change the node of that name in `shared.toml`.
`"@name"` links to the first output of a node, `"@name.OUTPUT"` to another. What is left out has its default.
The graph is all that leads to `save`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.registry import Registry
from engine.spec import NodeSpec

FOLDER = Path(__file__).parent / "examples"
END = "save"
"""The node that a graph ends with."""

Parts = dict[str, tuple[str, dict[str, Any]]]
Prompt = dict[str, dict[str, Any]]


class ExampleError(ValueError):
    """An example names a node, an input or an output that there is not."""


@dataclass(frozen=True)
class Example:
    """A graph that shows one node. Of `about` and `gives` one is empty."""

    about: str
    gives: str
    prompt: Prompt


def examples(registry: Registry) -> dict[str, Example]:
    """Every example by the class it shows. Raises ExampleError."""
    shared = parts_of(tomllib.loads((FOLDER / "shared.toml").read_text(encoding="utf-8")), {})
    return dict(_read(registry, shared))


def _read(registry: Registry, shared: Parts) -> Iterator[tuple[str, Example]]:
    for file in sorted(FOLDER.glob("*.toml")):
        if file.name == "shared.toml":
            continue
        for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            try:
                parts = shared | parts_of(entry.get("nodes", {}), shared)
                prompt = graph_of(parts, registry)
            except KeyError as error:
                raise ExampleError(f"{file.name}, {name}: there is no {error}") from None
            if all(node["class_type"] != name for node in prompt.values()):
                raise ExampleError(f"{file.name}, {name}: nothing leads from it to {END!r}")
            yield name, Example(entry.get("about", ""), entry.get("gives", ""), prompt)


def parts_of(written: Mapping[str, Any], shared: Parts) -> Parts:
    """Class and inputs of each node."""
    parts: Parts = {}
    for name, node in written.items():
        if isinstance(node, dict):
            kind, inputs = shared[name]
            parts[name] = kind, inputs | cast(dict[str, Any], node)
        else:
            parts[name] = node[0], node[1]
    return parts


def graph_of(parts: Parts, registry: Registry) -> Prompt:
    """The prompt in API format of all that leads to `save`, sources first."""
    prompt: Prompt = {}

    def add(name: str) -> None:
        if name in prompt:
            return
        kind, inputs = parts[name]
        spec = registry[kind]
        values = defaults(spec) | inputs
        if unknown := inputs.keys() - spec.by_name.keys():
            raise KeyError(f"{kind}.{unknown.pop()}")
        order = [i.name for i in spec.inputs if i.name in values]
        prompt[name] = {"class_type": kind, "inputs": {key: linked(values[key]) for key in order}}

    def linked(value: Any) -> Any:
        if not (isinstance(value, str) and value.startswith("@")):
            return value
        name, _, output = value[1:].partition(".")
        add(name)
        outputs = [o.name for o in registry[parts[name][0]].outputs]
        if output and output not in outputs:
            raise KeyError(value)
        return [name, outputs.index(output) if output else 0]

    add(END)
    return prompt


def defaults(spec: NodeSpec) -> dict[str, Any]:
    """What the inputs that must have a value hold when nobody has touched them."""
    required = [i for i in spec.inputs if not i.optional]
    chosen = {i.name: i.choices[0] for i in required if i.choices}
    return chosen | {i.name: i.options["default"] for i in required if "default" in i.options}
