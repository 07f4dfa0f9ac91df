"""The node classes of one process, by name. An instance that is handed around; there is no global one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine.folders import nearest
from engine.spec import NodeSpec


class UnknownNode(KeyError):
    """No class of that name is registered. `suggestions` holds the nearest names."""

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.suggestions = name, suggestions

    def __str__(self) -> str:
        near = f"; did you mean {' or '.join(self.suggestions)}?" if self.suggestions else ""
        return f"there is no node class {self.name!r}{near}"


class Registry:
    """Node specs by class name, in the order they were added."""

    def __init__(self, nodes: Iterable[NodeSpec | Callable[..., Any]] = ()) -> None:
        self._specs: dict[str, NodeSpec] = {}
        for one in nodes:
            self.add(one)

    def add(self, node: NodeSpec | Callable[..., Any]) -> NodeSpec:
        """Register a spec or a function decorated with `@node`. Raises ValueError when the name is taken."""
        spec = node if isinstance(node, NodeSpec) else getattr(node, "spec", None)
        if not isinstance(spec, NodeSpec):
            raise TypeError(f"{node!r} is no node: decorate it with @node")
        if self._specs.get(spec.name, spec) != spec:
            raise ValueError(f"two nodes are called {spec.name!r}")
        self._specs[spec.name] = spec
        return spec

    def get(self, name: str) -> NodeSpec | None:
        """The spec of a class, or None."""
        return self._specs.get(name)

    def __getitem__(self, name: str) -> NodeSpec:
        try:
            return self._specs[name]
        except KeyError:
            raise UnknownNode(name, self.nearest(name)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._specs

    def __iter__(self) -> Iterator[NodeSpec]:
        return iter(self._specs.values())

    def __len__(self) -> int:
        return len(self._specs)

    def nearest(self, name: str) -> tuple[str, ...]:
        """The registered names most like `name`, best first. Few letters in common are a node of a pack."""
        return nearest(name, self._specs, likeness=0.7)
