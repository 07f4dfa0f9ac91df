"""Which addresses a webhook may lead to: public ones, unless the host was allowed by name.

Whoever may make a webhook could otherwise have this server talk to what only it can reach: its own ports,
machines behind the firewall, the metadata service of a cloud.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LONGEST_URL = 2048


class Refused(OSError):
    """An address or URL that nothing is sent to; the text says why and what would change that."""


def is_public(text: str) -> bool:
    """Whether a literal address is one that anybody on the internet could reach."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return _is_public(inner)
        if address.is_site_local:
            return False
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to through a gateway."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def host_of(url: str) -> str:
    """The host of a URL that can be sent to, in lower case. Raises Refused."""
    if len(url) > _LONGEST_URL or not url.isascii() or any(sign <= " " for sign in url):
        raise Refused("a webhook's URL has up to 2,048 ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(f"this is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Refused("a webhook's URL begins with https:// or http:// and a host")
    if parts.username is not None or parts.fragment:
        raise Refused("a webhook's URL holds no user name, password or fragment")
    return host.rstrip(".").lower()


def refuse_private(host: str, address: str, allowed: Collection[str]) -> None:
    """Raise Refused unless a host that has this address may be sent to."""
    if host not in allowed and not is_public(address):
        raise Refused(
            f"{host} has the address {address}, which is not a public one: start the server with "
            f"--webhook-allow {host} if webhooks may be sent there"
        )
