"""The one gate in front of every route: which Host, Origin and kind of request may enter.

A server on the loopback address is reachable by every web page its user visits. Three headers a page cannot
forge keep them out: Host (a rebound DNS name is not ours), Origin, and Sec-Fetch-Site. Programs send no
Origin and pass.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.http import Problem
from server.settings import Settings, is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CORS = {
    "Access-Control-Allow-Methods": "POST, GET, DELETE, PUT, PATCH, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Allow-Credentials": "true",
}


@dataclass(frozen=True)
class Gate:
    """Decides on headers alone. `names` are the host names that mean this server, lower case."""

    names: frozenset[str]
    any_address: bool
    cors_origin: str | None

    @classmethod
    def of(cls, settings: Settings) -> Gate:
        """The gate for the addresses bound: a literal address in Host cannot be rebound, a foreign name
        can.
        """
        names = {
            "localhost",
            *(name.lower() for name in settings.hosts),
            *(a.lower() for a in settings.listen),
        }
        if not settings.loopback_only:
            names.add(socket.gethostname().lower())
        return cls(frozenset(names), not settings.loopback_only, settings.cors_origin)

    def refusal(self, hosts: list[str], origins: list[str], site: str) -> str | None:
        """Why a request with these headers must not enter, or None."""
        if len(hosts) != 1 or len(origins) > 1:
            return "exactly one Host header is needed, and at most one Origin"
        host = split_host(hosts[0])
        if host is None or not self._is_ours(host[0]):
            return f"this server is not called {hosts[0]!r}; start it with --allow-host if it should be"
        origin = origins[0] if origins else ""
        if origin and self._cors_allows(origin):
            return None
        # What a page embeds, such as pictures, carries no Origin to compare: with CORS open, it enters.
        embedded = self.cors_origin is not None and not origin
        if site == "cross-site" and not embedded:
            return "a page of another site may not call this server"
        if origin and not same_origin(host, origin):
            return f"a page from {origin!r} may not call this server"
        return None

    def _is_ours(self, name: str) -> bool:
        if name in self.names or is_loopback(name):
            return True
        return self.any_address and _is_address(name)

    def _cors_allows(self, origin: str) -> bool:
        return self.cors_origin is not None and self.cors_origin in {"*", origin}

    def cors_headers(self) -> dict[str, str]:
        """Headers every response carries when calls across origins are allowed."""
        if self.cors_origin is None:
            return {}
        return {"Access-Control-Allow-Origin": self.cors_origin, **_CORS}


def split_host(text: str) -> tuple[str, int | None] | None:
    """`name[:port]` of a Host header in lower case, brackets kept off addresses; None if it is not one."""
    if not text or any(c in text for c in "/@?#\\ ,"):
        return None
    try:
        parts = urlsplit("//" + text)
        return (parts.hostname, parts.port) if parts.hostname else None
    except ValueError:
        return None


def same_origin(host: tuple[str, int | None], origin: str) -> bool:
    """Whether `origin` is the page this Host serves. The scheme is ignored: a proxy may add TLS.

    On loopback names a port missing on either side is not compared, as ComfyUI does it.
    """
    try:
        parts = urlsplit(origin)
        name, port, scheme = parts.hostname, parts.port, parts.scheme
    except ValueError:
        return False
    if scheme not in {"http", "https"} or name != host[0] or parts.path or parts.username is not None:
        return False
    if port == host[1]:
        return True
    if is_loopback(host[0]) and (port is None or host[1] is None):
        return True
    default = 443 if scheme == "https" else 80
    return (port or default) == (host[1] or default)


def _is_address(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_unspecified
    except ValueError:
        return False


def gate_middleware(gate: Gate) -> Middleware:
    """The gate as a middleware: it runs for every route, the WebSocket, and paths that do not exist."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        reason = gate.refusal(
            headers.getall("Host", []),
            headers.getall("Origin", []),
            headers.get("Sec-Fetch-Site", "").lower(),
        )
        if reason is not None:
            return Problem(403, "forbidden", reason, "Host, Origin").response()
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            return Problem(415, "encoded_body", "send the body uncompressed", "Content-Encoding").response()
        response = web.Response() if request.method == "OPTIONS" else await handler(request)
        if not response.prepared:
            response.headers.update(gate.cors_headers())
        return response

    return guard
