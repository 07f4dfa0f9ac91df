"""Sweeps over the API of a real server: many runs from one request, as a grid and as a table."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image
from yarl import URL

from tests.server.conftest import PATIENCE, ToyServer, connect, drained, get, running, sleep, submit
from tests.server.workflows import WORKFLOWS, ask, at, create, document, flipping, function, publish

SWEEPS = "/api/v1/sweeps"


async def sweep(http: ClientSession, name: str, status: int = 202, **body: Any) -> dict[str, Any]:
    """Ask for a sweep."""
    return await ask(http, "POST", at(name, "sweeps"), body, status)


async def over(http: ClientSession, made: dict[str, Any], seconds: float = 30.0) -> dict[str, Any]:
    """A sweep, waited for."""
    async with asyncio.timeout(seconds):
        while (found := await get(http, f"{SWEEPS}/{made['id']}"))["finished"] is None:
            await asyncio.sleep(0.02)
    return found


def said(found: dict[str, Any]) -> list[str]:
    return [item["outputs"].get("said") for item in found["items"]]


async def test_every_combination_of_a_grid_runs_with_the_last_input_changing_fastest(
    http: ClientSession,
) -> None:
    version = await publish(http, "Grid", function())
    made = await sweep(http, "Grid", inputs={"seed": 3}, grid={"text": ["a", "b"], "count": [1, 2, 3]})
    assert made["total"] == 6 and made["workflow"] == "Grid" and made["release"] == "1.0.0"
    assert made["version"] == version["id"]
    found = await over(http, made)
    assert said(found) == ["a", "a a", "a a a", "b", "b b", "b b b"]
    assert [item["index"] for item in found["items"]] == list(range(6))
    assert found["items"][5]["inputs"] == {"text": "b", "count": 3, "seed": 3}
    assert (found["done"], found["failed"], found["cancelled"], found["status"]) == (6, 0, 0, "done")
    assert found["axes"] == [{"input": "text", "values": ["a", "b"]}, {"input": "count", "values": [1, 2, 3]}]
    run = await get(http, f"/api/v1/runs/{found['items'][0]['run_id']}")
    assert run["state"] == "success"


async def test_rows_and_tables_run_line_by_line_with_the_types_of_the_inputs(http: ClientSession) -> None:
    await publish(http, "Rows", function())
    rows = [{"text": "x", "count": 1}, {"text": "y"}]
    found = await over(http, await sweep(http, "Rows", inputs={"seed": 1, "count": 3}, rows=rows))
    assert said(found) == ["x", "y y y"] and found["axes"] == []
    assert sorted(found["varied"]) == ["count", "text"]
    table = 'text;count\n"1;5";2\n\n"say ""hi""";\n'
    found = await over(http, await sweep(http, "Rows", csv="\ufeff" + table))
    assert said(found) == ["1;5 1;5", 'say "hi" say "hi"']


