"""Bodies of requests and answers about drafts and templates."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from server.schemas import Body, Text
from server.shapes import Shape


class DraftEntry(Shape):
    """Either a snapshot or a change. The server does not look into them."""

    snapshot: Any = Field(None, description="The whole document.")
    change: Any = Field(None, description="What was done to it.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("an entry is either a snapshot or a change")
        return self


class DraftBody(Body):
    """What to add to a draft."""

    after: int = Field(ge=0, description="The revision the client has; 0 for a new draft.")
    entries: list[DraftEntry] = Field(min_length=1)
    name: Text | None = Field(None, description="What the draft is called from now on.")


class DraftAdded(Shape):
    """The entries are on disk."""

    revision: int = Field(description="How many entries there ever were.")


class DraftFacts(Shape):
    """A draft without its content."""

    id: str
    revision: int
    updated: int = Field(description="Milliseconds since 1970.")
    bytes: int = Field(description="Size since the last snapshot.")
    name: str | None = None


class DraftRecord(DraftFacts):
    """A draft as it can be restored."""

    entries: list[DraftEntry] = Field(description="The last snapshot and every change after it.")


class DraftsAnswer(Shape):
    """The drafts of a user."""

    drafts: list[DraftFacts]


class TemplateFacts(Shape):
    """A workflow that ships with the project."""

    name: str
    title: str
    description: str
    picture: str = Field(description="Path of its picture on this server.")


class TemplatesAnswer(Shape):
    """The shipped workflows, in the order to show them."""

    templates: list[TemplateFacts]


class TemplateRecord(TemplateFacts):
    """A shipped workflow as the canvas opens it."""

    workflow: dict[str, Any]
