"""Running workflows as the canvas has them, and seeing runs again."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from engine.graph import as_link
from tests.server.conftest import ToyServer, connect, finished, get, picture, text


def node(number: int, kind: str, values: Any, **more: Any) -> dict[str, Any]:
    """A node of the canvas without sockets."""
    return {
        "id": number,
        "type": kind,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "widgets_values": values,
        **more,
    }


def workflow(value: str = "from the canvas", **more: Any) -> dict[str, Any]:
    """A workflow of one output node and a note."""
    nodes = [node(1, "Text", [value, 7, "fixed"]), node(2, "Note", ["remember"])]
    return {"id": "11111111-2222-4333-8444-555555555555", "nodes": nodes, "links": [], "version": 0.4, **more}


async def run(http: ClientSession, status: int = 200, **body: Any) -> dict[str, Any]:
    async with http.post("/api/v1/runs", json=body) as response:
        found = await response.json()
        assert response.status == status, found
        return found


async def test_a_workflow_is_converted_and_runs(http: ClientSession) -> None:
    accepted = await run(http, workflow=workflow(), client_id="canvas")
    assert accepted["report"] == [] and accepted["node_errors"] == {}
    entry = await finished(http, accepted["run_id"])
    assert entry["status"]["status_str"] == "success"
    graph = entry["prompt"][2]
    assert graph["1"]["inputs"] == {"value": "from the canvas", "seed": 7}
    assert set(graph) == {"1"}


async def test_a_run_can_be_opened_as_it_was(http: ClientSession) -> None:
    sent = workflow("kept", extra={"ds": {"scale": 2, "offset": [1, 2]}})
    run_id = (await run(http, workflow=sent, targets=["1"], extra_data={"workflow_name": "notes"}))["run_id"]
    await finished(http, run_id)
    record = await get(http, f"/api/v1/runs/{run_id}")
    assert record["workflow"] == sent
    assert record["prompt"]["1"]["inputs"]["value"] == "kept"
    assert record["state"] == "success" and record["status"] == "completed"
    assert record["targets"] == ["1"] and record["name"] == "notes"
    assert record["workflow_id"] == sent["id"]
    assert record["execution_end_time"] >= record["execution_start_time"] >= record["create_time"]
    assert set(record["outputs"]) == {"1"} and set(record["nodes"]) == {"1"}


async def test_the_workflow_goes_where_pictures_take_it_from(http: ClientSession) -> None:
    run_id = (await run(http, workflow=workflow("a"), extra_data={"extra_pnginfo": {"mine": 1}}))["run_id"]
    job = await get(http, f"/api/v1/jobs/{run_id}")
    assert job["workflow"]["extra_data"]["extra_pnginfo"] == {"workflow": workflow("a"), "mine": 1}


async def test_a_prompt_runs_too_and_may_bring_its_workflow(http: ClientSession) -> None:
    accepted = await run(http, prompt=text("said so"), workflow=workflow("shown"))
    assert accepted["report"] == []
    record = await get(http, f"/api/v1/runs/{accepted['run_id']}")
    assert record["prompt"] == text("said so") and record["workflow"] == workflow("shown")


async def test_a_run_id_of_ones_own_and_a_priority_are_kept(http: ClientSession) -> None:
    accepted = await run(http, workflow=workflow("mine"), run_id="my-run", priority=-3)
    assert accepted["run_id"] == "my-run" and accepted["number"] == -3


async def test_the_same_key_makes_one_run(http: ClientSession) -> None:
    body, key = {"workflow": workflow("once")}, {"Idempotency-Key": "runs-1"}
    answers: list[Any] = []
    for _ in range(2):
        async with http.post("/api/v1/runs", json=body, headers=key) as response:
            answers.append(await response.json())
    assert answers[0] == answers[1] and "run_id" in answers[0]


async def test_every_problem_comes_with_the_refusal(http: ClientSession) -> None:
    sent = workflow()
    sent["nodes"] = [node(1, "Sleep", ["long", 0]), node(2, "Txet", ["x"]), node(3, "Nothing", [])]
    refused = await run(http, 400, workflow=sent)
    assert refused["error"]["type"] == "prompt_outputs_failed_validation"
    types = {
        name: [error["type"] for error in found["errors"]] for name, found in refused["node_errors"].items()
    }
    assert types == {"1": ["invalid_input_type"], "2": ["missing_node_type"], "3": ["missing_node_type"]}
    codes = [(entry["code"], entry.get("node")) for entry in refused["report"]]
    assert ("unknown_class", "2") in codes and ("unknown_class", "3") in codes


async def test_a_circle_of_reroutes_is_named(http: ClientSession) -> None:
    def reroute(number: int, link: int) -> dict[str, Any]:
        return node(number, "Reroute", None, inputs=[{"name": "", "type": "*", "link": link}])

    text_node = node(1, "Text", ["x", 0], inputs=[{"name": "value", "type": "STRING", "link": 1}])
    links = [[1, 2, 0, 1, 0, "*"], [2, 3, 0, 2, 0, "*"], [3, 2, 0, 3, 0, "*"]]
    refused = await run(
        http, 400, workflow={"nodes": [text_node, reroute(2, 2), reroute(3, 3)], "links": links}
    )
    assert refused["error"]["type"] == "invalid_workflow"
    [error] = refused["node_errors"]["1"]["errors"]
    assert error["type"] == "workflow_cycle" and "2 → 3" in error["message"]


async def test_branches_that_need_no_unknown_class_run(http: ClientSession) -> None:
    sent = workflow()
    link = {"name": "value", "type": "STRING", "link": 1}
    sent["nodes"] += [
        node(
            5,
            "FromAPack",
            ["x"],
            properties={"cnr_id": "some-pack"},
            outputs=[{"name": "s", "type": "STRING"}],
        ),
        node(6, "Text", ["y", 0, "fixed"], inputs=[link]),
    ]
    sent["links"] = [[1, 5, 0, 6, 0, "STRING"]]
    accepted = await run(http, workflow=sent)
    [unknown] = [entry for entry in accepted["report"] if entry["code"] == "unknown_class"]
    assert unknown["node"] == "5" and "some-pack" in unknown["message"]
    assert unknown["details"] == {"cnr_id": "some-pack", "left_out": ["6"]}
    assert accepted["node_errors"]["5"]["dependent_outputs"] == ["6"]
    graph = (await finished(http, accepted["run_id"]))["prompt"][2]
    assert set(graph) == {"1"}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "workflow, prompt"),
        ({"workflow": []}, "workflow"),
        ({"prompt": 3}, "prompt"),
        ({"targets": 1}, "targets"),
    ],
)
async def test_a_body_that_is_wrong_is_told_where(
    http: ClientSession, body: dict[str, Any], where: str
) -> None:
    refused = await run(http, 400, **body)
    assert refused["error"]["code"] == "invalid_body" and refused["error"]["where"] == where


async def test_what_is_no_workflow_is_refused(http: ClientSession) -> None:
    refused = await run(http, 400, workflow={"hello": "world"})
    assert refused["error"]["type"] == "invalid_workflow" and refused["report"] == []


async def test_there_is_nothing_under_an_unknown_id(http: ClientSession) -> None:
    assert (await get(http, "/api/v1/runs/nope", 404))["error"]["code"] == "not_found"


async def test_a_plan_takes_a_workflow(http: ClientSession) -> None:
    async with http.post("/api/v1/plan", json={"workflow": workflow("planned")}) as response:
        found = await response.json()
    assert response.status == 200, found
    assert found["nodes"]["1"]["class_type"] == "Text"
    async with http.post("/api/v1/plan", json={}) as response:
        assert response.status == 400


async def test_a_workflow_with_links_runs_as_the_prompt_it_was_made_from(toy: ToyServer) -> None:
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []
    orders = {"KSampler": ["seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"],
              "CheckpointLoaderSimple": ["ckpt_name"], "EmptyLatentImage": ["width", "height", "batch_size"],
              "CLIPTextEncode": ["text"], "SaveImage": ["filename_prefix"], "VAEDecode": []}  # fmt: skip
    for name, entry in picture(seed=5, prefix="canvas").items():
        given = entry["inputs"]
        values = [given[key] if key else "fixed" for key in orders[entry["class_type"]]]
        slots: list[dict[str, Any]] = []
        for key, value in given.items():
            if (link := as_link(value)) is not None:
                links.append([len(links) + 1, int(link.node), link.slot, int(name), len(slots), "*"])
                slots.append({"name": key, "type": "*", "link": len(links)})
        nodes.append(node(int(name), entry["class_type"], values, inputs=slots))
    sent = {"nodes": nodes, "links": links, "version": 0.4}
    async with connect(toy.url) as http:
        run_id = (await run(http, workflow=sent))["run_id"]
        graph = (await finished(http, run_id))["prompt"][2]
        [file] = (await get(http, f"/api/v1/runs/{run_id}"))["files"]
    wanted = picture(seed=5, prefix="canvas")
    assert {name: entry["inputs"] for name, entry in graph.items()} == {
        name: entry["inputs"] for name, entry in wanted.items()
    }
    assert (toy.base / "output" / file["filename"]).is_file()