async def test_seeds_are_made_on_the_server_and_recorded(http: ClientSession) -> None:
    await publish(http, "Seeds", function())

    async def seeds(mode: str, count: int = 1, **body: Any) -> list[int]:
        made = await sweep(http, "Seeds", seed={"mode": mode, "count": count}, **body)
        found = await over(http, made)
        assert found["done"] == found["total"] == len(found["items"])
        return [item["inputs"]["seed"] for item in found["items"]]

    texts = {"text": ["a", "b"]}
    assert await seeds("increment", inputs={"seed": 7}, grid=texts) == [7, 8]
    assert await seeds("increment", 3, inputs={"seed": 7}, grid=texts) == [7, 8, 9, 7, 8, 9]
    assert await seeds("fixed", inputs={"seed": 7}, grid=texts) == [7, 7]
    first, second = await seeds("random", grid=texts)
    assert first != second
    drawn = await seeds("random", 2, grid=texts)
    assert drawn[:2] == drawn[2:] and drawn[0] != drawn[1]
    one, other = await seeds("fixed", inputs={"seed": "random"}, grid=texts)
    assert one == other


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"grid": {"text": ["a", 5], "count": [1, 99]}}, "invalid_inputs", "body"),
        ({"grid": {"txt": ["a"]}}, "invalid_inputs", "body"),
        ({"grid": {"text": []}}, "invalid_sweep", "grid.text"),
        ({"grid": {"text": ["a"]}, "rows": []}, "invalid_sweep", "grid"),
        ({"rows": []}, "invalid_sweep", "rows"),
        ({"csv": "text\na,b\n"}, "invalid_sweep", "csv"),
        ({"csv": ""}, "invalid_sweep", "csv"),
        ({"grid": {"count": list(range(1, 11)), "seed": list(range(1001))}}, "invalid_sweep", "grid"),
        ({"seed": {"mode": "fixed", "count": 2}}, "invalid_sweep", "seed.count"),
        ({"seed": {"mode": "random", "input": "text"}}, "invalid_sweep", "seed.input"),
        ({"grid": {"seed": [1, 2]}, "seed": {"mode": "random"}}, "invalid_sweep", "seed.input"),
    ],
)
async def test_nothing_runs_unless_everything_can(
    http: ClientSession, body: dict[str, Any], code: str, where: str
) -> None:
    if (await ask(http, "GET", "", search="Strict sweep"))["total"] == 0:
        await publish(http, "Strict sweep", function())
    before = (await get(http, SWEEPS))["total"], (await get(http, "/api/v1/jobs"))["pagination"]["total"]
    refused = await sweep(http, "Strict sweep", 422, **body)
    assert (refused["error"]["code"], refused["error"]["where"]) == (code, where), refused
    after = (await get(http, SWEEPS))["total"], (await get(http, "/api/v1/jobs"))["pagination"]["total"]
    assert after == before


async def test_each_wrong_value_is_named_once_with_its_first_run(http: ClientSession) -> None:
    await publish(http, "Named", function())
    refused = await sweep(http, "Named", 422, grid={"text": ["a", "b"], "count": [1, 99, 2]})
    (problem,) = refused["problems"]
    assert (problem["row"], problem["input"], problem["code"]) == (1, "count", "out_of_range")
    assert "run 1: count: 99" in refused["error"]["message"]


async def test_a_workflow_that_cannot_be_called_has_no_sweeps(http: ClientSession) -> None:
    await create(http, "Not a function", document())
    assert (await sweep(http, "Not a function", 409))["error"]["code"] == "not_callable"
    assert (await sweep(http, "Nowhere", 404))["error"]["code"] == "not_found"
    await publish(http, "Lacks a picture", flipping())
    refused = await sweep(http, "Lacks a picture", 400, grid={"picture": ["nowhere.png"]})
    assert "nowhere.png" in json.dumps(refused["node_errors"])


async def test_a_failed_run_is_told_and_does_not_stop_the_others(http: ClientSession) -> None:
    await publish(http, "Failing sweep", function())
    found = await over(http, await sweep(http, "Failing sweep", grid={"text": ["a", "fail", "b"]}))
    assert [item["status"] for item in found["items"]] == ["success", "error", "success"]
    assert "asked to fail" in found["items"][1]["error"]
    assert (found["done"], found["failed"], found["status"]) == (2, 1, "done")


async def test_the_table_holds_inputs_outcomes_and_outputs(http: ClientSession) -> None:
    await publish(http, "Table", function())
    found = await over(http, await sweep(http, "Table", grid={"text": ['a "b", c', "fail"]}))
    async with http.get(found["table"]) as response:
        assert response.content_type == "text/csv" and "attachment" in response.headers["Content-Disposition"]
        first, second = list(csv.DictReader(io.StringIO(await response.text())))
    assert first["said"] == 'a "b", c a "b", c' and first["status"] == "success" and first["count"] == "2"
    assert float(first["seconds"]) >= 0
    assert (second["index"], second["status"], second["said"]) == ("1", "error", "")


