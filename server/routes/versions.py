"""/api/v1/workflows/{name}/versions: the history of a workflow, and adding to it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server.files.media import INERT, sniff
from server.http import json_answer, not_found, query_int, read_model
from server.keys import CLEARANCE
from server.routes.workflows import page_of
from server.table import Route
from server.workflows.access import WORKFLOWS
from server.workflows.answers import version_item, version_record
from server.workflows.authors import author_of
from server.workflows.schemas import BranchConflict, CommitBody, Committed, VersionPage, VersionRecord
from server.workflows.thumbnails import picture_of

_FOR_EVER = "private, max-age=31536000, immutable"


async def listing(request: web.Request) -> web.Response:
    """A page of the history, the newest version first.

    With `ref` only the versions that one was made from, and itself; with `before` those with smaller numbers.
    """
    name, ref, before = (
        request.match_info["name"],
        request.query.get("ref") or None,
        query_int(request, "before"),
    )
    _, limit = page_of(request)
    found = await request.app[WORKFLOWS].call(
        lambda store: store.log(name, ref=ref, before=before, limit=limit)
    )
    return await json_answer(
        lambda: {"versions": [version_item(version) for version in found.items], "more": found.more}
    )


async def commit(request: web.Request) -> web.Response:
    """Add a version to a branch. It is on disk before the answer goes out.

    If the branch is not at `parent` any more, the version is kept on a new branch and the answer is a 409
    with the code `branch_conflict`. The document the branch ends in makes no new version.
    """
    name, author = request.match_info["name"], author_of(request)
    body = await read_model(request, CommitBody)
    picture = await asyncio.to_thread(picture_of, body.thumbnail)
    done = await request.app[WORKFLOWS].call(
        lambda store: store.commit(
            name,
            body.document,
            branch=body.branch,
            parent=body.parent,
            author=author,
            message=body.message,
            thumbnail=picture,
            merged=body.merged,
        )
    )
    return web.json_response(
        {"version": version_item(done.version), "branch": done.branch, "changed": done.changed}
    )


async def one(request: web.Request) -> web.Response:
    """A version with its document. `ref` is an id, number (`#41`), release, tag or branch."""
    name, ref = request.match_info["name"], request.match_info["ref"]
    record = await request.app[WORKFLOWS].call(lambda store: version_record(store, store.version(name, ref)))
    return await json_answer(lambda: record)


async def thumbnail(request: web.Request) -> web.Response:
    """The picture of a version."""
    name, ref = request.match_info["name"], request.match_info["ref"]
    version, picture = await request.app[WORKFLOWS].call(
        lambda store: ((found := store.version(name, ref)), store.thumbnail(found.id))
    )
    if picture is None:
        raise not_found("this version has no picture", "ref")
    clearance = request.app[CLEARANCE]
    picture = await clearance.cleared_bytes(picture)
    kept = _FOR_EVER if ref == version.id and not clearance.required else "no-cache"
    headers = {"Content-Type": sniff(picture[:64]), "Cache-Control": kept, **INERT}
    return web.Response(body=picture, headers=headers)


_ONE = "/api/v1/workflows/{name}/versions/{ref}"
ROUTES = (
    Route(
        "GET",
        "/api/v1/workflows/{name}/versions",
        listing,
        alias=False,
        answer=VersionPage,
        query=("ref", "before", "limit"),
    ),
    Route(
        "POST",
        "/api/v1/workflows/{name}/versions",
        commit,
        alias=False,
        body=CommitBody,
        answer=Committed,
        others=((409, BranchConflict),),
    ),
    Route("GET", _ONE, one, alias=False, answer=VersionRecord),
    Route("GET", f"{_ONE}/thumbnail", thumbnail, alias=False, media="image/*"),
)
