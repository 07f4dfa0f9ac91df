"""Whether a graph that a client sends comes from where it says it does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

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
    from workflows.store import Store, Version


async def verified(app: web.Application, extra_data: Json) -> Json:
    """What came with a job, with the origin it claims as far as this store bears it out.

    Of a version that the store knows, the workflow is the one that has it, a release one of its own, and
    `modified` is the truth about the workflow that came along, or left out if none did. Inputs are said of
    calls by name only, which the server makes. A version the store does not know stays as the client has it.
    Takes microseconds for a job that names no version.
    """
    said = as_object(extra_data.get(SAID))
    if said is None:
        return extra_data
    claim = {key: value for key, value in said.items() if key != "inputs"}
    if isinstance(version := claim.get("version"), str):
        document = as_object((as_object(extra_data.get("extra_pnginfo")) or {}).get("workflow"))
        with suppress(Problem):
            claim = await app[WORKFLOWS].call(lambda store: _borne_out(store, claim, version, document))
    return {**extra_data, SAID: claim}


def _borne_out(store: Store, claim: Json, version: str, document: Mapping[str, Any] | None) -> Json:
    """A claim as the version it names has it. Raises NotFound."""
    known = store.find(VersionId(version))
    made = {key: value for key, value in claim.items() if key not in ("release", "modified")}
    made["workflow"] = known.workflow
    if claim.get("release") in known.releases:
        made["release"] = claim["release"]
    if document is not None:
        made["modified"] = _means_other(dict(document), known)
    return made


def _means_other(document: Json, known: Version) -> bool:
    try:
        return digest(split(document).meaning) != known.document
    except (DocumentError, CanonicalError):
        return True
