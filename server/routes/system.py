"""What the server is and can do: /system_stats, /features, /extensions and other small questions of the
canvas.
"""

from __future__ import annotations

from aiohttp import web

from server.answers import LogLines, SystemStats, Values
from server.http import Problem
from server.keys import HUB, LOGS, MACHINE, POOL, QUEUE, SETTINGS
from server.routes.view import PLACES
from server.schemas import Health
from server.table import Route


async def stats(request: web.Request) -> web.Response:
    """Memory, versions and devices."""
    return web.json_response(request.app[MACHINE].stats())


async def features(request: web.Request) -> web.Response:
    """What clients may negotiate."""
    return web.json_response(request.app[HUB].features)


async def nothing_named(request: web.Request) -> web.Response:
    """Templates, translations and the like of node packs: none are installed."""
    return web.json_response({})


async def health(request: web.Request) -> web.Response:
    """Whether jobs can run; 503 while no worker can be started, or none answers."""
    queue, pool = request.app[QUEUE], request.app[POOL]
    status = {"ready": "ok", "busy": "ok", "silent": "failed"}.get(pool.state, pool.state)
    workers = [worker.facts() for worker in pool.workers]
    running = len(queue.running)
    body = {
        "status": status,
        "worker": workers[0],
        "workers": workers,
        "queue": {"running": running, "pending": queue.remaining - running, "paused": queue.paused},
    }
    return web.json_response(body, status=503 if status == "failed" else 200)


async def log_text(request: web.Request) -> web.Response:
    """The last lines logged, as one text."""
    return web.json_response("".join(f"{line['t']} - {line['m']}" for line in request.app[LOGS].lines))


async def log_lines(request: web.Request) -> web.Response:
    """The last lines logged, with their times."""
    return web.json_response({"entries": list(request.app[LOGS].lines), "size": {"cols": 80, "rows": 24}})


async def folder_paths(request: web.Request) -> web.Response:
    """Where model files are looked for."""
    models = request.app[SETTINGS].folders.models
    return web.json_response({kind: [str(root) for root in roots] for kind, roots in models.items()})


async def recent_files(request: web.Request) -> web.Response:
    """Files at the top of the input, output or temp folder, newest first."""
    place = request.match_info["place"]
    if place not in PLACES:
        raise Problem(400, "invalid_type", "Invalid directory type", "place")
    folder = request.app[SETTINGS].folders.place(place)
    if not folder.is_dir():
        return web.json_response([])
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    return web.json_response([p.name for p in sorted(files, key=lambda p: p.stat().st_mtime, reverse=True)])


ROUTES = (
    Route("GET", "/system_stats", stats, answer=SystemStats),
    Route("GET", "/features", features, answer=Values),
    Route("GET", "/global_subgraphs", nothing_named),
    Route("GET", "/workflow_templates", nothing_named),
    Route("GET", "/i18n", nothing_named),
    Route("GET", "/node_replacements", nothing_named),
    Route("GET", "/health", health, alias=False, answer=Health),
    Route("GET", "/api/v1/health", health, alias=False, answer=Health),
    Route("GET", "/internal/logs", log_text, alias=False),
    Route("GET", "/internal/logs/raw", log_lines, alias=False, answer=LogLines),
    Route("GET", "/internal/folder_paths", folder_paths, alias=False),
    Route("GET", "/internal/files/{place}", recent_files, alias=False),
)
