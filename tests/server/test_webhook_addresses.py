"""Where webhooks may not lead, whatever a name claims to mean."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from server.webhooks.addresses import Refused, host_of, is_public
from server.webhooks.sending import send
from tests.server.receiver import receiving

INSIDE = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "localhost", "",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_not_everybody_can_reach_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_others_are(address: str) -> None:
    assert is_public(address)


def test_the_host_of_a_url_is_what_is_connected_to() -> None:
    assert host_of("https://Example.COM.:8443/a?b=c") == "example.com"
    assert host_of("http://[::1]:80/") == "::1"
    for odd in ("http://a@b/", "http://:1@b/", "gopher://a/", "http:///x", "http://a/#b", "http://a\n.b/"):
        with pytest.raises(Refused):
            host_of(odd)


class Names(AbstractResolver):
    """Answers with the next of some addresses each time it is asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.addresses.pop(0)
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "::1"])
async def test_a_name_that_means_an_inner_address_is_refused_when_it_is_connected_to(address: str) -> None:
    answer = await send("http://innocent.example:9/", {}, b"{}", (), resolver=Names(address), seconds=5)
    assert answer.error is not None and "--webhook-allow innocent.example" in answer.error, answer


async def test_each_attempt_looks_where_the_name_leads_by_then() -> None:
    async with receiving() as receiver:
        url, names = f"http://rebound.example:{receiver.url.split(':')[2]}", Names("127.0.0.1", "127.0.0.1")
        taken = await send(url, {}, b"{}", {"rebound.example"}, resolver=names, seconds=5)
        assert taken.error is None and len(receiver.messages) == 1
        refused = await send(url, {}, b"{}", (), resolver=names, seconds=5)
        assert refused.error is not None and "not a public one" in refused.error
        assert len(receiver.messages) == 1


LITERALS = ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "2130706433")


@pytest.mark.parametrize("host", LITERALS)
async def test_literal_addresses_are_refused_however_they_are_written(host: str) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2]
        answer = await send(f"http://{host}:{port}", {}, b"{}", (), seconds=5)
        assert answer.error is not None and not receiver.messages


async def test_who_does_not_answer_in_time_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        answer = await send(url, {}, b"{}", {"127.0.0.1"}, seconds=0.2)
    assert answer.error == "no answer within 0.2 seconds"
