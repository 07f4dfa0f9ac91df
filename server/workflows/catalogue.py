"""The workflows that can be called, as the API describes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from server.http import Problem
from server.jobs.records import Json
from server.known import node_specs
from server.workflows.access import WORKFLOWS
from server.workflows.answers import thumbnail_url, version_item
from server.workflows.calls import resolved
from server.workflows.functions import FUNCTIONS, Called
from workflows.functions import Function, FunctionError, check, class_name, schema
from workflows.functions.parts import Trouble

if TYPE_CHECKING:
    from workflows.store import Store, Version, WorkflowItem

_PAGE = 500


async def listed(app: web.Application) -> list[Json]:
    """Every workflow that is released as a function, by its newest release.

    One that cannot be called here, say for lack of a node, says so as its `problem`.
    """
    found = await app[WORKFLOWS].call(released)
    return [await _entry(app, item, version) for item, version in found]


def released(store: Store) -> list[tuple[WorkflowItem, Version]]:
    """Every workflow whose newest release is a function, and that version."""
    items: list[WorkflowItem] = []
    # Archived workflows can be called, but are not offered.
    while len(page := store.workflows(published=True, offset=len(items), limit=_PAGE).items) > 0:
        items += page
    latest = ((item, item.latest) for item in items)
    found = [(item, store.find(release.version)) for item, release in latest if release is not None]
    return [(item, version) for item, version in found if version.has_function]


async def _entry(app: web.Application, item: WorkflowItem, version: Version) -> Json:
    assert item.latest is not None
    release, problem = item.latest.number, None
    try:
        declaration = (await resolved(app, item.name, release)).function.to_json()
    except Problem as error:
        document = await app[WORKFLOWS].call(lambda store: store.document(version.id))
        declaration, problem = _as_written(document), error.message
    return {
        **declaration,
        "name": item.name,
        "release": release,
        "version": version.id,
        "class_type": class_name(item.name, release),
        "labels": list(item.labels),
        "thumbnail": thumbnail_url(version),
        "problem": problem,
    }


def _as_written(document: Json) -> Json:
    """The declaration of a document whose nodes are not all known."""
    try:
        function = Function.of(document)
    except FunctionError:
        function = None
    return {"inputs": [], "outputs": []} if function is None else function.to_json()


def recorded(called: Called) -> Json:
    """A version that can be called."""
    version, release = called.version, called.release
    return {
        "name": version.workflow,
        "version": version_item(version),
        "release": release,
        "function": called.function.to_json(),
        "schema": schema_of(called),
        "class_type": None if release is None else class_name(version.workflow, release),
    }


def schema_of(called: Called) -> Json:
    """The JSON Schema of the body of a call."""
    version = called.version
    return schema(called.function, name=version.workflow, version=called.release or version.id[:12])


async def checked(app: web.Application, document: Json) -> Json:
    """What a document declares, completed from its nodes, and all that is wrong with it."""
    await node_specs(app)
    functions = app[FUNCTIONS]
    await functions.ready_for(document)

    def look() -> tuple[Json | None, tuple[Trouble, ...]]:
        try:
            found = check(document, functions.definitions())
        except FunctionError as error:
            return None, error.problems
        return found.function.to_json(), found.problems

    function, problems = await asyncio.to_thread(look)
    told: dict[str, Any] = {"function": function}
    return {**told, "problems": [problem.to_json() for problem in problems]}
