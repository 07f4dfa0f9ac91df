"""Bodies of requests and answers about workflows: versions, and the names for these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from server.schemas import Body, ErrorDetail, LongText, Text
from server.shapes import Shape
from workflows.store.records import VersionId

Document = dict[str, Any]
"""A workflow as the canvas saves it, or `{"prompt": ..., "extra": ...}`."""
Id = Annotated[VersionId, Field(pattern="^[0-9a-f]{64}$")]
"""Of a version, in full."""


class VersionItem(Shape):
    """An entry in a workflow's history. It never changes, but for the names it has."""

    id: str = Field(description="Hash of all that makes it this version.")
    workflow: str = Field(description="Name of the workflow.")
    number: int = Field(description="1 for the first version of the workflow, and so on.")
    document_digest: str = Field(description="Hash of what the workflow means, without its layout.")
    layout_digest: str = Field(description="Hash of the layout alone.")
    parents: list[str] = Field(description="Ids of the versions it was made from; two after a merge.")
    author: str
    message: str
    created: int = Field(description="Milliseconds since 1970.")
    branches: list[str] = Field(description="The branches that end here.")
    tags: list[str]
    releases: list[str] = Field(description="Such as `1.2.0`.")
    thumbnail: str | None = Field(description="Path of its picture on this server.")
    has_function: bool = Field(description="Whether it declares inputs and outputs, so it can be called.")


class VersionRecord(VersionItem):
    """A version with its content."""

    document: Document = Field(description="The document as it was committed.")
    function: dict[str, Any] | None = Field(description="The inputs and outputs it declares.")


class ReleaseItem(Shape):
    """A version under a number that never moves to another."""

    number: str = Field(description="MAJOR.MINOR.PATCH")
    version: str = Field(description="Id of the version.")
    notes: str
    author: str
    created: int = Field(description="Milliseconds since 1970.")


class BranchItem(Shape):
    """A line of versions under a name, and where it is now."""

    name: str
    version: VersionItem


class TagItem(Shape):
    """A name for a version."""

    name: str
    version: str = Field(description="Id of the version.")


class WorkflowItem(Shape):
    """A workflow, as lists show it."""

    uid: str = Field(description="Stays when the workflow is renamed.")
    name: str
    description: str
    labels: list[str]
    archived: bool
    created: int = Field(description="Milliseconds since 1970.")
    updated: int = Field(description="When its last version was made.")
    head: VersionItem = Field(description="The newest version of the branch `main`.")
    latest: ReleaseItem | None = Field(description="The newest release.")
    branches_count: int
    origin: str | None = Field(description="Id of the version it was made from, if it began as a copy.")


class WorkflowRecord(WorkflowItem):
    """A workflow with every name its versions have."""

    branches: list[BranchItem]
    tags: list[TagItem]
    releases: list[ReleaseItem] = Field(description="The highest number first.")


class WorkflowPage(Shape):
    """Some of the workflows."""

    workflows: list[WorkflowItem]
    total: int = Field(description="How many there are with this search.")


class VersionPage(Shape):
    """Some of the versions of a workflow, the newest first."""

    versions: list[VersionItem]
    more: bool = Field(description="Whether there are older ones; ask with `before` for these.")


class NewWorkflowBody(Body):
    """A workflow to keep."""

    name: Text
    document: Document
    message: LongText = ""
    description: LongText = ""
    labels: list[Text] = Field(default_factory=list[str])
    thumbnail: str | None = Field(None, description="A PNG, JPEG or WebP of up to 256 KiB as a data URI.")
    origin: Id | None = Field(None, description="Id of the version it was made from, if it is a copy.")


class ChangeBody(Body):
    """What to change of a workflow besides its versions. Fields that are left out stay."""

    name: Text | None = Field(None, description="The new name; the old one leads nowhere then.")
    description: LongText | None = None
    labels: list[Text] | None = None
    archived: bool | None = Field(None, description="Archived workflows are not in lists, and stay callable.")


class CommitBody(Body):
    """A version to add to a branch."""

    document: Document
    branch: Text = "main"
    parent: Id | None = Field(
        description="Id of the version it was made from, which must be where the branch is. A branch that is "
        "not there begins at it; null begins one without a past."
    )
    merged: Id | None = Field(None, description="Id of the version whose changes were merged into it.")
    message: LongText = ""
    thumbnail: str | None = Field(None, description="A PNG, JPEG or WebP of up to 256 KiB as a data URI.")


class Committed(Shape):
    """The version is on disk."""

    version: VersionItem
    branch: str
    changed: bool = Field(description="False if the branch ended in the same document: nothing was added.")


class BranchConflict(Shape):
    """Somebody else has added to the branch. Nothing is lost: yours is kept on a branch of its own."""

    error: ErrorDetail = Field(description="Its code is `branch_conflict`.")
    version: VersionItem = Field(description="Yours.")
    branch: str = Field(description="The new branch that holds yours.")
    head: VersionItem = Field(description="Where the branch you meant is now.")


class BranchBody(Body):
    """Where a branch is to be."""

    version: Text = Field(description="A reference to a version: id, number, tag, branch or release.")
    expected: Id | None = Field(
        None,
        description="Id of the version where the branch is now, null if there is no such branch; if that is "
        "not so, nothing happens. Left out, the branch moves in any case.",
    )


class BranchMoved(Shape):
    """The branch is not where it was expected. Nothing happened."""

    error: ErrorDetail = Field(description="Its code is `branch_moved`.")
    head: VersionItem | None = Field(description="Where it is now; null if there is no such branch.")


class TagBody(Body):
    """What a tag is to name."""

    version: Text = Field(description="A reference to a version.")


class ReleaseBody(Body):
    """A version to release."""

    version: Text = Field("", description="A reference to a version; the end of `main` if it is left out.")
    number: Text | None = Field(
        None,
        description="Such as `1.2.0`, or which part to raise: `major`, `minor` or `patch`; the smallest that "
        "is allowed if it is left out.",
    )
    notes: LongText = ""


class ReleaseCheckBody(Body):
    """A version that may be released."""

    version: Text = Field("", description="A reference to a version; the end of `main` if it is left out.")


class ReleaseCheck(Shape):
    """What a release must be called, and why."""

    smallest: str = Field(description="The smallest number that is allowed.")
    level: Literal["major", "minor", "patch"]
    reasons: list[str] = Field(description="What differs from the release before for those who call it.")
    previous: str | None = Field(description="The release it was compared with.")


class NeedsHigher(Shape):
    """The number does not say how much changed for those who call the release before."""

    error: ErrorDetail = Field(description="Its code is `needs_major` or `needs_minor`.")
    level: Literal["major", "minor"]
    reasons: list[str]
    smallest: str = Field(description="The smallest number that is allowed.")
