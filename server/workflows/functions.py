"""Workflows as functions on a server: called by name, and nodes in other workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from engine.folders import Folders
from engine.graph import as_list, as_object
from server.http import Problem
from server.jobs.records import Json
from server.specs import Specs
from server.workflows.access import Workflows
from server.workflows.remembered import Remembered
from workflows.formats.definitions import Definitions, remembered
from workflows.functions import Bound, ExpansionError, InvalidInputs, expand, has_workflows, is_workflow
from workflows.functions.released import Called, Classes, Released

if TYPE_CHECKING:
    from workflows.store import Store

Result = TypeVar("Result")
_OPENING_SECONDS = 5.0


class Functions:
    """What is called by name or used as a node. Errors of the store are Problems, as in `Workflows.call`."""

    def __init__(self, workflows: Workflows, specs: Specs, folders: Folders, remembered: Remembered) -> None:
        self._workflows = workflows
        self._specs = specs
        self._folders = folders
        self._remembered = remembered
        self._released: Released | None = None
        workflows.on_open.append(self._begin)

    async def called(self, name: str, ref: str = "", *, fresh: bool = False) -> Called:
        """The version a call means, ready to be bound. The node specs must be known.

        Raises FunctionError if it is none, Problem.
        """
        return await self._ask(lambda found: found.called(name, ref, self.classes(), fresh=fresh))

    async def bound(
        self, called: Called, values: Mapping[str, Any], *, text: Collection[str] = (), prefix: str = ""
    ) -> Bound:
        """A call's values in its prompt. Raises InvalidInputs, Problem."""
        try:
            return called.bound(values, text=text, prefix=prefix)
        except InvalidInputs as error:
            if all(one.code != "not_an_option" for one in error.problems):
                raise
        version = called.version  # a file may have come since the choices were looked up
        called = await self.called(version.workflow, version.id, fresh=True)
        return called.bound(values, text=text, prefix=prefix)

    async def expanded(self, graph: Json) -> Json:
        """A prompt with every workflow in it replaced by its nodes. Raises ExpansionError, Problem."""
        if not has_workflows(graph):
            return graph
        classes = self.classes()
        return await self._ask(lambda found: expand(graph, lambda name: found.find(name, classes)))

    async def object_info(self, plain: Json) -> Json:
        """The `/object_info` entries of released functions, `plain` being those of all other classes; none
        while there is no store to ask. Until it is open those of the last start do, if nothing has changed.
        """
        if self._workflows.store is None:
            found = await asyncio.to_thread(self._remembered.recall, plain)
            if found is not None:
                return found
        with suppress(Problem, TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._workflows.ready()
            return await self._ask(lambda found: found.object_info(self.classes()))
        return {}

    async def entries(self) -> tuple[Json, Json] | None:
        """All other classes and the entries of released functions, to be kept for the next start; None while
        the store is not open.
        """
        released = self._released
        if released is None or self._workflows.store is None or not self._specs.ready.is_set():
            return None
        plain = await asyncio.to_thread(self._specs.object_info, self._folders)
        try:
            return plain, await self._ask(lambda found: found.object_info(self.classes()))
        except Problem:
            return None

    async def one(self, class_type: str) -> Json:
        """The entry of one class, of whichever release; an empty object if there is none."""
        if not is_workflow(class_type):
            return {}
        info = await self._ask(lambda found: found.info(class_type, self.classes()))
        return {} if info is None else {class_type: info}

    async def ready_for(self, document: Any) -> None:
        """Wait for the store if a workflow holds others as nodes, so that `definitions` knows them."""
        if _holds_workflows(document):
            with suppress(Problem):
                await self._workflows.ready()

    def definitions(self) -> Definitions:
        """Every class as workflows are read, workflows among them. It may read files: use threads."""
        classes = self.classes()
        return classes.plain if self._released is None else self._released.definitions(classes)

    def classes(self) -> Classes:
        """The node classes as they are now, with the files there are."""
        names = cache(self._folders.list)  # each folder is scanned once, however many nodes list it
        registry = self._specs.registry
        plain = remembered(lambda name: spec.object_info(names) if (spec := registry.get(name)) else None)
        return Classes(plain, registry)

    async def _ask(self, work: Callable[[Released], Result]) -> Result:
        return await self._workflows.call(lambda store: work(self._released or Released(store)))

    def _begin(self, store: Store) -> None:
        self._released = Released(store)


def _holds_workflows(document: Any) -> bool:
    root = as_object(document) or {}
    subgraphs = as_list((as_object(root.get("definitions")) or {}).get("subgraphs")) or []
    graphs = [root, *(found for one in subgraphs if (found := as_object(one)))]
    nodes = (as_object(node) or {} for graph in graphs for node in as_list(graph.get("nodes")) or [])
    return any(is_workflow(node.get("type")) for node in nodes)


FUNCTIONS = web.AppKey("functions", Functions)
__all__ = ["FUNCTIONS", "Called", "ExpansionError", "Functions"]
