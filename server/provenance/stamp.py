"""Where a graph came from, as clients say it, and what is written into the pictures of its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_object
from server.jobs.records import NewJob
from workflows.provenance.beginning import STAMP, Origin

SAID = "darkroom"
"""The key in `extra_data` under which clients say where a graph came from."""

_NOWHERE = Origin()


def origin_of(extra_data: Mapping[str, Any]) -> Origin:
    """What came with a job. Clients may send anything: what is no text or flag is left out."""
    said = as_object(extra_data.get(SAID))
    if said is None:
        return _NOWHERE
    workflow, version, release = (_text(said.get(name)) for name in ("workflow", "version", "release"))
    modified, inputs = said.get("modified"), as_object(said.get("inputs"))
    if not isinstance(modified, bool):
        modified = None if inputs is None else False  # a call runs the version, with these values
    return Origin(workflow, version, release, modified, inputs or {})


def stamped(job: NewJob) -> Any:
    """The `extra_pnginfo` of a job with its stamp. No result depends on it, and no cache key holds it."""
    given = job.extra_data.get("extra_pnginfo")
    if given is not None and not isinstance(given, dict):
        return given  # the nodes will say what is wrong with it
    return {**(as_object(given) or {}), STAMP: origin_of(job.extra_data).stamp(job.prompt_id)}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
