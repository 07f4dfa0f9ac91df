"""/api/v1/workflows/{name}/branches, tags and releases: the names versions have."""

from __future__ import annotations

from aiohttp import web

from server.http import read_model
from server.table import Route
from server.workflows.access import WORKFLOWS
from server.workflows.answers import release_check, release_item, version_item
from server.workflows.authors import author_of
from server.workflows.schemas import (
    BranchBody,
    BranchItem,
    BranchMoved,
    NeedsHigher,
    ReleaseBody,
    ReleaseCheck,
    ReleaseCheckBody,
    ReleaseItem,
    TagBody,
    TagItem,
)


async def put_branch(request: web.Request) -> web.Response:
    """Make a branch, or move it. Versions it leaves stay in the history."""
    name, branch = request.match_info["name"], request.match_info["branch"]
    body = await read_model(request, BranchBody)
    expected = body.expected if "expected" in body.model_fields_set else ...
    version = await request.app[WORKFLOWS].call(
        lambda store: store.set_branch(
            name,
            branch,
            store.version(name, body.version).id,
            expected=expected,
        )
    )
    return web.json_response({"name": branch, "version": version_item(version)})


async def delete_branch(request: web.Request) -> web.Response:
    """Take a branch's name away; its versions stay. `main` cannot be deleted."""
    name, branch = request.match_info["name"], request.match_info["branch"]
    await request.app[WORKFLOWS].call(lambda store: store.delete_branch(name, branch))
    return web.Response(status=204)


async def put_tag(request: web.Request) -> web.Response:
    """Name a version. A tag that is there moves to it."""
    name, tag = request.match_info["name"], request.match_info["tag"]
    body = await read_model(request, TagBody)
    version = await request.app[WORKFLOWS].call(
        lambda store: store.set_tag(name, tag, store.version(name, body.version).id)
    )
    return web.json_response({"name": tag, "version": version.id})


async def delete_tag(request: web.Request) -> web.Response:
    """Take a tag away; the version stays."""
    name, tag = request.match_info["name"], request.match_info["tag"]
    await request.app[WORKFLOWS].call(lambda store: store.delete_tag(name, tag))
    return web.Response(status=204)


async def release(request: web.Request) -> web.Response:
    """Give a version a number that never moves.

    If callers of the release before would break, only a new MAJOR is allowed: anything less is refused with
    409 and the code `needs_major`.
    """
    name, author = request.match_info["name"], author_of(request)
    body = await read_model(request, ReleaseBody)
    made = await request.app[WORKFLOWS].call(
        lambda store: store.release(name, body.version, body.number, notes=body.notes, author=author)
    )
    return web.json_response(release_item(made))


async def check(request: web.Request) -> web.Response:
    """What a release of a version would have to be called, and why."""
    name, body = request.match_info["name"], await read_model(request, ReleaseCheckBody)
    found = await request.app[WORKFLOWS].call(lambda store: store.check_release(name, body.version))
    return web.json_response(release_check(found))


_HERE = "/api/v1/workflows/{name}"
ROUTES = (
    Route(
        "PUT",
        _HERE + "/branches/{branch}",
        put_branch,
        alias=False,
        body=BranchBody,
        answer=BranchItem,
        others=((409, BranchMoved),),
    ),
    Route("DELETE", _HERE + "/branches/{branch}", delete_branch, alias=False),
    Route("PUT", _HERE + "/tags/{tag}", put_tag, alias=False, body=TagBody, answer=TagItem),
    Route("DELETE", _HERE + "/tags/{tag}", delete_tag, alias=False),
    Route(
        "POST",
        _HERE + "/releases",
        release,
        alias=False,
        body=ReleaseBody,
        answer=ReleaseItem,
        others=((409, NeedsHigher),),
    ),
    Route("POST", _HERE + "/releases/check", check, alias=False, body=ReleaseCheckBody, answer=ReleaseCheck),
)
