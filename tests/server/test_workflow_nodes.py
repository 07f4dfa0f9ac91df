"""Released workflows as nodes of other graphs, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import ToyServer, finished, get, messages, picture, submit
from tests.workflows_functions.documents import gives, takes, toy

CLASS = "workflow/Portrait@1.0.0"
NODE = {"class_type": CLASS, "inputs": {"prompt": "an owl", "steps": 3}, "_meta": {"title": "My portrait"}}
SAVE = {"class_type": "SaveImage", "inputs": {"filename_prefix": "outer", "images": ["12", 0]}}


def portrait(steps: int = 30) -> dict[str, Any]:
    """The toy text-to-image graph as a function."""
    inputs = [
        takes("prompt", "STRING", "6.text"),
        takes("steps", "INT", "3.steps", max=steps),
        takes("seed", "INT", "3.seed"),
        takes("checkpoint", "COMBO", "4.ckpt_name"),
    ]
    return toy(picture(), inputs, [gives("image", "IMAGE", "8")], title="A portrait")


async def publish(
    http: ClientSession, name: str, document: dict[str, Any], number: str | None = None
) -> None:
    """Save a version and release it."""
    body = {"name": name, "document": document}
    async with http.post("/api/v1/workflows", json=body) as response:
        assert response.status == 200, await response.text()
    await release(http, name)


async def release(http: ClientSession, name: str, number: str | None = None) -> None:
    body = {"version": "main", **({"number": number} if number else {})}
    async with http.post(f"/api/v1/workflows/{name}/releases", json=body) as response:
        assert response.status == 200, await response.text()


async def commit(http: ClientSession, name: str, document: dict[str, Any]) -> None:
    parent = (await get(http, f"/api/v1/workflows/{name}/versions/main"))["id"]
    body = {"document": document, "parent": parent}
    async with http.post(f"/api/v1/workflows/{name}/versions", json=body) as response:
        assert response.status == 200, await response.text()


async def refusal(http: ClientSession, graph: dict[str, Any], path: str = "/prompt") -> dict[str, Any]:
    async with http.post(path, json={"prompt": graph}) as response:
        assert response.status == 400, await response.text()
        return await response.json()


@pytest.fixture
async def shop(toy: ToyServer, http: ClientSession) -> AsyncIterator[ClientSession]:
    """A server that has the workflow `Portrait`, released as 1.0.0."""
    async with http.get("/api/v1/workflows/Portrait") as response:
        missing = response.status == 404
    if missing:
        await publish(http, "Portrait", portrait())
    yield http


async def test_a_workflow_runs_as_a_node_and_the_job_has_what_it_stands_for(shop: ClientSession) -> None:
    accepted = await submit(shop, {"12": NODE, "13": SAVE})
    entry = await finished(shop, accepted["prompt_id"])
    assert entry["status"]["status_str"] == "success"
    graph = entry["prompt"][2]
    assert set(graph) == {"12:3", "12:4", "12:5", "12:6", "12:7", "12:8", "13"}
    assert graph["12:6"]["inputs"] == {"text": "an owl", "clip": ["12:4", 1]}
    assert graph["12:3"]["inputs"]["steps"] == 3 and graph["13"]["inputs"]["images"] == ["12:8", 0]
    assert graph["12:3"]["_meta"]["title"] == "My portrait › KSampler"
    assert [image["filename"] for image in entry["outputs"]["13"]["images"]] == ["outer_00001_.png"]
    assert "12:9" not in entry["outputs"]


async def test_progress_tells_which_node_of_the_canvas_it_belongs_to(shop: ClientSession) -> None:
    seeded = {**NODE, "inputs": {"seed": 5}}
    async with shop.ws_connect("/ws", params={"clientId": "watcher"}) as socket:
        accepted = await submit(shop, {"12": seeded, "13": SAVE}, client_id="watcher")
        told = await messages(socket, accepted["prompt_id"])
    shown: dict[str, str] = {
        message["data"]["node"]: message["data"].get("display_node")
        for message in told
        if not isinstance(message, bytes) and message["type"] == "executing"
    }
    assert shown["12:3"] == "12" and shown["13"] == "13"


async def test_mistakes_inside_name_the_inner_node(shop: ClientSession) -> None:
    graph = {"12": {**NODE, "inputs": {"checkpoint": "gone.safetensors"}}, "13": SAVE}
    told = await refusal(shop, graph)
    assert list(told["node_errors"]) == ["12:4"]
    [error] = told["node_errors"]["12:4"]["errors"]
    assert (error["type"], error["extra_info"]["input_name"]) == ("value_not_in_list", "ckpt_name")


async def test_values_beyond_the_declaration_name_the_workflow_node(shop: ClientSession) -> None:
    told = await refusal(shop, {"12": {**NODE, "inputs": {"steps": 31}}, "13": SAVE})
    [error] = told["node_errors"]["12"]["errors"]
    assert (error["type"], error["message"]) == ("value_bigger_than_max", "Value 31 bigger than max of 30")
    assert told["node_errors"]["12"]["class_type"] == CLASS


@pytest.mark.parametrize(
    ("kind", "suggestion"),
    [
        ("workflow/Portrate@1.0.0", "Did you mean 'workflow/Portrait@1.0.0'?"),
        ("workflow/Portrait", "Did you mean 'workflow/Portrait@1.0.0'?"),
        ("workflow/Portrait@main", "Did you mean 'workflow/Portrait@1.0.0'?"),
        ("workflow/Portrait@1.0.7", "Did you mean 'workflow/Portrait@1.0.0'?"),
    ],
)
async def test_unknown_names_and_releases_are_met_with_the_nearest(
    shop: ClientSession, kind: str, suggestion: str
) -> None:
    told = await refusal(shop, {"12": {**NODE, "class_type": kind}, "13": SAVE})
    [error] = told["node_errors"]["12"]["errors"]
    assert error["type"] == "missing_node_type"
    assert error["extra_info"]["suggestion"].startswith(suggestion.rstrip("?"))


async def test_the_nodes_list_has_released_workflows(shop: ClientSession) -> None:
    info = (await get(shop, "/object_info"))[CLASS]
    assert info["display_name"] == "A portrait" and info["output_name"] == ["image"]
    required = info["input"]["required"]
    assert required["prompt"] == ["STRING", {"default": "a fox"}]
    assert required["steps"][1] == {"default": 2, "min": 1, "max": 30}
    assert required["seed"][1]["control_after_generate"] is True
    assert required["checkpoint"][0] == ["toy.safetensors"]
    one = await get(shop, "/object_info/workflow%2FPortrait@1.0.0")
    assert one == {CLASS: info}
    assert await get(shop, "/object_info/workflow%2FNobody@1.0.0") == {}


async def test_the_plan_is_made_of_the_inner_nodes(shop: ClientSession) -> None:
    async with shop.post("/api/v1/plan", json={"prompt": {"12": NODE, "13": SAVE}}) as response:
        assert response.status == 200, await response.text()
        nodes = set((await response.json())["nodes"])
    assert nodes == {"12:3", "12:4", "12:5", "12:6", "12:7", "12:8", "13"}


async def test_the_canvas_workflow_with_a_workflow_node_runs(shop: ClientSession) -> None:
    workflow = {
        "version": 0.4,
        "nodes": [
            {"id": 12, "type": CLASS, "mode": 0, "inputs": [],
             "outputs": [{"name": "image", "type": "IMAGE"}],
             "widgets_values": ["a heron", 2, 9, "fixed", "toy.safetensors"]},
            {"id": 13, "type": "SaveImage", "mode": 0, "outputs": [], "widgets_values": ["canvas"],
             "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
        ],
        "links": [[1, 12, 0, 13, 0, "IMAGE"]],
    }  # fmt: skip
    async with shop.post("/api/v1/runs", json={"workflow": workflow}) as response:
        body = await response.json()
        assert response.status == 200, body
    assert body["report"] == []
    graph = (await finished(shop, body["run_id"]))["prompt"][2]
    assert graph["12:6"]["inputs"]["text"] == "a heron" and graph["12:3"]["inputs"]["seed"] == 9


async def test_workflows_nest_and_keep_the_releases_they_were_made_with(shop: ClientSession) -> None:
    inner = {"4": {"class_type": CLASS, "inputs": {"prompt": "a badger"}}}
    await publish(
        shop, "Framed", toy(inner, [takes("what", "STRING", "4.prompt")], [gives("image", "IMAGE", "4")])
    )
    changed = portrait()
    changed["prompt"]["3"]["inputs"]["cfg"] = 1.0
    await commit(shop, "Portrait", changed)
    await release(shop, "Portrait", "1.1.0")
    node = {"class_type": "workflow/Framed@1.0.0", "inputs": {"what": "a newt"}}
    accepted = await submit(shop, {"12": node, "13": SAVE})
    graph = (await finished(shop, accepted["prompt_id"]))["prompt"][2]
    assert graph["12:4:6"]["inputs"]["text"] == "a newt" and graph["12:4:3"]["inputs"]["cfg"] == 7.5
    info = await get(shop, "/object_info")
    assert "workflow/Portrait@1.1.0" in info and CLASS not in info
    assert CLASS in await get(shop, "/object_info/workflow%2FPortrait@1.0.0")


async def test_a_prompt_without_workflows_does_not_wait_for_the_store(servers: Any, tmp_path: Any) -> None:
    (tmp_path / "user" / ".darkroom").mkdir(parents=True)
    (tmp_path / "user" / ".darkroom" / "workflows.sqlite").write_bytes(b"no database" * 400)
    server = servers().wait()
    async with ClientSession(server.url) as http:
        accepted = await asyncio.wait_for(submit(http, picture()), 20)
        assert (await finished(http, accepted["prompt_id"]))["status"]["status_str"] == "success"
        info = await get(http, "/object_info")
        assert "KSampler" in info and not any(name.startswith("workflow/") for name in info)
        async with http.post("/prompt", json={"prompt": {"12": NODE, "13": SAVE}}) as response:
            assert response.status == 503 and "workflows.sqlite" in await response.text()
