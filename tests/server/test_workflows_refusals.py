"""What the routes of workflows refuse: names that mislead, bodies that say too little, sizes without end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from aiohttp import ClientSession

from tests.server.conftest import ToyServer, connect
from tests.server.workflows import WORKFLOWS, ask, at, create, document, thumbnail


async def create_once(http: ClientSession) -> None:
    async with http.post(WORKFLOWS, json={"name": "Host", "document": document()}) as response:
        assert response.status in {200, 409}


async def test_what_is_not_there_is_named_with_what_is_like_it(http: ClientSession) -> None:
    made = await create(http, "Landscape")
    error = await ask(http, "GET", at("Landscap"), status=404)
    assert "Landscape" in error["nearest"] and "Landscape" in error["error"]["message"]
    for ref in ("nowhere", "#99", "1.0.0", "latest", "f" * 64):
        await ask(http, "GET", at("Landscape", "versions", ref), status=404)
    assert (await ask(http, "GET", at("Landscape", "versions", "main")))["id"] == made["id"]
    await ask(http, "GET", at("Landscape", "versions", "main", "thumbnail"), status=404)


@pytest.mark.parametrize("content", [{}, {"nodes": 3}, {"prompt": []}, {"x": 1}])
async def test_what_is_no_workflow_is_refused(http: ClientSession, content: Any) -> None:
    refused = await ask(http, "POST", "", {"name": "Nothing", "document": content}, 400)
    assert refused["error"]["code"] == "invalid_workflow"


ODD = (
    "Grüße",
    "зима",
    "日本語の名前",
    "emoji 🦊",
    "a" * 100,
    "dots.and-dashes",
    "quote's",
    "100 & more; =+",
    "[x] {y} ~z!",
)


@pytest.mark.parametrize("name", ODD)
async def test_names_of_all_kinds_lead_to_their_workflow(http: ClientSession, name: str) -> None:
    made = await create(http, name, thumbnail=thumbnail())
    assert (await ask(http, "GET", at(name)))["head"]["id"] == made["id"]
    assert (await ask(http, "GET", at(name, "versions", "main")))["workflow"] == name
    async with http.get(made["thumbnail"]) as response:
        assert response.status == 200


BAD = (
    "", " ", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "C:x", "a@b", "a#b", "a?b", "a%2fb",
    "<b>", 'a"b', "a|b",
    "a\x00b", "a\nb", "\x7f", "a" * 101, " a", "a ", ".a", "a.", "x\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_names_that_could_mislead_are_refused_everywhere(http: ClientSession, name: str) -> None:
    body = json.dumps({"name": name, "document": document()}).encode()
    async with http.post(WORKFLOWS, data=body) as response:
        assert response.status == 400, await response.text()
    await create_once(http)
    async with http.patch(WORKFLOWS + "/Host", data=json.dumps({"name": name}).encode()) as response:
        assert response.status == 400, await response.text()


@pytest.mark.parametrize("name", ["main", "latest", "1.0.0", "1", "v/x", "a b", "-x", "x" * 101])
async def test_names_of_versions_that_could_mislead_are_refused(http: ClientSession, name: str) -> None:
    await create_once(http)
    refused = await ask(
        http, "PUT", at("Host", "tags", name), {"version": "main"}, 400 if name != "main" else 409
    )
    assert refused["error"]["code"] in {"invalid", "name_taken"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"name": "x"}),
        ("", {"name": 5, "document": []}),
        ("/Host/versions", {"document": {"nodes": []}}),
        ("/Host/versions", {"document": {"nodes": []}, "parent": "12"}),
        ("/diff", {"before": {}, "after": {"workflow": "Host"}}),
        ("/merge", {"workflow": "Host", "theirs": "main", "resolutions": {"/1/x": "mine"}}),
    ],
)
async def test_bodies_that_say_too_little_are_refused(http: ClientSession, path: str, body: Any) -> None:
    await create_once(http)
    assert (await ask(http, "POST", path, body, 400))["error"]["code"] == "invalid_body"


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"limit": "1001"}])
async def test_pages_have_bounds(http: ClientSession, query: dict[str, str]) -> None:
    assert (await ask(http, "GET", "", status=400, **query))["error"]["code"] == "invalid_query"


async def test_a_body_without_end_is_refused(servers: Any) -> None:
    server = servers(max_upload_mb=0.2).wait()
    async with connect(server.url) as http:
        content = document(extra={"note": "x" * 300_000})
        refused = await ask(http, "POST", "", {"name": "Huge", "document": content}, 413)
        assert refused["error"]["code"] == "too_large"
        deep = '{"name": "Deep", "document": {"nodes": [], "extra": ' + "[" * 50_000 + "]" * 50_000 + "}}"
        async with http.post(WORKFLOWS, data=deep) as response:
            assert response.status == 400
        for name in ("Huge", "Deep"):
            await ask(http, "GET", at(name), status=404)


PIECES = (
    "..", "/abs", "\\unc", "nul\x00", "CON", "aux.json", "dot.", "space ", " lead", ".hidden", "x" * 300,
    "\u200fright", "\u202eover", "caf\u00e9", "cafe\u0301", "fox \U0001f98a", "Case", "cASE", "stra\u00dfe",
    "STRASSE", "\ufb01ne", "fine", "%2e%2e", "a&b=c", "'; drop table", "{{x}}", "${x}", "`x`", "~", "-rf",
    "\u2028line", "\ud83d", "\ufeffbom", "tab\t", "1.0.0", "latest", "main", "diff", "merge", "versions",
    "run", "NaN", "null", "0", "\u0130i",
)  # fmt: skip
WRAPPED = ("{}", "{} 2", "a{}b", "\u00e9{}")
CORPUS = tuple(dict.fromkeys(wrapper.format(piece) for piece in PIECES for wrapper in WRAPPED))


def files(toy: ToyServer) -> set[Path]:
    """All files but the server's own."""
    return {path for path in toy.base.rglob("*") if ".darkroom" not in path.parts}


def same(name: str) -> str:
    return normalize("NFC", normalize("NFC", name).casefold())


async def test_of_many_odd_names_none_escapes_or_means_two_workflows(
    http: ClientSession, toy: ToyServer
) -> None:
    owners: dict[str, str] = {}
    before = files(toy)
    for name in CORPUS:
        body = json.dumps({"name": name, "document": document(name.encode("utf-8", "replace").decode())})
        async with http.post(WORKFLOWS, data=body.encode()) as response:
            assert response.status in {200, 400, 409}, (name, response.status)
            made, status = await response.json(), response.status
        if status == 409:
            assert same(name) in owners, name
        if status == 200:
            assert same(name) not in owners and made["workflow"] == normalize("NFC", name)
            owners[same(name)] = made["id"]
    for name in CORPUS:
        if same(name) in owners:
            record = await ask(http, "GET", at(name))
            assert record["head"]["id"] == owners[same(name)], name
    assert 60 < len(owners) < len(CORPUS)
    assert files(toy) == before
