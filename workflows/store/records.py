"""What the store tells about workflows: plain values, apart from how they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, NewType, TypeVar

Json = dict[str, Any]
VersionId = NewType("VersionId", str)
"""64 hex digits: the sha256 of everything a version says."""
Digest = NewType("Digest", str)
"""64 hex digits: the sha256 of a stored content."""
Level = Literal["major", "minor", "patch"]
Item = TypeVar("Item")

MAIN = "main"
"""The branch every workflow has."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of many."""

    items: tuple[Item, ...]
    total: int
    """How many there are in all."""
    more: bool
    """Whether there are any after these."""


@dataclass(frozen=True)
class Version:
    """An entry in a workflow's history: a document at a place in it. All but its names never change."""

    id: VersionId
    workflow: str
    """The workflow's name."""
    number: int
    """Counts the versions of the workflow from 1, in the order they were saved."""
    document: Digest
    """Of the meaning: two versions with the same one do the same."""
    layout: Digest
    parents: tuple[VersionId, ...]
    """What it was made from: none for a beginning, two for a merge (the branch it is on, then the other)."""
    author: str
    message: str
    created: float
    """Seconds since 1970."""
    branches: tuple[str, ...]
    """Branches whose newest version this is."""
    tags: tuple[str, ...]
    releases: tuple[str, ...]
    """Its release numbers, newest first."""
    has_thumbnail: bool
    has_function: bool


@dataclass(frozen=True)
class Release:
    """A version under a number that people rely on."""

    number: str
    """As in "1.2.0"."""
    version: VersionId
    notes: str
    author: str
    created: float


@dataclass(frozen=True)
class WorkflowItem:
    """A workflow as lists show it."""

    uid: str
    """Stays the same when the workflow is renamed."""
    name: str
    description: str
    labels: tuple[str, ...]
    archived: bool
    created: float
    updated: float
    """When it was last saved, seconds since 1970."""
    head: Version
    """The newest version on `main`."""
    latest: Release | None
    """The release with the highest number."""
    branches_count: int
    origin: VersionId | None
    """The version of another workflow it began as a copy of."""


@dataclass(frozen=True)
class Branch:
    """A name that moves along with what is saved on it."""

    name: str
    version: Version


@dataclass(frozen=True)
class Tag:
    """A name for one version."""

    name: str
    version: VersionId


@dataclass(frozen=True)
class Workflow:
    """A workflow and every name in it."""

    item: WorkflowItem
    branches: tuple[Branch, ...]
    """`main` first, then those saved on last."""
    tags: tuple[Tag, ...]
    releases: tuple[Release, ...]
    """The highest number first."""


@dataclass(frozen=True)
class Commit:
    """What saving came to."""

    version: Version
    branch: str
    changed: bool
    """False if the branch's newest version already was like this: no new one was made."""


@dataclass(frozen=True)
class ReleaseCheck:
    """What number the next release may have, judged by its function alone."""

    smallest: str
    level: Level
    reasons: tuple[str, ...]
    """What changed for callers since `previous`."""
    previous: str | None
    """The highest release there is."""
