"""Nodes as the policy lets them run: what goes to an output node is screened, what it shows is looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

from engine.registry import Registry, UnknownNode
from engine.returns import Expand, Ui
from engine.spec import NodeSpec
from nodes.policy.screen import Report, Screen

log = logging.getLogger("darkroom.safety")

READERS = frozenset({"ReadWatermark"})
"""Built-in output nodes that show words about a picture and never the picture."""
NO_PICTURES = frozenset(
    {"LATENT", "CONDITIONING", "SIGMAS", "NOISE", "GUIDER", "SAMPLER", "MODEL", "CLIP", "VAE", "AUDIO"}
)
"""Sockets whose tensors are not looked at."""


class Looker(Protocol):
    """Looks at what a node gives the canvas, and at the files that names."""

    def seen(self, ui: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """The same, as it may leave."""
        ...


class PolicedRegistry(Registry):
    """Another registry, seen through the policy. Nodes a pack adds or renews later are seen through it too.

    Graphs are validated, keyed and run from what this gives, so none reaches a node that is not screened.
    """

    def __init__(self, inner: Registry, screen: Screen, looker: Looker) -> None:
        super().__init__()
        self._inner, self._screen, self._looker = inner, screen, looker
        self._made: dict[str, tuple[NodeSpec, NodeSpec]] = {}

    def get(self, name: str) -> NodeSpec | None:
        spec = self._inner.get(name)
        if spec is None:
            return None
        known = self._made.get(name)
        if known is None or known[0] is not spec:
            known = self._made[name] = (spec, self._policed(spec))
        return known[1]

    def __getitem__(self, name: str) -> NodeSpec:
        spec = self.get(name)
        if spec is None:
            raise UnknownNode(name, self.nearest(name))
        return spec

    def __contains__(self, name: object) -> bool:
        return name in self._inner

    def __iter__(self) -> Iterator[NodeSpec]:
        for spec in self._inner:
            yield self[spec.name]

    def __len__(self) -> int:
        return len(self._inner)

    def add(self, node: NodeSpec | Callable[..., Any]) -> NodeSpec:
        return self._inner.add(node)

    def nearest(self, name: str) -> tuple[str, ...]:
        return self._inner.nearest(name)

    def _policed(self, spec: NodeSpec) -> NodeSpec:
        """Output nodes, and all of packs: any of these may give the canvas something."""
        ours = not spec.lenient
        if spec.function is None or (ours and (not spec.output_node or spec.name in READERS)):
            return spec
        work = _Policed(spec, spec.function, self._screen, self._looker)
        return replace(spec, function=work.call_async if spec.is_async else work.call)


class _Policed:
    """A node's function between the two looks."""

    def __init__(self, spec: NodeSpec, function: Callable[..., Any], screen: Screen, looker: Looker) -> None:
        self._spec, self._function, self._screen, self._looker = spec, function, screen, looker

    def call(self, **given: Any) -> Any:
        screened, report = self._before(given)
        return self._after(self._function(**screened), report)

    async def call_async(self, **given: Any) -> Any:
        screened, report = self._before(given)
        return self._after(await self._function(**screened), report)

    def _before(self, given: dict[str, Any]) -> tuple[dict[str, Any], Report]:
        report = Report()
        if not self._spec.output_node:
            return given, report
        screened = {name: self._screened(name, value, report) for name, value in given.items()}
        if report.replaced:
            log.warning(
                "%s: %d of %d pictures replaced by the safety policy",
                self._spec.name,
                len(report.replaced),
                report.pictures,
            )
        return screened, report

    def _screened(self, name: str, value: Any, report: Report) -> Any:
        declared = self._spec.by_name.get(name)
        if declared is not None and declared.type in NO_PICTURES:
            return value
        return self._screen.release(value, report)

    def _after(self, returned: Any, report: Report) -> Any:
        note = report.note()
        if isinstance(returned, Expand):
            ui = self._shown(returned.ui, note)
            return replace(returned, ui=ui)
        if isinstance(returned, Ui):
            shown = cast("Ui[Any]", returned)
            return replace(shown, ui=self._shown(shown.ui, note) or {})
        if not note:
            return returned
        values: tuple[Any, ...] = (
            () if not self._spec.outputs else returned if self._spec.tuple_result else (returned,)
        )
        return cast("Any", Ui(note, values))

    def _shown(
        self, ui: Mapping[str, list[Any]] | None, note: Mapping[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        if ui is None:
            return dict(note) or None
        seen = self._looker.seen(ui)
        return {**seen, **{key: [*seen.get(key, []), *said] for key, said in note.items()}}
