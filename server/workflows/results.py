"""What a call gives back, from what its output nodes showed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from engine.graph import as_object
from server.jobs.records import Job, Json

OUTPUT_CLASS = "WorkflowOutput"


def outputs_of(job: Job) -> Json:
    """The outputs of a run that has ended, by name: files for pictures, anything else as its value.

    Outputs that were not made are left out.
    """
    found: Json = {}
    for node_id in job.targets:
        node = as_object(job.graph.get(node_id)) or {}
        shown = as_object(job.outputs.get(node_id))
        if node.get("class_type") == OUTPUT_CLASS and shown is not None:
            found[str(node["inputs"]["name"])] = _result(shown)
    return found


def _result(shown: Mapping[str, Any]) -> Any:
    if "images" in shown:
        return [with_url(file) for file in cast(list[Json], shown["images"])]
    values = cast(list[Any], shown.get("values", []))
    return values[0] if len(values) == 1 else values


def with_url(file: Json) -> Json:
    """A file of a run, with the path under which this server hands it out."""
    known = {name: str(file.get(name, "")) for name in ("filename", "subfolder", "type")}
    return {"url": f"/view?{urlencode(known)}", **known}
