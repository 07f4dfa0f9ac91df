"""The store: every question and every change is one transaction.

All methods block; call them in a thread. They raise `StoreError`s, and `DocumentError` for what is no workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import TypeVar

from sqlalchemy import Connection, Engine

from workflows.store.records import (
    MAIN,
    Commit,
    Json,
    Page,
    Release,
    ReleaseCheck,
    Version,
    VersionId,
    Workflow,
    WorkflowItem,
)

Result = TypeVar("Result")


class Store:
    """Workflows by name, each with its versions, branches, tags and releases. Threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, where: str | Path) -> Store:
        """The store in an SQLite file (made if missing) or at a URL, `postgresql+psycopg://…`. An older schema
        is brought up to date; of a file, a copy is kept before. Raises StoreUnusable.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` finds, all of it as of one moment."""
        raise NotImplementedError

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do all of `work` or nothing; on disk once this returns. `work` may be done again after a deadlock."""
        raise NotImplementedError

    def create(
        self,
        name: str,
        document: Json,
        *,
        author: str,
        message: str = "",
        description: str = "",
        labels: Sequence[str] = (),
        thumbnail: bytes | None = None,
        origin: VersionId | None = None,
    ) -> Version:
        """Begin a workflow. Its first version is on `main`. Raises NameTaken, Invalid."""
        raise NotImplementedError

    def workflows(
        self,
        *,
        search: str = "",
        label: str | None = None,
        archived: bool = False,
        published: bool | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[WorkflowItem]:
        """Workflows, those saved last first. `search`: words that all occur in name, description or labels;
        `archived`: only those put away instead of the others; `published`: only those with (without) a release.
        """
        raise NotImplementedError

    def workflow(self, name: str) -> Workflow:
        """A workflow and its names. Raises NotFound, with the nearest names."""
        raise NotImplementedError

    def change(
        self,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> WorkflowItem:
        """Change what is told about a workflow, never what it is. The old name goes on leading to it."""
        raise NotImplementedError

    def commit(
        self,
        name: str,
        document: Json,
        *,
        branch: str = MAIN,
        parent: VersionId | None,
        author: str,
        message: str = "",
        thumbnail: bytes | None = None,
        merged: VersionId | None = None,
    ) -> Commit:
        """Save on a branch that is at `parent`. A branch that is not there yet begins at `parent`; `merged` is
        the other version that went into a merge. Raises BranchConflict once the version is kept elsewhere.
        """
        raise NotImplementedError

    def version(self, name: str, ref: str = "", *, calling: bool = False) -> Version:
        """The version of a workflow under a release, branch, tag, number or id. Without `ref`: the newest on
        `main`, but for `calling` the highest release if there is one. Raises NotFound, AmbiguousRef.
        """
        raise NotImplementedError

    def find(self, version: VersionId) -> Version:
        """The version with this id, whatever its workflow. Raises NotFound."""
        raise NotImplementedError

    def document(self, version: VersionId) -> Json:
        """What was saved: meaning and layout together."""
        raise NotImplementedError

    def meaning(self, version: VersionId) -> Json:
        """What was saved without its layout."""
        raise NotImplementedError

    def thumbnail(self, version: VersionId) -> bytes | None:
        """The picture saved with a version."""
        raise NotImplementedError

    def log(
        self, name: str, *, ref: str | None = None, before: int | None = None, limit: int = 50
    ) -> Page[Version]:
        """Versions, newest first: all, or with `ref` those that led to it, it included. `before` is a number."""
        raise NotImplementedError

    def base(self, one: VersionId, other: VersionId) -> VersionId | None:
        """The nearest version that led to both."""
        raise NotImplementedError

    def set_branch(
        self,
        name: str,
        branch: str,
        version: VersionId,
        *,
        expected: VersionId | None | EllipsisType = ...,
    ) -> Version:
        """Let a branch begin at, or point to, a version. `expected` is where it must be until then, None: not
        there at all. Raises BranchMoved.
        """
        raise NotImplementedError

    def delete_branch(self, name: str, branch: str) -> None:
        """Forget the name of a branch; its versions stay. `main` stays."""
        raise NotImplementedError

    def set_tag(self, name: str, tag: str, version: VersionId) -> Version:
        """Give a version a name, which may have been another version's."""
        raise NotImplementedError

    def delete_tag(self, name: str, tag: str) -> None:
        """Forget a tag."""
        raise NotImplementedError

    def release(
        self,
        name: str,
        version_ref: str,
        number: str | None = None,
        *,
        notes: str = "",
        author: str,
    ) -> Release:
        """Give a version a number for ever: "1.2.0", or the next "major", "minor" or "patch", or (None) the
        smallest that says what changed. Raises ReleaseExists, NeedsMajor, NeedsMinor.
        """
        raise NotImplementedError

    def check_release(self, name: str, version_ref: str = "") -> ReleaseCheck:
        """What `release` would demand."""
        raise NotImplementedError

    def find_document(self, digest: str) -> list[Version]:
        """Where a document occurs, in any workflow; oldest first."""
        raise NotImplementedError

    def verify(self) -> list[str]:
        """Read everything back and compute every hash anew: what is wrong, nothing if all is well."""
        raise NotImplementedError
