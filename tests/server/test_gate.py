"""Who may call: Host, Origin and Sec-Fetch-Site, on every route."""

from __future__ import annotations

import http.client
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server.gate import Gate
from server.routes import ROUTES
from tests.server.conftest import ToyServer
from tests.server.toy_server import settings

LOCAL = ("localhost:8188", "127.0.0.1:8188", "127.9.9.9:1", "[::1]:8188", "LOCALHOST:8188", "localhost")
FOREIGN = (
    "evil.com",
    "evil.com:8188",
    "127.0.0.1.evil.com",
    "localhost.evil.com:8188",
    "0.0.0.0:8188",
    "10.0.0.5:8188",
    "",
    "localhost:8188@evil.com",
    "localhost/evil.com",
    "localhost:notaport",
    "user@localhost",
)


def gate(**options: object) -> Gate:
    return Gate.of(settings(Path("/nowhere"), **options))


@pytest.mark.parametrize("host", LOCAL)
def test_loopback_names_enter_without_origin(host: str) -> None:
    assert gate().refusal([host], [], "") is None


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_do_not_enter_whatever_the_origin(host: str) -> None:
    assert gate().refusal([host], [], "")
    assert gate().refusal([host], [f"http://{host}"], "same-origin")


@pytest.mark.parametrize("hosts", [[], ["localhost:8188", "localhost:8188"], ["localhost", "evil.com"]])
def test_exactly_one_host_is_needed(hosts: list[str]) -> None:
    assert gate().refusal(hosts, [], "")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "file://",
        "http://localhost:3000",
        "http://127.0.0.1:8188",
        "http://evil.com",
        "http://localhost.evil:8188",
        "vscode-webview://abc",
        "http://localhost:8188.evil.com",
        "http://localhost:8188/path",
        "http://user@localhost:8188",
        "localhost:8188",
        "http://[",
    ],
)
def test_foreign_origins_do_not_enter(origin: str) -> None:
    assert gate().refusal(["localhost:8188"], [origin], "")


@pytest.mark.parametrize(
    "origin",
    ["", "http://localhost:8188", "https://localhost:8188", "http://localhost", "HTTP://LOCALHOST:8188"],
)
def test_our_own_origin_enters(origin: str) -> None:
    assert gate().refusal(["localhost:8188"], [origin], "same-origin") is None


def test_cross_site_requests_do_not_enter_even_without_an_origin() -> None:
    assert gate().refusal(["localhost:8188"], [], "cross-site")
    assert gate().refusal(["localhost:8188"], [], "none") is None


def test_a_server_on_all_addresses_takes_literal_addresses_and_configured_names_only() -> None:
    public = gate(listen=("0.0.0.0",), hosts=frozenset({"pictures.example"}))
    for host in ("10.0.0.5:8188", "[fe80::1]:8188", "pictures.example", "localhost:8188"):
        assert public.refusal([host], [f"http://{host}"], "same-origin") is None, host
    assert public.refusal(["evil.com"], [], "")
    assert public.refusal(["10.0.0.5:8188"], ["http://10.0.0.5:9"], "")


def test_cors_opens_for_the_origin_named_and_keeps_the_host_check() -> None:
    one = gate(cors_origin="http://app.example")
    assert one.refusal(["localhost:8188"], ["http://app.example"], "cross-site") is None
    assert one.refusal(["localhost:8188"], ["http://evil.com"], "cross-site")
    assert one.refusal(["evil.com"], ["http://app.example"], "cross-site")
    assert gate(cors_origin="*").refusal(["localhost:8188"], ["http://any.example"], "cross-site") is None
    assert one.cors_headers()["Access-Control-Allow-Origin"] == "http://app.example"
    assert gate().cors_headers() == {}
    assert one.refusal(["localhost:8188"], [], "cross-site") is None  # a picture on the page


ATTACKS = (
    {"Host": "evil.com"},
    {"Host": "evil.com", "Origin": "http://evil.com"},
    {"Origin": "null"},
    {"Origin": "http://evil.com", "Content-Type": "text/plain"},
    {"Sec-Fetch-Site": "cross-site"},
)


def test_every_route_static_page_and_unknown_path_is_behind_the_gate(toy: ToyServer) -> None:
    paths = [(route.method, definition.path) for route in ROUTES for definition in route.definitions()]
    paths += [
        ("GET", "/no/such/page"),
        ("POST", "/no/such/page"),
        ("DELETE", "/queue"),
        ("OPTIONS", "/prompt"),
    ]
    paths += [("HEAD", "/view"), ("PUT", "/prompt")]
    connection = http.client.HTTPConnection(urlsplit(toy.url).netloc)
    own = urlsplit(toy.url).netloc
    for method, pattern in paths:
        path = re.sub(r"{\w+(:[^}]+)?}", "x", pattern)
        for attack in ATTACKS:
            headers = {"Host": own, **attack}
            if path.endswith("/ws"):
                headers |= {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
                headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
            body = b'{"prompt": {}}' if method == "POST" else None
            connection.putrequest(method, path, skip_host=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 403, (method, path, attack, response.status, answer)
    assert len(paths) > 80


def test_a_request_without_host_is_refused(toy: ToyServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(toy.url).netloc)
    connection.putrequest("GET", "/queue", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status in {400, 403}
