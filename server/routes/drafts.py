"""/api/v1/drafts: where the canvas saves what is being edited, change by change."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from server.files.drafts import Draft
from server.files.schemas import DraftAdded, DraftBody, DraftRecord, DraftsAnswer
from server.http import json_answer, read_model
from server.jobs.records import Json
from server.keys import DRAFTS
from server.routes.users import folder_of
from server.table import Route


async def listing(request: web.Request) -> web.Response:
    """The user's drafts, the one changed last first."""
    found = await request.app[DRAFTS].list(_folder(request))
    return web.json_response({"drafts": [_facts(draft_id, draft) for draft_id, draft in found]})


async def one(request: web.Request) -> web.Response:
    """A draft: its last snapshot and the changes after it."""
    draft_id = request.match_info["id"]
    draft = await request.app[DRAFTS].get(_folder(request), draft_id)
    return await json_answer(lambda: {**_facts(draft_id, draft), "entries": list(draft.entries)})


async def add(request: web.Request) -> web.Response:
    """Add snapshots and changes after the revision the client knows. They are on disk before the answer.

    If the draft has another revision, nothing is added and the answer is 409 with the code `draft_conflict`,
    and `revision` beside `error`. A draft that does not exist has revision 0 and begins with a snapshot.
    """
    body = await read_model(request, DraftBody)
    entries = [entry.model_dump(exclude_unset=True) for entry in body.entries]
    drafts, draft_id = request.app[DRAFTS], request.match_info["id"]
    revision = await drafts.add(_folder(request), draft_id, body.after, entries, body.name)
    return web.json_response({"revision": revision})


async def delete(request: web.Request) -> web.Response:
    """Delete a draft."""
    await request.app[DRAFTS].remove(_folder(request), request.match_info["id"])
    return web.Response(status=204)


def _folder(request: web.Request) -> Path:
    return folder_of(request) / ".darkroom" / "drafts"


def _facts(draft_id: str, draft: Draft) -> Json:
    named = {} if draft.name is None else {"name": draft.name}
    size = draft.size - draft.spare
    return {
        "id": draft_id,
        "revision": draft.revision,
        "updated": int(draft.updated * 1000),
        "bytes": size,
        **named,
    }


ROUTES = (
    Route("GET", "/api/v1/drafts", listing, alias=False, answer=DraftsAnswer),
    Route("GET", "/api/v1/drafts/{id}", one, alias=False, answer=DraftRecord),
    Route("DELETE", "/api/v1/drafts/{id}", delete, alias=False),
    Route("POST", "/api/v1/drafts/{id}/changes", add, alias=False, body=DraftBody, answer=DraftAdded),
)
