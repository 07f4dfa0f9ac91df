"""Whether a graph from the canvas is still the version it says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from engine.graph import as_object
from server.http import Problem
from server.jobs.records import Json
from server.provenance.stamp import SAID
from server.workflows.access import WORKFLOWS
from workflows.canonical import CanonicalError, digest
from workflows.document import DocumentError, split
from workflows.store.records import VersionId

if TYPE_CHECKING:
    from workflows.store import Store


async def verified(app: web.Application, extra_data: Json) -> Json:
    """What came with a job, with `modified` as it is. Takes microseconds for a job that names no version.

    A call by name says which inputs it put in, and its document is the version's own; there is nothing to
    compare. A version this store does not know stays as the client has it.
    """
    said = as_object(extra_data.get(SAID))
    version = None if said is None else said.get("version")
    if said is None or not isinstance(version, str) or "inputs" in said:
        return extra_data
    document = as_object((as_object(extra_data.get("extra_pnginfo")) or {}).get("workflow"))
    if document is None:
        return extra_data
    try:
        modified = await app[WORKFLOWS].call(lambda store: _modified(store, dict(document), version))
    except Problem:
        return extra_data
    return {**extra_data, SAID: {**said, "modified": modified}}


def _modified(store: Store, document: Json, version: str) -> bool:
    """Whether a document means anything else than a version. Raises NotFound."""
    known = store.find(VersionId(version))
    try:
        return digest(split(document).meaning) != known.document
    except (DocumentError, CanonicalError):
        return True
