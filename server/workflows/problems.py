"""What the store of workflows refuses, as answers of the API."""

from __future__ import annotations

from typing import Any

from server.http import Problem
from server.jobs.records import Json
from server.workflows.answers import version_item
from workflows.store.errors import (
    AmbiguousRef,
    BranchConflict,
    BranchMoved,
    Invalid,
    NameTaken,
    NeedsHigher,
    NotFound,
    ReleaseExists,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnreachable,
    StoreUnusable,
)

_STATUS: dict[type[StoreError], int] = {
    Invalid: 400,
    AmbiguousRef: 400,
    NotFound: 404,
    NameTaken: 409,
    BranchConflict: 409,
    BranchMoved: 409,
    ReleaseExists: 409,
    NeedsHigher: 409,
    StoreFull: 507,
    StoreBusy: 503,
    StoreUnreachable: 503,
    StoreUnusable: 503,
}
_RETRY_AFTER = {"Retry-After": "2"}


def told(error: StoreError) -> Problem:
    """The answer to a request the store refuses: its own code and text, with the status these have."""
    status = status_of(type(error))
    where = error.what if isinstance(error, NotFound) else ""
    headers = _RETRY_AFTER if status == 503 else None
    return Problem(status, error.code, str(error), where, headers, _more(error))


def status_of(kind: type[StoreError]) -> int:
    """The HTTP status of an error."""
    return next((status for known, status in _STATUS.items() if issubclass(kind, known)), 500)


def _more(error: StoreError) -> Json:
    match error:
        case BranchConflict():
            mine: dict[str, Any] = {"version": version_item(error.version), "branch": error.branch}
            return {**mine, "head": version_item(error.head)}
        case BranchMoved():
            return {"head": None if error.head is None else version_item(error.head)}
        case NeedsHigher():
            return {"reasons": list(error.reasons), "smallest": error.smallest, "level": error.level}
        case NotFound():
            return {"nearest": list(error.nearest)}
        case AmbiguousRef():
            return {"candidates": list(error.candidates)}
        case _:
            return {}
