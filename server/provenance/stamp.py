"""Where a graph came from, as clients say it, and what is written into the pictures of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph import as_object
from server.jobs.records import Json, NewJob

STAMP = "darkroom"
"""The key of both: in `extra_data` what clients say, in `extra_pnginfo` (and so in pictures) the stamp."""


@dataclass(frozen=True)
class Origin:
    """The version a graph was made from, and whether it was changed since. What is no text or flag is left
    out: clients may send anything.
    """

    workflow: str | None = None
    version: str | None = None
    release: str | None = None
    modified: bool | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, extra_data: Mapping[str, Any]) -> Origin:
        """From what came with a job."""
        said = as_object(extra_data.get(STAMP))
        if said is None:
            return _NOWHERE
        workflow, version, release = (_text(said.get(name)) for name in _TEXTS)
        modified = said.get("modified")
        flag = modified if isinstance(modified, bool) else None
        return cls(workflow, version, release, flag, as_object(said.get("inputs")) or {})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


_TEXTS = ("workflow", "version", "release")
_NOWHERE = Origin()


def stamp(job: NewJob) -> Json:
    """The id of the run and, as far as they are known, workflow, version, release and `modified`."""
    origin = Origin.of(job.extra_data)
    known = {name: value for name in _TEXTS if (value := getattr(origin, name)) is not None}
    if origin.modified is not None and origin.version is not None:
        known["modified"] = origin.modified
    return {"run": job.prompt_id, **known}


def stamped(job: NewJob) -> Any:
    """The `extra_pnginfo` of a job with its stamp. No result depends on it, and no cache key holds it."""
    given = job.extra_data.get("extra_pnginfo")
    if given is not None and not isinstance(given, dict):
        return given  # the nodes will say what is wrong with it
    return {**(as_object(given) or {}), STAMP: stamp(job)}
