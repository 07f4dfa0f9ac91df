"""/api/v1/workflows: the workflows that are kept."""

from __future__ import annotations

from aiohttp import web

from server.http import Problem, json_answer, query_flag, query_int, read_model
from server.table import Route
from server.workflows.access import WORKFLOWS
from server.workflows.answers import version_item, workflow_item, workflow_record
from server.workflows.authors import author_of
from server.workflows.schemas import (
    ChangeBody,
    NewWorkflowBody,
    VersionItem,
    WorkflowItem,
    WorkflowPage,
    WorkflowRecord,
)
from server.workflows.thumbnails import picture_of

QUERY = ("search", "label", "archived", "published", "offset", "limit")
_MOST = 1000


async def listing(request: web.Request) -> web.Response:
    """A page of workflows, the one changed last first.

    `search` looks into names, descriptions and labels. `published` keeps those with a release, or those
    without; `archived` shows the archived ones instead of the others.
    """
    query = request.query
    offset, limit = page_of(request)
    published = query_flag(request, "published") if query.get("published") else None
    found = await request.app[WORKFLOWS].call(
        lambda store: store.workflows(
            search=query.get("search", ""),
            label=query.get("label") or None,
            archived=query_flag(request, "archived"),
            published=published,
            offset=offset,
            limit=limit,
        )
    )
    return await json_answer(
        lambda: {"workflows": [workflow_item(item) for item in found.items], "total": found.total}
    )


async def create(request: web.Request) -> web.Response:
    """Keep a new workflow; its document is the first version of the branch `main`."""
    body, author = await read_model(request, NewWorkflowBody), author_of(request)
    picture = picture_of(body.thumbnail)
    made = await request.app[WORKFLOWS].call(
        lambda store: store.create(
            body.name,
            body.document,
            author=author,
            message=body.message,
            description=body.description,
            labels=body.labels,
            thumbnail=picture,
            origin=body.origin,
        )
    )
    return web.json_response(version_item(made))


async def one(request: web.Request) -> web.Response:
    """A workflow with its branches, tags and releases."""
    name = request.match_info["name"]
    found = await request.app[WORKFLOWS].call(lambda store: store.workflow(name))
    return await json_answer(lambda: workflow_record(found))


async def change(request: web.Request) -> web.Response:
    """Rename, describe, label or archive a workflow. Its versions stay as they are; nothing is deleted."""
    name, body = request.match_info["name"], await read_model(request, ChangeBody)
    changed = await request.app[WORKFLOWS].call(
        lambda store: store.change(
            name,
            new_name=body.name,
            description=body.description,
            labels=body.labels,
            archived=body.archived,
        )
    )
    return web.json_response(workflow_item(changed))


def page_of(request: web.Request) -> tuple[int, int]:
    """The offset and limit a query asks for. Raises Problem 400."""
    offset, limit = query_int(request, "offset") or 0, query_int(request, "limit")
    limit = 100 if limit is None else limit
    if not 0 <= offset < 2**31 or not 0 < limit <= _MOST:
        text = f"offset must not be negative, limit in 1..{_MOST}"
        raise Problem(400, "invalid_query", text, "offset, limit")
    return offset, limit


ROUTES = (
    Route("GET", "/api/v1/workflows", listing, alias=False, answer=WorkflowPage, query=QUERY),
    Route("POST", "/api/v1/workflows", create, alias=False, body=NewWorkflowBody, answer=VersionItem),
    Route("GET", "/api/v1/workflows/{name}", one, alias=False, answer=WorkflowRecord),
    Route("PATCH", "/api/v1/workflows/{name}", change, alias=False, body=ChangeBody, answer=WorkflowItem),
)