def shade(path: Any, value: int) -> None:
    Image.new("RGB", (40, 30), (value,) * 3).save(path)


def columns_of(picture: Image.Image, shade: int, least: int) -> list[int]:
    """The columns of pixels in which a shade occurs at least that often."""
    mask = picture.convert("L").point([255 if value == shade else 0 for value in range(256)])
    columns = [mask.crop((x, 0, x + 1, mask.height)).histogram()[255] for x in range(mask.width)]
    return [x for x, count in enumerate(columns) if count >= least]


async def test_the_grid_shows_the_first_input_across_and_the_second_down(
    http: ClientSession, toy: ToyServer
) -> None:
    for value in (10, 200):
        shade(toy.base / "input" / f"{value}.png", value)
    content = flipping()
    content["prompt"]["2"] = {"class_type": "Repeat", "inputs": {"text": "x", "count": 1, "joiner": " "}}
    content["extra"]["darkroom"]["function"]["inputs"].append(
        {"name": "text", "type": "STRING", "targets": [{"node": "2", "input": "text"}]}
    )
    await publish(http, "Pictures", content)
    made = await sweep(http, "Pictures", grid={"picture": ["10.png", "200.png"], "text": ["p", "q", "r"]})
    found = await over(http, made)
    async with http.get(found["grid"]) as response:
        assert response.content_type == "image/png"
        picture = Image.open(io.BytesIO(await response.read()))
    count = picture.convert("L").histogram()
    # Each of the six cells is drawn as large as the pictures are.
    assert 40 * 30 * 3 <= count[10] < 40 * 30 * 3 + 400 and 40 * 30 * 3 <= count[200] < 40 * 30 * 3 + 400
    dark, light = columns_of(picture, 10, 90), columns_of(picture, 200, 90)
    assert len(dark) == len(light) == 40 and max(dark) < min(light)
    async with http.get(found["grid"], params={"output": "nothing"}) as response:
        assert response.status == 404


async def test_a_cancelled_sweep_begins_no_more_runs_and_keeps_what_it_made(http: ClientSession) -> None:
    await publish(http, "Cancelled sweep", function())
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    made = await sweep(http, "Cancelled sweep", grid={"seed": list(range(100))})
    waiting = await get(http, f"{SWEEPS}/{made['id']}")
    assert waiting["status"] == "running" and {i["status"] for i in waiting["items"]} == {"pending"}
    cancelled = await ask(http, "DELETE", f"{SWEEPS}/{made['id']}")
    assert cancelled["status"] == "cancelled"
    found = await over(http, made)
    assert found["cancelled"] == 100 and found["done"] == 0
    await ask(http, "POST", f"/api/jobs/{busy['prompt_id']}/cancel")
    await drained(http)
    assert (await ask(http, "DELETE", f"{SWEEPS}/{made['id']}"))["cancelled"] == 100


async def test_emptying_the_queue_cancels_the_sweeps_that_fill_it(http: ClientSession) -> None:
    await publish(http, "Emptied", function())
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    made = await sweep(http, "Emptied", grid={"seed": list(range(70))})
    async with http.post("/queue", json={"clear": True}) as response:
        assert response.status == 200
    found = await over(http, made)
    assert (found["status"], found["cancelled"]) == ("cancelled", 70)
    assert (await get(http, "/prompt"))["exec_info"]["queue_remaining"] == 1
    await ask(http, "POST", f"/api/jobs/{busy['prompt_id']}/cancel")
    await drained(http)


async def test_others_wait_for_a_few_runs_of_a_sweep_only(http: ClientSession) -> None:
    await publish(http, "Large sweep", function())
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    made = await sweep(http, "Large sweep", grid={"seed": list(range(100))})
    async with asyncio.timeout(PATIENCE):
        while (count := (await get(http, "/prompt"))["exec_info"]["queue_remaining"]) < 33:
            await asyncio.sleep(0.01)
    assert count == 33
    await ask(http, "POST", f"/api/jobs/{busy['prompt_id']}/cancel")
    found = await over(http, made)
    assert found["done"] == 100


