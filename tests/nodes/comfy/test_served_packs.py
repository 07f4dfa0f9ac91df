"""Routes, browser files, messages and prompt handlers of a pack, through a real server and its worker."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientSession, ClientTimeout, WSMsgType

from tests.e2e.program import Program
from tests.nodes.comfy.bench import graph

PACKS = Path(__file__).parents[2] / "packs"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    base = tmp_path_factory.mktemp("served")
    for name in ("web_routes", "v1_loops"):
        shutil.copytree(PACKS / name, base / "custom_nodes" / name)
    with Program(base) as started:
        started.get("/api/v1/packs")
        yield started


def connect(served: Program) -> ClientSession:
    return ClientSession(served.url, timeout=ClientTimeout(total=30))


def announce(text: str, file: str = "first") -> dict[str, Any]:
    return graph(it=("WebRoutesAnnounce", {"text": text, "file": file}))


async def test_routes_of_a_pack_answer_also_below_api(served: Program) -> None:
    async with connect(served) as http:
        for prefix in ("", "/api"):
            async with http.post(f"{prefix}/web_routes/echo/some%20one?x=1", data=b"a" * 100_000) as answer:
                assert answer.status == 200
                assert answer.headers["X-Name"] == "some one"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert await answer.read() == b"a" * 100_000
        async with http.get("/web_routes/files_of/more.js") as answer:
            assert await answer.text() == "export const more = true;\n"
        async with http.get("/web_routes/slowly") as answer:
            assert await answer.text() == "0\n1\n2\n"


async def test_routes_of_the_server_come_first_and_unknown_ones_stay_unknown(served: Program) -> None:
    async with connect(served) as http:
        async with http.get("/system_stats") as answer:
            assert "devices" in await answer.json()
        async with http.get("/web_routes/unheard_of") as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["code"] == "not_found"


async def test_a_body_over_the_limit_is_refused(served: Program) -> None:
    async def endless() -> Any:
        for _ in range(110):
            yield b"x" * 2**20

    async with connect(served) as http, http.post("/web_routes/echo/a", data=endless()) as answer:
        assert answer.status == 413


async def test_pages_of_other_sites_reach_no_route_of_a_pack(served: Program) -> None:
    async with connect(served) as http:
        headers = {"Origin": "http://evil.example"}
        async with http.post("/web_routes/echo/a", data=b"x", headers=headers) as answer:
            assert answer.status == 403


def test_browser_files_are_listed_and_served_without_scripts_of_pages(served: Program) -> None:
    assert served.get("/extensions") == [
        "/extensions/more_of_web_routes/more.js",
        "/extensions/web_routes/announce.js",
    ]
    with urllib.request.urlopen(served.url + "/extensions/web_routes/announce.js") as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with urllib.request.urlopen(served.url + "/extensions/web_routes/page.html") as answer:
        assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_browser_files_cannot_lead_out_of_their_folder(served: Program) -> None:
    from yarl import URL

    async with connect(served) as http:
        for name in ("../__init__.py", "%2e%2e/__init__.py", "..%2f__init__.py", "/etc/passwd"):
            url = URL(f"{served.url}/extensions/web_routes/{name}", encoded=True)
            async with http.get(url) as answer:
                assert answer.status in (403, 404), name


async def test_send_sync_reaches_the_session_that_queued_the_prompt(served: Program) -> None:
    async with connect(served) as http, http.ws_connect("/ws?clientId=listener") as socket:
        async with http.post(
            "/prompt", json={"prompt": announce("hello"), "client_id": "listener"}
        ) as answer:
            prompt = (await answer.json())["prompt_id"]
        said: list[Any] = []
        frames: list[bytes] = []
        async with asyncio.timeout(20):
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    frames.append(message.data)
                    continue
                told = json.loads(message.data)
                if told["type"] == "web_routes.said":
                    said.append(told["data"])
                if told["type"] == "executing" and told["data"] == {"node": None, "prompt_id": prompt}:
                    break
    assert said == [{"node": "it", "text": "hello"}]
    assert frames == [b"\0\0\0\3" + b"\0\0\0\2" + b"it" + b"saying hello"]


def test_a_prompt_handler_changes_the_request_before_it_is_checked(served: Program) -> None:
    entry = served.run(announce("really?"))
    assert entry["outputs"]["it"]["text"] == ["really!"]
    assert entry["prompt"][2]["it"]["inputs"]["text"] == "really!"


def test_choices_that_appear_later_are_listed_and_accepted(served: Program) -> None:
    status, answer = served.post("/prompt", {"prompt": announce("x", "second")})
    assert status == 400
    assert answer["node_errors"]["it"]["errors"][0]["type"] == "value_not_in_list"
    served.post("/web_routes/files", {"name": "second"})
    served.run(announce("x", "second"))
    served.post("/web_routes/files", {"name": "third"})
    listed = served.get("/object_info/WebRoutesAnnounce")["WebRoutesAnnounce"]["input"]["required"]["file"]
    assert listed == [["first", "second", "third"]]


def test_model_folders_of_a_pack_are_listed(served: Program) -> None:
    assert "glyphs" in served.get("/models")
    assert served.get("/models/glyphs") == ["letters.bin"]


def test_loops_of_a_pack_run_on_the_server(served: Program) -> None:
    prompt = graph(
        open=("LoopsForOpen", {"remaining": 5, "value1": "x"}),
        plus=("LoopsPlus", {"a": ("open", 2), "b": "o"}),
        close=("LoopsForClose", {"flow": ("open", 0), "value1": ("plus", 0)}),
        show=("LoopsShow", {"value": ("close", 0)}),
    )
    assert served.run(prompt)["outputs"]["show"]["text"] == ["xooooo"]


async def test_half_an_answer_is_not_taken_for_a_whole_one(served: Program) -> None:
    async with connect(served) as http:
        with pytest.raises(ClientPayloadError):
            async with http.get("/web_routes/half") as answer:
                assert answer.status == 200
                await answer.read()
        await answers_again(http)


async def test_routes_answer_502_while_the_worker_is_away_and_come_back(served: Program) -> None:
    async with connect(served) as http:
        async with http.get("/web_routes/exit") as answer:
            assert answer.status == 502
            assert "packs run in the worker" in (await answer.json())["error"]["message"]
        async with http.get("/web_routes/heard") as answer:
            assert answer.status == 502
        await answers_again(http)


async def answers_again(http: ClientSession) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        async with http.get("/web_routes/heard") as answer:
            if answer.status == 200:
                assert await answer.json() == {"heard": []}
                return
        await asyncio.sleep(0.2)
    raise AssertionError("the routes did not come back")


def test_the_page_a_pack_has_of_a_node_is_found_in_ones_language(served: Program) -> None:
    docs = "/extensions/web_routes/docs/"
    help_of = "/api/v1/nodes/WebRoutesAnnounce/help"
    assert served.get(help_of)["page"] == docs + "WebRoutesAnnounce.md"
    assert served.get(help_of + "?locale=fr")["page"] == docs + "WebRoutesAnnounce.md"
    chinese = served.get(help_of + "?locale=zh-CN")
    assert chinese["page"] == docs + "WebRoutesAnnounce/zh.md" and chinese["example"] is None
    with urllib.request.urlopen(served.url + chinese["page"]) as answer:
        assert "广播" in answer.read().decode()
    with urllib.request.urlopen(f"{served.url}{docs}announce.png") as answer:
        assert answer.headers["Content-Type"] == "image/png"
