"""Calling workflows by name: values in, results out, over the API of a real server."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from PIL import Image
from yarl import URL

from tests.server.conftest import PATIENCE, ToyServer, connect, finished, get, running, sleep, submit
from tests.server.workflows import WORKFLOWS, ask, at, commit, create, document, flipping, function, publish


async def call(
    http: ClientSession, name: str, values: Any = None, status: int = 200, wait: str = "20", **params: str
) -> Any:
    """Call a workflow; without `wait` the answer is to be 202."""
    query = {**({"wait": wait} if wait else {}), **params}
    return await ask(http, "POST", at(name, "run"), values or {}, status, **query)


async def test_a_call_answers_with_what_the_workflow_returns(http: ClientSession) -> None:
    made = await publish(http, "Say", function())
    done = await call(http, "Say", {"text": "hey", "count": 3, "seed": 5})
    assert done["status"] == "success" and done["outputs"] == {"said": "hey hey hey"}
    assert done["inputs"] == {"text": "hey", "count": 3, "seed": 5}
    assert done["version"] == made["id"] and done["release"] == "1.0.0" and done["workflow"] == "Say"


async def test_without_waiting_the_run_is_a_job_like_any_other(http: ClientSession) -> None:
    made = await publish(http, "Job", function())
    accepted = await call(
        http, "Job", {"text": "x"}, 202, wait="", client_id="me", priority="-5", preview_method="auto"
    )
    assert accepted["number"] == -5 and "status" not in accepted
    entry = await finished(http, accepted["run_id"])
    assert entry["status"]["status_str"] == "success"
    sent = entry["prompt"][3]
    assert sent["client_id"] == "me" and sent["preview_method"] == "auto"
    assert sent["darkroom"] == {
        "workflow": "Job", "version": made["id"], "release": "1.0.0", "inputs": accepted["inputs"],
    }  # fmt: skip
    run = await get(http, f"/api/v1/runs/{accepted['run_id']}")
    assert run["name"] == "Job" and run["state"] == "success"


async def test_a_picture_opens_as_the_workflow_with_the_values_of_the_call(http: ClientSession) -> None:
    node: dict[str, Any] = {
        "id": 1,
        "type": "Repeat",
        "mode": 0,
        "inputs": [],
        "widgets_values": ["ho", 2, " ", 0, "fixed"],
    }
    declared = function()["extra"]
    content = {"nodes": [node], "links": [], "version": 0.4, "extra": declared}
    node["outputs"] = [{"name": "STRING", "type": "STRING", "links": []}]
    await publish(http, "On the canvas", content)
    done = await call(http, "On the canvas", {"text": "hi", "count": 3})
    assert done["outputs"] == {"said": "hi hi hi"}
    shown = (await get(http, f"/api/v1/runs/{done['run_id']}"))["workflow"]
    assert shown["nodes"][0]["widgets_values"] == ["hi", 3, " ", 0, "fixed"]
    assert shown["extra"] == declared


async def test_what_is_left_out_has_its_default_and_seeds_can_be_drawn(http: ClientSession) -> None:
    await publish(http, "Defaults", function())
    done = await call(http, "Defaults")
    assert done["inputs"] == {"text": "ho", "count": 2, "seed": 0} and done["outputs"] == {"said": "ho ho"}
    drawn = [(await call(http, "Defaults", {"seed": "random"}))["inputs"]["seed"] for _ in range(2)]
    assert all(isinstance(seed, int) for seed in drawn) and drawn[0] != drawn[1]


async def test_every_value_that_does_not_fit_is_named_and_nothing_runs(http: ClientSession) -> None:
    await publish(http, "Strict", function())
    before = (await get(http, "/api/v1/jobs"))["pagination"]["total"]
    refused = await call(http, "Strict", {"text": 5, "count": 11, "txt": "x"}, 422)
    assert refused["error"]["code"] == "invalid_inputs"
    assert {problem["input"] for problem in refused["problems"]} == {"text", "count", "txt"}
    assert any("10" in problem["message"] for problem in refused["problems"])
    assert any("text" in p["message"] for p in refused["problems"] if p["input"] == "txt")
    assert (await get(http, "/api/v1/jobs"))["pagination"]["total"] == before


async def test_a_reference_says_which_version_runs(http: ClientSession) -> None:
    first = await publish(http, "Pinned", function())
    louder = function()
    louder["prompt"]["1"]["inputs"]["joiner"] = "-"
    second = (await commit(http, "Pinned", louder, first["id"]))["version"]
    expected = {"Pinned": "ho ho", "Pinned@1.0.0": "ho ho", "Pinned@main": "ho-ho", "Pinned@#2": "ho-ho"}
    for name, said in expected.items():
        assert (await call(http, name))["outputs"] == {"said": said}, name
    await ask(http, "POST", at("Pinned", "releases"), {"version": "main", "number": "patch"})
    latest = await call(http, "Pinned")
    assert latest["release"] == "1.0.1" and latest["version"] == second["id"]
    assert (await call(http, "Pinned@1.0.0"))["outputs"] == {"said": "ho ho"}


async def test_what_cannot_be_called_says_why(http: ClientSession) -> None:
    await publish(http, "Callable", function())
    missing = await call(http, "Callabel", status=404)
    assert missing["nearest"] == ["Callable"]
    assert (await call(http, "Callable@9.0.0", status=404))["error"]["code"] == "not_found"
    await create(http, "Only a graph", document())
    refused = await call(http, "Only a graph", status=409)
    assert refused["error"]["code"] == "not_callable" and "function" in refused["error"]["message"]


def png(colours: tuple[int, int] = (0, 255)) -> bytes:
    """A picture whose upper half is of the first shade."""
    picture = Image.new("RGB", (4, 4), (colours[0],) * 3)
    picture.paste((colours[1],) * 3, (0, 2, 4, 4))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


async def send(http: ClientSession, name: str, status: int = 200, **parts: Any) -> Any:
    """Call with a form; bytes are sent as files."""
    form = FormData(default_to_multipart=True)
    for key, value in parts.items():
        if isinstance(value, bytes):
            form.add_field(key, value, filename="../../evil.sh")
        else:
            form.add_field(key, value)
    async with http.post(f"{WORKFLOWS}{at(name, 'run')}?wait=20", data=form) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def test_pictures_are_sent_as_files_and_come_back_as_files(http: ClientSession, toy: ToyServer) -> None:
    await publish(http, "Flip", flipping())
    done = await send(http, "Flip", picture=png())
    assert done["release"] == "1.0.0"
    (file,) = done["outputs"]["flipped"]
    assert file["type"] == "output" and file["subfolder"] == "Flip"
    async with http.get(URL(file["url"], encoded=True)) as response:
        made = Image.open(io.BytesIO(await response.read()))
    assert made.getpixel((0, 0)) == (255, 255, 255) and made.getpixel((0, 3)) == (0, 0, 0)
    kept = toy.base / "input" / "calls" / f"{hashlib.sha256(png()).hexdigest()}.png"
    assert kept.read_bytes() == png()
    assert not list(toy.base.rglob("evil*"))


async def test_a_picture_a_node_does_not_take_is_told_as_the_input_it_was_given_for(
    http: ClientSession,
) -> None:
    await publish(http, "Flip nothing", flipping())
    for name in ("nowhere.png", "../../secret.png"):
        refused = await call(http, "Flip nothing", {"picture": name}, 422)
        [problem] = refused["problems"]
        assert (refused["error"]["code"], problem["input"], problem["code"]) == (
            "invalid_inputs", "picture", "refused",
        )  # fmt: skip
        assert name in problem["message"]


async def test_the_same_file_twice_is_stored_once_and_a_result_can_be_sent_on(
    http: ClientSession, toy: ToyServer
) -> None:
    await publish(http, "Flip twice", flipping())
    once = await send(http, "Flip twice", picture=png((7, 8)))
    count = len(list((toy.base / "input" / "calls").iterdir()))
    await send(http, "Flip twice", picture=png((7, 8)))
    assert len(list((toy.base / "input" / "calls").iterdir())) == count
    back = await call(http, "Flip twice", {"picture": once["outputs"]["flipped"][0]})
    async with http.get(URL(back["outputs"]["flipped"][0]["url"], encoded=True)) as response:
        assert Image.open(io.BytesIO(await response.read())).getpixel((0, 0)) == (7, 7, 7)


async def test_a_form_may_hold_texts_numbers_and_json(http: ClientSession) -> None:
    await publish(http, "Form", function())
    assert (await send(http, "Form", text="a", count="4"))["outputs"] == {"said": "a a a a"}
    refused = await send(http, "Form", 422, count="four")
    assert [problem["input"] for problem in refused["problems"]] == ["count"]
    form = FormData(default_to_multipart=True)
    form.add_field("count", "3", content_type="application/json")
    async with http.post(f"{WORKFLOWS}/Form/run?wait=20", data=form) as response:
        assert (await response.json())["outputs"] == {"said": "ho ho ho"}


async def test_a_file_that_is_no_picture_is_refused_and_not_kept(http: ClientSession, toy: ToyServer) -> None:
    await publish(http, "Pictures only", flipping())
    before = {path.name for path in (toy.base / "input").rglob("*")}
    refused = await send(http, "Pictures only", 415, picture=b"#!/bin/sh\nrm -rf /\n")
    assert refused["error"]["code"] == "not_an_image" and refused["error"]["where"] == "picture"
    assert {path.name for path in (toy.base / "input").rglob("*")} == before
    missing = await call(http, "Pictures only", {"picture": "nowhere.png"}, 422)
    assert "nowhere.png" in missing["problems"][0]["message"]
    assert (await call(http, "Pictures only", status=422))["problems"][0]["code"] == "required"


async def test_a_call_that_is_sent_again_runs_once(http: ClientSession) -> None:
    await publish(http, "Once", function())
    headers = {"Idempotency-Key": "order-1"}

    async def again(body: Any, path: str = "Once") -> tuple[int, Any]:
        address = f"{WORKFLOWS}/{path}/run?wait=20"
        async with http.post(address, json=body, headers=headers) as response:
            return response.status, await response.json()

    status, first = await again({"seed": "random"})
    assert status == 200 and (await again({"seed": "random"})) == (200, first)
    assert (await again({"seed": 2}))[0] == 409
    assert (await again({"seed": "random"}, "Once@1.0.0"))[0] == 409


async def test_waiting_ends_with_the_run_however_it_ends(http: ClientSession) -> None:
    await publish(http, "Failing", function())
    failed = await call(http, "Failing", {"text": "fail"}, 500)
    assert failed["error"]["code"] == "run_failed" and "asked to fail" in failed["error"]["message"]
    assert failed["error"]["where"] == "1" and failed["details"]["node_type"] == "Repeat"


async def test_a_run_that_is_cancelled_says_so_at_once(http: ClientSession) -> None:
    await publish(http, "Cancelled", function())
    async with occupied(http):
        waiting = asyncio.create_task(call(http, "Cancelled", status=409))
        await ask(http, "POST", f"/api/jobs/{await pending(http)}/cancel")
        assert (await waiting)["error"]["code"] == "run_cancelled"


async def test_who_waits_too_long_gets_the_job_and_it_goes_on(http: ClientSession) -> None:
    await publish(http, "Slow", function())
    async with occupied(http):
        accepted = await call(http, "Slow", {"text": "late"}, 202, wait="0.05")
    assert (await finished(http, accepted["run_id"]))["status"]["status_str"] == "success"


async def test_a_client_that_goes_away_does_not_stop_the_run(http: ClientSession, toy: ToyServer) -> None:
    await publish(http, "Left alone", function())
    async with occupied(http), connect(toy.url) as leaving:
        waiting = asyncio.create_task(call(leaving, "Left alone", {"text": "alone"}))
        run_id = await pending(http)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert (await finished(http, run_id))["status"]["status_str"] == "success"


@asynccontextmanager
async def occupied(http: ClientSession) -> AsyncGenerator[None]:
    """Something else runs, so that what is queued waits."""
    busy = (await submit(http, sleep(60)))["prompt_id"]
    await running(http, busy)
    yield
    await ask(http, "POST", f"/api/jobs/{busy}/cancel")


async def pending(http: ClientSession) -> str:
    """The job that waits, as soon as there is one."""
    async with asyncio.timeout(PATIENCE):
        while not (found := (await get(http, "/queue"))["queue_pending"]):
            await asyncio.sleep(0.01)
    return found[0][1]


@pytest.mark.parametrize("query", ["wait=601", "wait=-1", "wait=x", "wait=nan", "priority=x"])
async def test_what_a_call_asks_for_has_bounds(http: ClientSession, query: str) -> None:
    async with http.post(f"{WORKFLOWS}/any/run?{query}", json={}) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "invalid_query"


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null"])
async def test_inputs_are_an_object(http: ClientSession, body: str) -> None:
    async with http.post(f"{WORKFLOWS}/any/run", data=body) as response:
        assert response.status == 400


async def test_a_server_that_stops_lets_those_who_wait_go(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await publish(http, "Waiting", function())
        await running(http, (await submit(http, sleep(60)))["prompt_id"])
        waiting = asyncio.create_task(call(http, "Waiting", {}, 202))
        run_id = await pending(http)
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        assert (await waiting)["run_id"] == run_id
        assert await stopping == 0
