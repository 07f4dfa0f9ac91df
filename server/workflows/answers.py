"""What the store has, in the words of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from server.jobs.records import Json

if TYPE_CHECKING:
    from workflows.store import Release, ReleaseCheck, Store, Version, Workflow, WorkflowItem


def version_item(version: Version) -> Json:
    """A version without its content."""
    return {
        "id": version.id,
        "workflow": version.workflow,
        "number": version.number,
        "document_digest": version.document,
        "layout_digest": version.layout,
        "parents": list(version.parents),
        "author": version.author,
        "message": version.message,
        "created": _milliseconds(version.created),
        "branches": list(version.branches),
        "tags": list(version.tags),
        "releases": list(version.releases),
        "thumbnail": thumbnail_url(version),
        "has_function": version.has_function,
    }


def thumbnail_url(version: Version) -> str | None:
    """Path of a version's picture, if it has one."""
    name = quote(version.workflow, safe="")
    return f"/api/v1/workflows/{name}/versions/{version.id}/thumbnail" if version.has_thumbnail else None


def version_record(store: Store, version: Version) -> Json:
    """A version with its document."""
    from workflows.document import function_of

    document = store.document(version.id)
    return {**version_item(version), "document": document, "function": function_of(document)}


def release_item(release: Release) -> Json:
    """A release."""
    return {
        "number": release.number,
        "version": release.version,
        "notes": release.notes,
        "author": release.author,
        "created": _milliseconds(release.created),
    }


def workflow_item(item: WorkflowItem) -> Json:
    """A workflow, as lists show it."""
    return {
        "uid": item.uid,
        "name": item.name,
        "description": item.description,
        "labels": list(item.labels),
        "archived": item.archived,
        "created": _milliseconds(item.created),
        "updated": _milliseconds(item.updated),
        "head": version_item(item.head),
        "latest": None if item.latest is None else release_item(item.latest),
        "branches_count": item.branches_count,
        "origin": item.origin,
    }


def workflow_record(workflow: Workflow) -> Json:
    """A workflow with every name its versions have."""
    branches = [{"name": one.name, "version": version_item(one.version)} for one in workflow.branches]
    tags = [{"name": tag.name, "version": tag.version} for tag in workflow.tags]
    releases = [release_item(release) for release in workflow.releases]
    return {**workflow_item(workflow.item), "branches": branches, "tags": tags, "releases": releases}


def release_check(check: ReleaseCheck) -> Json:
    """What number a release would need."""
    return {
        "smallest": check.smallest,
        "level": check.level,
        "reasons": list(check.reasons),
        "previous": check.previous,
    }


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
