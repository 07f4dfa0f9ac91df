"""Bodies of requests and answers about differences and merges."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from server.schemas import Body, Text
from server.shapes import Shape
from server.workflows.schemas import Document, VersionItem

Resolution = Literal["ours", "theirs"]


class Side(Body):
    """One of two documents to compare: a version, or the document itself."""

    workflow: Text | None = None
    ref: Text = Field("", description="A reference to a version; the end of `main` if it is left out.")
    document: Document | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.workflow is None) == (self.document is None):
            raise ValueError("give a workflow, with or without ref, or a document")
        return self


class DiffBody(Body):
    """Two documents to compare."""

    before: Side
    after: Side


class ChangeItem(Shape):
    """One difference. Fields that do not apply are left out."""

    kind: str = Field(
        description="`node_added`, `node_removed`, `class`, `rewired`, `value`, `control`, `mode`, "
        "`retitled`, `property`, `moved`, `subgraph_added`, `subgraph_removed`, `interface`, `function`, "
        "`group` or `extra`."
    )
    graph: str = Field("", description="Empty for the workflow itself, else the id of the subgraph.")
    node: str | None = Field(
        None, description="Id in the later document, or in the earlier if it is removed."
    )
    node_before: str | None = Field(None, description="Id in the earlier document.")
    title: str | None = None
    class_type: str | None = None
    input: str | None = None
    before: Any = None
    after: Any = None


class DiffAnswer(Shape):
    """What differs between two documents."""

    meaningful: bool = Field(description="False if only the layout differs.")
    changes: list[ChangeItem]
    graphs: dict[str, str] = Field(description="Names of the subgraphs that changes lie in, by id.")
    text: str = Field(description="The same for people.")


class MergeBody(Body):
    """Two versions of a workflow to bring together."""

    workflow: Text
    ours: Text = Field("", description="A reference to the version that stays; the end of `main` by default.")
    theirs: Text = Field(description="A reference to the version whose changes are wanted.")
    base: Text | None = Field(None, description="By default the nearest version both were made from.")
    resolutions: dict[str, Resolution | dict[Literal["value"], Any]] = Field(
        default_factory=dict[str, Any],
        description='By id of the conflict: "ours", "theirs" or {"value": ...}.',
    )


class ConflictItem(Shape):
    """Something both sides changed differently."""

    id: str = Field(description="Stays the same when it is asked again.")
    kind: str = Field(
        description="`value`, `link`, `class`, `title`, `mode`, `property`, `deleted`, `cycle`, `interface`, "
        "`subgraph`, `function` or `extra`."
    )
    graph: str = ""
    node: str | None = None
    title: str | None = None
    class_type: str | None = None
    input: str | None = None
    base: Any = None
    ours: Any = None
    theirs: Any = None


class MergeAnswer(Shape):
    """Both documents in one; nothing is stored. Commit it with `merged` once it is clean."""

    base: VersionItem | None = Field(description="What both were compared with.")
    ours: VersionItem
    theirs: VersionItem
    document: Document = Field(description="Where there is a conflict, it has what `ours` has.")
    conflicts: list[ConflictItem] = Field(description="Those without a resolution.")
    clean: bool = Field(description="Whether there are none.")