async def test_a_sweep_that_is_asked_for_again_is_the_same_sweep(http: ClientSession) -> None:
    await publish(http, "Once swept", function())
    address, headers = f"{WORKFLOWS}/Once%20swept/sweeps", {"Idempotency-Key": "sweep-1"}

    async def again(body: Any) -> tuple[int, Any]:
        async with http.post(URL(address, encoded=True), json=body, headers=headers) as response:
            return response.status, await response.json()

    status, first = await again({"grid": {"text": ["a", "b"]}})
    assert status == 202
    assert (await again({"grid": {"text": ["a", "b"]}}))[1]["id"] == first["id"]
    assert (await again({"grid": {"text": ["a"]}}))[1]["error"]["code"] == "idempotency_key_reused"
    assert (await over(http, first))["total"] == 2


async def test_sweeps_are_listed_newest_first_also_under_an_earlier_name(http: ClientSession) -> None:
    await publish(http, "Listed", function())
    ids = [(await sweep(http, "Listed", title=title))["id"] for title in ("one", "two")]
    await ask(http, "PATCH", at("Listed"), {"name": "Listed anew"})
    for name in ("Listed", "listed anew"):
        found = await get(http, SWEEPS, workflow=name)
        assert [one["id"] for one in found["sweeps"]] == ids[::-1] and found["total"] == 2
        assert {one["workflow"] for one in found["sweeps"]} == {"Listed anew"}
    assert (await get(http, SWEEPS, workflow="no such"))["sweeps"] == []
    assert (await get(http, f"{SWEEPS}/no-such", 404))["error"]["code"] == "not_found"
    assert (await get(http, f"{SWEEPS}/{'0' * 32}", 404))["error"]["code"] == "not_found"


async def test_items_come_in_pages(http: ClientSession) -> None:
    await publish(http, "Paged", function())
    made = await sweep(http, "Paged", grid={"seed": [1, 2, 3]})
    await over(http, made)
    page = await get(http, f"{SWEEPS}/{made['id']}", offset=1, limit=1)
    assert [item["index"] for item in page["items"]] == [1] and page["more"] is True
    assert (await get(http, f"{SWEEPS}/{made['id']}", offset=2))["more"] is False
    assert (await get(http, f"{SWEEPS}/{made['id']}", 400, limit=0))["error"]["code"] == "invalid_query"


async def test_the_outcome_stays_when_the_job_history_is_cleared(http: ClientSession) -> None:
    await publish(http, "Remembered", function())
    made = await sweep(http, "Remembered", grid={"text": ["a", "b"]})
    before = await over(http, made)
    async with http.post("/history", json={"clear": True}) as response:
        assert response.status == 200
    assert await get(http, f"{SWEEPS}/{made['id']}") == before
    # The places of those that ended are not given again, so what ends from now on is taken in as well.
    after = await over(http, await sweep(http, "Remembered", grid={"text": ["c"]}))
    assert said(after) == ["c c"]


async def test_a_killed_server_goes_on_and_runs_nothing_twice(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await publish(http, "Killed", function())
        made = await sweep(http, "Killed", grid={"seed": list(range(60))})
        async with asyncio.timeout(PATIENCE):
            while (await get(http, f"{SWEEPS}/{made['id']}", limit=1))["done"] < 10:
                await asyncio.sleep(0.005)
        server.process.kill()
        server.process.wait()
    server = servers().wait()
    async with connect(server.url) as http:
        found = await over(http, made)
        assert found["done"] == 60 and len({item["run_id"] for item in found["items"]}) == 60
        jobs = await get(http, "/api/v1/jobs")
        assert jobs["pagination"]["total"] == 60
