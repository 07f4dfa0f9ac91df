"""Bodies of requests and answers about webhooks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.schemas import Body, LongText, Text
from server.shapes import Shape
from server.webhooks.events import EventType


class WebhookBody(Body):
    """Who is to be told of what."""

    url: LongText = Field(description="Where messages are sent with POST; https:// or http://.")
    events: list[EventType] = Field(min_length=1, description="What it is told of.")
    workflow: Text | None = Field(None, description="Only runs and sweeps of this workflow.")
    active: bool = True


class WebhookChangeBody(Body):
    """What to change of a webhook. Fields that are left out stay."""

    url: LongText | None = None
    events: list[EventType] | None = Field(None, min_length=1)
    workflow: Text | None = Field(None, description="Only runs and sweeps of this workflow; null for all.")
    active: bool | None = Field(None, description="Messages of one that is off wait until it is on again.")
    new_secret: bool = Field(False, description="Sign with a new secret from now on, which the answer has.")


class WebhookItem(Shape):
    """A webhook."""

    id: str
    url: str
    events: list[str]
    workflow: str | None
    active: bool = Field(description="Turned off by hand, or because the receiver answered 410 Gone.")
    created: int = Field(description="Milliseconds since 1970.")


class WebhookMade(WebhookItem):
    """A webhook that was made or changed."""

    secret: str | None = Field(description="What messages are signed with; shown once, when it is made.")


class WebhooksAnswer(Shape):
    """All webhooks, oldest first."""

    webhooks: list[WebhookItem]


class DeliveryItem(Shape):
    """A message for a webhook. Those that are over are kept for 30 days."""

    id: str = Field(description="The `webhook-id` of the message, the same in every attempt.")
    event: str
    run_id: str | None
    status: Literal["waiting", "delivered", "given_up"]
    attempts: int
    created: int = Field(description="Milliseconds since 1970.")
    next: int | None = Field(description="When it is tried again, in milliseconds since 1970.")
    delivered: int | None = Field(description="Milliseconds since 1970.")
    error: str | None = Field(description="What came of the last attempt.")
    body: str = Field(description="The message as it is sent.")


class DeliveriesAnswer(Shape):
    """Some of the messages of a webhook, the newest first."""

    deliveries: list[DeliveryItem]
    total: int
