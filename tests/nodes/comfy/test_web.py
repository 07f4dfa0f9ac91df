"""Where routes of packs are served, and what the server is told of them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from nodes.comfy.web import LoopThread, add_routes, listen, patterns, socket_path


async def handler(request: web.Request) -> web.Response:
    return web.Response()


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    started = LoopThread()
    yield started
    started.stop()


def test_only_this_user_may_open_the_socket(thread: LoopThread, tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    app = web.Application()
    app.router.add_get("/x", handler)
    runner = thread.wait_for(listen(app, path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    thread.wait_for(runner.cleanup())


def test_a_long_path_is_avoided_and_sockets_of_the_dead_are_swept(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, alive = tmp_path / f"packs-{gone.pid}.sock", tmp_path / f"packs-{os.getppid()}.sock"
    left.touch()
    alive.touch()
    assert socket_path(tmp_path).suffix == ".sock"
    assert not left.exists() and alive.exists()
    long = socket_path(tmp_path / ("x" * 120))
    assert len(os.fsencode(long)) <= 100
    assert stat.S_IMODE(long.parent.stat().st_mode) == 0o700


def test_the_server_learns_every_pattern_as_it_was_written(tmp_path: Path) -> None:
    routes, app = web.RouteTableDef(), web.Application()
    routes.get("/plain")(handler)
    routes.post(r"/numbered/{n:\d+}")(handler)
    routes.static("/files", tmp_path)
    assert add_routes(app, routes) == []
    told = set(patterns(app))
    assert {("GET", "/plain"), ("HEAD", "/api/plain"), ("POST", r"/numbered/{n:\d+}")} <= told
    assert ("GET", "/files/{tail:.*}") in told


def test_a_route_that_makes_no_sense_is_named_and_the_rest_is_added() -> None:
    routes, app = web.RouteTableDef(), web.Application()
    routes.get("no_slash")(handler)
    routes.get("/fine")(handler)
    troubles = add_routes(app, routes)
    assert "no_slash" in troubles[0]
    assert ("GET", "/api/fine") in patterns(app)
