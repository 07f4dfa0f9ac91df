"""Differences and merges, asked for by name or by document."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from server.http import Problem
from server.jobs.records import Json
from server.known import node_specs
from server.workflows.access import WORKFLOWS
from server.workflows.answers import version_item
from server.workflows.compare_schemas import DiffBody, MergeBody, Side
from server.workflows.functions import FUNCTIONS
from workflows.document import DocumentError
from workflows.formats.definitions import Definitions

if TYPE_CHECKING:
    from workflows.store import Store, Version


async def compared(app: web.Application, body: DiffBody) -> Json:
    """What differs between two sides. Raises Problem."""
    before, after = await _document(app, body.before), await _document(app, body.after)
    definitions = await _definitions(app, before, after)
    return await asyncio.to_thread(_diff, before, after, definitions)


def _diff(before: Json, after: Json, definitions: Definitions) -> Json:
    from workflows.diff import diff  # not needed to start

    try:
        found = diff(before, after, definitions)
    except DocumentError as error:
        raise Problem(400, "invalid_workflow", str(error), "before, after") from error
    changes = found.to_json()
    return {"meaningful": found.meaningful, "changes": changes, "graphs": found.graphs, "text": found.text()}


async def merged(app: web.Application, body: MergeBody) -> Json:
    """Two versions in one document, and what they disagree on. Raises Problem."""
    sides, documents = await app[WORKFLOWS].call(lambda store: _sides(store, body))
    definitions = await _definitions(app, *documents)
    found = await asyncio.to_thread(_merge, documents, definitions, body.resolutions)
    base, ours, theirs = [None if side is None else version_item(side) for side in sides]
    return {"base": base, "ours": ours, "theirs": theirs, **found}


def _merge(
    documents: tuple[Json, Json, Json], definitions: Definitions, resolutions: Mapping[str, Any]
) -> Json:
    from workflows.merge import ResolutionError, merge  # not needed to start

    try:
        found = merge(*documents, definitions, resolutions)
    except ResolutionError as error:
        raise Problem(400, "invalid_resolution", str(error), "resolutions") from error
    except DocumentError as error:
        raise Problem(400, "invalid_workflow", str(error), "ours, theirs") from error
    conflicts = [conflict.to_json() for conflict in found.conflicts]
    return {"document": found.document, "conflicts": conflicts, "clean": found.clean}


def _sides(
    store: Store, body: MergeBody
) -> tuple[tuple[Version | None, Version, Version], tuple[Json, Json, Json]]:
    """Base, ours and theirs, and their documents. Versions without a common beginning have an empty base."""
    ours, theirs = store.version(body.workflow, body.ours), store.version(body.workflow, body.theirs)
    if body.base is not None:
        base = store.version(body.workflow, body.base)
    else:
        found = store.base(ours.id, theirs.id)
        base = None if found is None else store.find(found)
    mine, other = store.document(ours.id), store.document(theirs.id)
    beginning = _empty(mine) if base is None else store.document(base.id)
    return (base, ours, theirs), (beginning, mine, other)


def _empty(like: Json) -> Json:
    """A document of the same form with nothing in it."""
    return (
        {"prompt": {}}
        if "prompt" in like
        else {"nodes": [], "links": [], "version": like.get("version", 0.4)}
    )


async def _document(app: web.Application, side: Side) -> Json:
    name, ref = side.workflow, side.ref
    if side.document is not None or name is None:
        return side.document or {}
    return await app[WORKFLOWS].call(lambda store: store.document(store.version(name, ref).id))


async def _definitions(app: web.Application, *documents: Json) -> Definitions:
    await node_specs(app)
    for document in documents:
        await app[FUNCTIONS].ready_for(document)
    return app[FUNCTIONS].definitions()
