"""The store: every question and every change is one transaction.

All methods block; call them in a thread. They raise `StoreError`s, and `DocumentError` for no workflow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as NoConnection

from workflows.store import about, commits, content, history, listing, names, pointers, releases
from workflows.store.about import About, Wanted
from workflows.store.database import open_database
from workflows.store.errors import BranchConflict, StoreBusy
from workflows.store.faults import faults_of, passes, told
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
from workflows.store.refs import resolve, seq_of
from workflows.store.rows import version_at
from workflows.store.verify import verify

Result = TypeVar("Result")

_LONG_TEXT, _MESSAGE, _AUTHOR = 20_000, 10_000, 200
"""Characters that are kept of descriptions and notes, messages, and names of authors."""
_ATTEMPTS = 4


class Store:
    """Workflows by name, each with its versions, branches, tags and releases. Threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = engine.dialect.name == "sqlite"
        self._faults = faults_of(engine)
        # A file has one writer at a time: threads wait in order here, rather than by trying again and again.
        self._writing = threading.Lock() if self._file else nullcontext()

    @classmethod
    def open(cls, where: str | Path) -> Store:
        """The store in an SQLite file (made if missing) or at a URL, `postgresql://…`. An older schema is
        brought up to date; of a file, a copy is kept before. Raises StoreUnusable, StoreBusy.
        """
        return cls(open_database(where))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` finds, all of it as of one moment."""
        isolated = {} if self._file else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return self._tell(lambda: self._once(work, **isolated))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do all of `work` or nothing; on disk once this returns. `work` may be done again: when another
        transaction was in its way.
        """
        with self._writing:
            return self._tell(lambda: self._once(work, writes=True))

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
        described = About(
            names.workflow_name(name),
            names.text("description", description, _LONG_TEXT),
            names.label_list(labels),
        )
        draft = _draft(document, author, message, thumbnail)
        return self.write(lambda on: version_at(on, commits.create(on, described, draft, origin)))

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
        `archived`: only those put away, not the others; `published`: only those with (without) a release.
        """
        return self.read(
            lambda on: listing.page(on, search, label, archived, published, max(offset, 0), max(limit, 0))
        )

    def workflow(self, name: str) -> Workflow:
        """A workflow and its names. Raises NotFound, with the nearest names."""
        return self.read(lambda on: listing.whole(on, name))

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
        wanted = Wanted(
            None if new_name is None else names.workflow_name(new_name),
            None if description is None else names.text("description", description, _LONG_TEXT),
            None if labels is None else names.label_list(labels),
            archived,
        )
        return self.write(lambda on: listing.item(on, about.change(on, name, wanted)))

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
        """Save on a branch that is at `parent`. A branch that is not there yet begins at it; `merged` is the
        other version that went into a merge. Raises BranchConflict once the version is kept elsewhere.
        """
        names.ref_name("branch", branch)
        draft = _draft(document, author, message, thumbnail)

        def work(on: Connection) -> tuple[Commit, Version | None]:
            saved = commits.commit(on, name, branch, draft, parent, merged)
            head = None if saved.head is None else version_at(on, saved.head)
            return Commit(version_at(on, saved.seq), saved.branch, saved.changed), head

        saved, head = self.write(work)
        if head is not None:
            raise BranchConflict(saved.version, saved.branch, head, wanted=branch)
        return saved

    def version(self, name: str, ref: str = "", *, calling: bool = False) -> Version:
        """The version of a workflow under a release, branch, tag, number or id. Without `ref`: the newest on
        `main`, but for `calling` the highest release if there is one. Raises NotFound, AmbiguousRef.
        """
        return self.read(lambda on: version_at(on, resolve(on, name, ref, calling=calling)))

    def find(self, version: VersionId) -> Version:
        """The version with this id, whatever its workflow. Raises NotFound."""
        return self.read(lambda on: version_at(on, seq_of(on, version)))

    def document(self, version: VersionId) -> Json:
        """What was saved: meaning and layout together."""
        meaning, layout = self.read(lambda on: content.parts(on, version))
        return content.joined(meaning, layout)

    def meaning(self, version: VersionId) -> Json:
        """What was saved without its layout."""
        return content.meaning(self.read(lambda on: content.parts(on, version)[0]))

    def thumbnail(self, version: VersionId) -> bytes | None:
        """The picture saved with a version."""
        return self.read(lambda on: content.thumbnail(on, version))

    def log(
        self, name: str, *, ref: str | None = None, before: int | None = None, limit: int = 50
    ) -> Page[Version]:
        """Versions, newest first: all, or with `ref` those that led to it, and it. `before`: a number."""
        return self.read(lambda on: history.log(on, name, ref, before, max(limit, 0)))

    def base(self, one: VersionId, other: VersionId) -> VersionId | None:
        """The nearest version that led to both."""
        return self.read(lambda on: history.base(on, one, other))

    def set_branch(
        self,
        name: str,
        branch: str,
        version: VersionId,
        *,
        expected: VersionId | EllipsisType | None = ...,
    ) -> Version:
        """Let a branch begin at, or point to, a version. `expected` is where it must be until then, None: not
        there at all. Raises BranchMoved.
        """
        return self.write(lambda on: version_at(on, pointers.set_branch(on, name, branch, version, expected)))

    def delete_branch(self, name: str, branch: str) -> None:
        """Forget the name of a branch; its versions stay. `main` stays."""
        self.write(lambda on: pointers.delete_branch(on, name, branch))

    def set_tag(self, name: str, tag: str, version: VersionId) -> Version:
        """Give a version a name, which may have been another version's."""
        return self.write(lambda on: version_at(on, pointers.set_tag(on, name, tag, version)))

    def delete_tag(self, name: str, tag: str) -> None:
        """Forget a tag."""
        self.write(lambda on: pointers.delete_tag(on, name, tag))

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
        kept = names.text("notes", notes, _LONG_TEXT)
        return self.write(lambda on: releases.add(on, name, version_ref, number, kept, _author(author)))

    def check_release(self, name: str, version_ref: str = "") -> ReleaseCheck:
        """What `release` would demand."""
        return self.read(lambda on: releases.check(on, name, version_ref))

    def find_document(self, digest: str) -> list[Version]:
        """Where a document occurs, in any workflow; oldest first."""
        return self.read(lambda on: history.occurrences(on, digest))

    def verify(self) -> list[str]:
        """Read everything back and compute every hash anew: what is wrong, nothing if all is well."""
        return self.read(verify)

    def _once(self, work: Callable[[Connection], Result], **options: Any) -> Result:
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            return work(connection)

    def _tell(self, work: Callable[[], Result]) -> Result:
        """Do it, again if it was in another's way; errors of the database as our own."""
        place = self._engine.url.database if self._file else self._engine.url.render_as_string()
        for attempt in range(_ATTEMPTS):
            try:
                return work()
            except self._faults as error:
                if attempt + 1 == _ATTEMPTS or not passes(error):
                    raise told(error, f"the workflow store {place}") from error
            except NoConnection as error:
                raise StoreBusy(f"the workflow store {place} has too much to do: try again") from error
        raise AssertionError("unreachable")


def _draft(document: Json, author: str, message: str, thumbnail: bytes | None) -> commits.Draft:
    made = content.Content.of(document, thumbnail)
    return commits.Draft(made, _author(author), names.text("message", message, _MESSAGE))


def _author(author: str) -> str:
    return names.text("author's name", author, _AUTHOR)
