"""/api/v1/webhooks: who is told when runs and sweeps are over."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from server.http import Problem, query_int, read_model
from server.jobs.records import Json
from server.keys import SETTINGS
from server.table import Route
from server.webhooks.addresses import Refused, host_of, refuse_private
from server.webhooks.deliverer import DELIVERER
from server.webhooks.schemas import (
    DeliveriesAnswer,
    DeliveryItem,
    WebhookBody,
    WebhookChangeBody,
    WebhookItem,
    WebhookMade,
    WebhooksAnswer,
)
from server.webhooks.signing import new_secret
from server.workflows.access import WORKFLOWS

if TYPE_CHECKING:
    from server.webhooks.rows import Delivery, Webhook

_MOST = 500


async def create(request: web.Request) -> web.Response:
    """Have a URL told when runs or sweeps are over. The answer alone holds the secret that signs messages.

    Messages are signed as the Standard Webhooks specification says, and sent again for about a day and a half
    until they are answered with 2xx. Hosts with private addresses are refused unless the server was started
    with `--webhook-allow HOST`.
    """
    from server.webhooks.rows import Webhook, Webhooks

    body = await read_model(request, WebhookBody)
    _check(request, body.url)
    events = tuple(dict.fromkeys(body.events))
    hook = Webhook(str(uuid.uuid4()), body.url, new_secret(), events, body.workflow, body.active, time.time())
    made = await request.app[WORKFLOWS].call(lambda store: Webhooks(store).add(hook))
    return web.json_response({**_item(made), "secret": made.secret})


async def listing(request: web.Request) -> web.Response:
    """All webhooks."""
    from server.webhooks.rows import Webhooks

    found = await request.app[WORKFLOWS].call(lambda store: Webhooks(store).all())
    return web.json_response({"webhooks": [_item(hook) for hook in found]})


async def one(request: web.Request) -> web.Response:
    """A webhook, without its secret."""
    from server.webhooks.rows import Webhooks

    hook_id = request.match_info["id"]
    return web.json_response(
        _item(await request.app[WORKFLOWS].call(lambda store: Webhooks(store).get(hook_id)))
    )


async def change(request: web.Request) -> web.Response:
    """Change a webhook, turn it off or on, or give it a new secret."""
    from server.webhooks.rows import Webhooks

    body, hook_id = await read_model(request, WebhookChangeBody), request.match_info["id"]
    if body.url is not None:
        _check(request, body.url)
    given = body.model_dump(exclude_unset=True, exclude={"new_secret"})
    values: Json = {name: value for name, value in given.items() if value is not None or name == "workflow"}
    if "events" in values:
        values["events"] = tuple(dict.fromkeys(values["events"]))
    if body.new_secret:
        values["secret"] = new_secret()

    def changed(hook: Webhook) -> Webhook:
        return replace(hook, **values)

    made = await request.app[WORKFLOWS].call(lambda store: Webhooks(store).change(hook_id, changed))
    request.app[DELIVERER].wake()
    return web.json_response({**_item(made), "secret": made.secret if body.new_secret else None})


async def delete(request: web.Request) -> web.Response:
    """Forget a webhook, with the messages that wait for it."""
    from server.webhooks.rows import Webhooks

    hook_id = request.match_info["id"]
    await request.app[WORKFLOWS].call(lambda store: Webhooks(store).delete(hook_id))
    return web.Response(status=204)


async def deliveries(request: web.Request) -> web.Response:
    """What a webhook was told, or is to be told: how often that was tried, and what came of it."""
    from server.webhooks.rows import Webhooks

    offset, limit = query_int(request, "offset") or 0, query_int(request, "limit") or 50
    if offset < 0 or not 0 < limit <= _MOST:
        raise Problem(400, "invalid_query", f"offset is at least 0, limit from 1 to {_MOST}", "offset, limit")
    hook_id = request.match_info["id"]
    found, total = await request.app[WORKFLOWS].call(
        lambda store: Webhooks(store).deliveries(hook_id, offset, limit)
    )
    return web.json_response({"deliveries": [_delivery(one) for one in found], "total": total})


async def test(request: web.Request) -> web.Response:
    """Send a message of the type `webhook.test` now, once; the answer says what came of it."""
    return web.json_response(_delivery(await request.app[DELIVERER].test(request.match_info["id"])))


def _check(request: web.Request, url: str) -> None:
    """Whether messages may be sent there, as far as the URL alone says. Raises Problem 422."""
    allowed = request.app[SETTINGS].webhook_allow
    try:
        host = host_of(url)
        if host == "localhost" or host.endswith(".localhost"):
            refuse_private(host, "127.0.0.1", allowed)
        if ":" in host or host.replace(".", "").isdigit():
            refuse_private(host, host, allowed)
    except Refused as error:
        raise Problem(422, "webhook_refused", str(error), "url") from error


def _item(hook: Webhook) -> Json:
    return {
        "id": hook.id,
        "url": hook.url,
        "events": list(hook.events),
        "workflow": hook.workflow,
        "active": hook.active,
        "created": int(hook.created * 1000),
    }


def _delivery(found: Delivery) -> Json:
    waiting = found.next_at is not None
    return {
        "id": found.id,
        "event": found.event,
        "run_id": found.run,
        "status": "delivered" if found.delivered is not None else "waiting" if waiting else "given_up",
        "attempts": found.attempts,
        "created": int(found.created * 1000),
        "next": None if found.next_at is None else int(found.next_at * 1000),
        "delivered": None if found.delivered is None else int(found.delivered * 1000),
        "error": found.last_error,
        "body": found.body,
    }


_ONE = "/api/v1/webhooks/{id}"
ROUTES = (
    Route("POST", "/api/v1/webhooks", create, alias=False, body=WebhookBody, answer=WebhookMade),
    Route("GET", "/api/v1/webhooks", listing, alias=False, answer=WebhooksAnswer),
    Route("GET", _ONE, one, alias=False, answer=WebhookItem),
    Route("PATCH", _ONE, change, alias=False, body=WebhookChangeBody, answer=WebhookMade),
    Route("DELETE", _ONE, delete, alias=False),
    Route(
        "GET",
        f"{_ONE}/deliveries",
        deliveries,
        alias=False,
        answer=DeliveriesAnswer,
        query=("offset", "limit"),
    ),
    Route("POST", f"{_ONE}/test", test, alias=False, answer=DeliveryItem),
)
