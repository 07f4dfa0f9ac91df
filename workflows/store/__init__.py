"""Workflows with their whole history: what was saved once can be read for ever.

`Store` is imported on first use: SQLAlchemy, which it stands on, takes longer than a server may to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.store.errors import (
    AmbiguousRef,
    BranchConflict,
    BranchMoved,
    Invalid,
    NameTaken,
    NeedsHigher,
    NeedsMajor,
    NeedsMinor,
    NotFound,
    ReleaseExists,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnreachable,
    StoreUnusable,
)
from workflows.store.records import (
    MAIN,
    Branch,
    Commit,
    Digest,
    Page,
    Release,
    ReleaseCheck,
    Tag,
    Version,
    VersionId,
    Workflow,
    WorkflowItem,
)

if TYPE_CHECKING:
    from workflows.store.store import Store

__all__ = [
    "MAIN",
    "AmbiguousRef",
    "Branch",
    "BranchConflict",
    "BranchMoved",
    "Commit",
    "Digest",
    "Invalid",
    "NameTaken",
    "NeedsHigher",
    "NeedsMajor",
    "NeedsMinor",
    "NotFound",
    "Page",
    "Release",
    "ReleaseCheck",
    "ReleaseExists",
    "Store",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreUnreachable",
    "StoreUnusable",
    "Tag",
    "Version",
    "VersionId",
    "Workflow",
    "WorkflowItem",
]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from workflows.store.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
