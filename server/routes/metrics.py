"""/metrics: figures in the text format of Prometheus."""

from __future__ import annotations

from aiohttp import web

from server.keys import METRICS
from server.observe.metrics import CONTENT_TYPE
from server.table import Route


async def metrics(request: web.Request) -> web.Response:
    """Jobs, nodes, caches, workers and clients, for a collector such as Prometheus."""
    return web.Response(body=request.app[METRICS].text(), headers={"Content-Type": CONTENT_TYPE})


ROUTES = (Route("GET", "/metrics", metrics, alias=False, media="text/plain"),)
