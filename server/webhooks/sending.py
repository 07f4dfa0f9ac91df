"""One attempt to deliver a message."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from server.webhooks.addresses import Refused, host_of, refuse_private

SECONDS = 10.0
"""A receiver must have answered by then."""
_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """What came of an attempt. `error` is None if the message was taken."""

    error: str | None = None
    is_gone: bool = False
    """Whether the receiver wants no more messages."""


async def send(
    url: str,
    headers: dict[str, str],
    body: bytes,
    allowed: Collection[str],
    *,
    resolver: AbstractResolver | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """POST a message once. Redirects are not followed, and no proxy is asked.

    Each address is looked at when it is connected to, so a name that means another one by then is found out.
    """
    try:
        host = host_of(url)
        connector = _connector(host, allowed, resolver)
        async with (
            ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=seconds),
                cookie_jar=DummyCookieJar(),
                trust_env=False,
            ) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            if 200 <= response.status < 300:
                return Answer()
            text = (await response.content.read(_SHOWN)).decode(errors="replace").strip()
            return Answer(_refused(response.status, text), is_gone=response.status == 410)
    except TimeoutError:
        return Answer(f"no answer within {seconds:g} seconds")
    except (ClientError, ssl.SSLError, OSError, ValueError) as error:
        return Answer(_reason(error))


def _connector(host: str, allowed: Collection[str], resolver: AbstractResolver | None) -> TCPConnector:
    def connect(address: Any) -> socket.socket:
        family, kind, protocol, _, place = address
        refuse_private(host, str(place[0]), allowed)
        return socket.socket(family=family, type=kind, proto=protocol)

    return TCPConnector(resolver=resolver, socket_factory=connect, use_dns_cache=False, force_close=True)


def _refused(status: int, text: str) -> str:
    if 300 <= status < 400:
        return f"HTTP {status}: redirects are not followed; change the URL of the webhook"
    return f"HTTP {status}: {text}" if text else f"HTTP {status}"


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return str(cause)
        cause = cause.__cause__
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
