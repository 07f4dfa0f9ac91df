"""/queue, /history, /interrupt, /free, /api/jobs and the small questions clients ask."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from server.routes import ROUTES
from tests.server.conftest import drained, finished, get, post, run, running, sleep, submit, text
from tests.timing import slowness


async def test_the_queue_shows_items_in_the_order_they_will_run(http: ClientSession) -> None:
    first = await submit(http, sleep(30, seed=1), client_id="me")
    await running(http, first["prompt_id"])
    later = await submit(http, text("later"))
    urgent = await submit(http, text("urgent"), front=True)
    numbered = await submit(http, text("numbered"), number=-1e9)
    queue = await get(http, "/api/queue")
    assert [item[1] for item in queue["queue_pending"]] == [
        job["prompt_id"] for job in (numbered, urgent, later)
    ]
    [item] = queue["queue_running"]
    assert item[1] == first["prompt_id"] and item[3] == {"client_id": "me"} and item[4] == ["1"]
    assert (await get(http, "/prompt"))["exec_info"]["queue_remaining"] == 4
    assert await post(http, "/queue", {"delete": [later["prompt_id"], "unknown"]}) == b""
    assert await post(http, "/queue", {"clear": True}) == b""
    assert (await get(http, "/queue"))["queue_pending"] == []
    await post(http, "/interrupt")
    entry = await finished(http, first["prompt_id"])
    assert entry["status"]["status_str"] == "error" and entry["status"]["completed"] is False
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert await get(http, f"/history/{later['prompt_id']}") == {}


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"prompt_id": null}'])
async def test_an_interrupt_without_a_name_stops_what_runs(http: ClientSession, body: bytes) -> None:
    job = await submit(http, sleep(30, seed=2))
    await running(http, job["prompt_id"])
    async with http.post("/api/interrupt", data=body) as response:
        assert (response.status, await response.read()) == (200, b"")
    assert (await finished(http, job["prompt_id"]))["status"]["messages"][-1][0] == "execution_interrupted"


async def test_an_interrupt_hits_the_job_named_and_no_other(http: ClientSession) -> None:
    job = await submit(http, sleep(0.4, seed=3))
    waiting = await submit(http, text("waiting"))
    await running(http, job["prompt_id"])
    await post(http, "/interrupt", {"prompt_id": waiting["prompt_id"]})
    await post(http, "/interrupt", {"prompt_id": "unknown"})
    assert (await finished(http, job["prompt_id"]))["status"]["completed"]
    assert (await finished(http, waiting["prompt_id"]))["status"]["completed"]
    await post(http, "/interrupt")
    assert (await run(http, text("after an idle interrupt")))["status"]["completed"]


async def test_many_interrupts_of_one_job_end_it_once(http: ClientSession) -> None:
    job = await submit(http, sleep(30, seed=4))
    await running(http, job["prompt_id"])
    await asyncio.gather(*(post(http, "/interrupt", {"prompt_id": job["prompt_id"]}) for _ in range(50)))
    entry = await finished(http, job["prompt_id"])
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert kinds.count("execution_interrupted") == 1
    assert (await run(http, text("next")))["status"]["completed"]


async def test_history_windows_are_disjoint_and_in_order_of_completion(http: ClientSession) -> None:
    ids = [(await submit(http, text(f"window {n}")))["prompt_id"] for n in range(4)]
    await finished(http, ids[-1])
    assert list(await get(http, "/history", max_items=2)) == ids[-2:]
    assert await get(http, "/history", max_items=0) == {}
    everything = list(await get(http, "/history"))
    assert everything[-4:] == ids
    assert list(await get(http, "/history", offset=0)) == everything
    assert list(await get(http, "/history", offset=1, max_items=2)) == everything[1:3]
    assert list(await get(http, "/history", offset=-1)) == everything
    assert await get(http, "/history", offset=10**6) == {}
    assert (await get(http, "/history", 400, offset="x"))["error"]["where"] == "offset"
    await post(http, "/history", {"delete": [ids[0], "unknown"]})
    assert await get(http, f"/history/{ids[0]}") == {}
    await post(http, "/history", {"clear": True})
    assert await get(http, "/history") == {}


@pytest.mark.parametrize("what", ["unload_models", "free_memory"])
async def test_freeing_forgets_results_and_the_models_among_them(http: ClientSession, what: str) -> None:
    graph = text(f"to be freed by {what}")
    await run(http, graph)
    again = (await run(http, graph))["status"]["messages"]
    assert dict(again)["execution_cached"]["nodes"] == ["1"]
    assert await post(http, "/free", {what: True}) == b""
    after = (await run(http, graph))["status"]["messages"]
    assert dict(after)["execution_cached"]["nodes"] == []
    await post(http, "/free", {})


async def test_the_same_id_again_replaces_the_history_entry(http: ClientSession) -> None:
    await run(http, text("first"), prompt_id="again")
    await submit(http, text("second"), prompt_id="again")
    await drained(http)
    assert (await finished(http, "again"))["outputs"]["1"]["text"] == ["second"]


async def test_jobs_are_listed_in_every_state_and_cancelled_by_id(http: ClientSession) -> None:
    first, second = await submit(http, sleep(30, seed=6)), await submit(http, text("pending"))
    await running(http, first["prompt_id"])
    done = [job["id"] for job in (await get(http, "/api/jobs", status="in_progress,pending"))["jobs"]]
    assert done == [second["prompt_id"], first["prompt_id"]]
    for job in (second, first):
        answer = await post(http, f"/api/jobs/{job['prompt_id']}/cancel")
        assert answer == b'{"cancelled": true}'
    await finished(http, first["prompt_id"])
    for job in (first, second):
        assert (await get(http, f"/api/jobs/{job['prompt_id']}"))["status"] == "cancelled"
    assert await post(http, "/api/jobs/cancel", {"job_ids": ["unknown"]}) == b'{"cancelled": false}'
    assert (await get(http, "/api/jobs/unknown", 404))["error"]["message"] == "Job not found"
    page = await get(http, "/api/jobs", limit=1, offset=1, sort_order="asc")
    assert len(page["jobs"]) == 1 and page["pagination"]["has_more"] is True
    for query in ({"status": "odd"}, {"limit": 0}, {"offset": -1}, {"sort_order": "up"}, {"limit": "x"}):
        assert (await get(http, "/api/jobs", 400, **query))["error"]["code"] == "invalid_query"


async def test_object_info_has_the_protocols_shape(http: ClientSession, toy: Any) -> None:
    info = await get(http, "/object_info")
    sampler = info["KSampler"]
    assert sampler["input"]["required"]["seed"] == [
        "INT",
        {"default": 0, "min": 0, "max": 18446744073709551615, "control_after_generate": True},
    ]
    assert sampler["input"]["required"]["sampler_name"][0] == ["euler", "heun"]
    assert sampler["output"] == ["LATENT"] and sampler["output_node"] is False
    assert info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == ["toy.safetensors"]
    assert await get(http, "/api/object_info/KSampler") == {"KSampler": sampler}
    assert await get(http, "/object_info/Unknown") == {}
    (toy.base / "models" / "checkpoints" / "new.safetensors").touch()
    again = await get(http, "/object_info/CheckpointLoaderSimple")
    assert again["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == [
        "new.safetensors",
        "toy.safetensors",
    ]
    (toy.base / "models" / "checkpoints" / "new.safetensors").unlink()


async def test_object_info_is_not_sent_again_while_it_is_the_same(http: ClientSession) -> None:
    async with http.get("/object_info") as response:
        tag = response.headers["ETag"]
    async with http.get("/object_info", headers={"If-None-Match": tag}) as response:
        assert response.status == 304


async def test_system_stats_hold_what_clients_read(http: ClientSession) -> None:
    stats = await get(http, "/system_stats")
    assert stats["system"]["comfyui_version"] == "0.3.64"
    assert stats["system"]["ram_total"] > 0
    assert {"name", "type", "index", "vram_total", "vram_free"} <= set(stats["devices"][0])


async def test_free_memory_is_told_as_it_was_after_the_last_job(http: ClientSession) -> None:
    before = (await get(http, "/system_stats"))["devices"][0]["vram_free"]
    await run(http, text("uses memory"))
    assert (await get(http, "/system_stats"))["devices"][0]["vram_free"] > before


async def test_models_and_small_questions(http: ClientSession) -> None:
    assert "checkpoints" in await get(http, "/models")
    assert await get(http, "/models/checkpoints") == ["toy.safetensors"]
    await get(http, "/models/clip", 404)
    await get(http, "/models/unknown", 404)
    assert await get(http, "/embeddings") == []
    assert (await get(http, "/experiment/models"))[0]["name"] == "checkpoints"
    [file] = await get(http, "/experiment/models/checkpoints")
    assert (file["name"], file["pathIndex"], file["size"]) == ("toy.safetensors", 0, 0)
    await get(http, "/view_metadata/checkpoints", 404, filename="toy.safetensors")
    await get(http, "/view_metadata/checkpoints", 404, filename="../../x.safetensors")
    assert await get(http, "/features") == {
        "supports_preview_metadata": True,
        "max_upload_size": 104857600,
        "darkroom_events": True,
    }
    answers: dict[str, object] = {"/extensions": [], "/workflow_templates": {}, "/i18n": {}}
    for path, empty in answers.items():
        assert await get(http, path) == empty
    assert "checkpoints" in await get(http, "/internal/folder_paths")
    await get(http, "/api/internal/logs", 404)
    assert isinstance(await get(http, "/internal/logs"), str)
    assert (await get(http, "/internal/files/odd", 400))["error"]["message"] == "Invalid directory type"
    assert isinstance(await get(http, "/internal/files/output"), list)


async def test_health_says_that_jobs_can_run(http: ClientSession) -> None:
    health = await get(http, "/api/v1/health")
    assert health["status"] == "ok" and health["worker"]["pid"] > 0


async def test_the_page_at_the_root_loads_nothing_from_elsewhere(http: ClientSession) -> None:
    async with http.get("/") as response:
        assert response.status == 200 and response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "default-src 'self'" in policy and "script-src" not in policy
    assert not re.search(r"""(?:src|href)=["']https?:""", page)


async def test_a_file_of_the_canvas_that_is_not_there_is_named(http: ClientSession) -> None:
    for name in ("gone-12345678.js", "..%2Findex.html", "%2e%2e"):
        async with http.get(URL(f"/assets/{name}", encoded=True)) as response:
            assert response.status == 404, name


async def test_the_api_document_covers_every_route(http: ClientSession) -> None:
    document = await get(http, "/api/v1/openapi.json")
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"], route.path
    identifiers = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(identifiers) == len(set(identifiers))
    text = str(document)
    for reference in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in document["components"]["schemas"]


async def test_every_error_is_json_that_says_what_and_where(http: ClientSession) -> None:
    calls = [
        ("GET", "/nothing/here"),
        ("POST", "/nothing/here"),
        ("DELETE", "/queue"),
        ("POST", "/queue"),
        ("POST", "/history"),
        ("POST", "/free"),
        ("POST", "/settings"),
        ("POST", "/users"),
        ("POST", "/upload/image"),
        ("GET", "/view"),
        ("GET", "/userdata"),
        ("POST", "/api/jobs/cancel"),
    ]
    for method, path in calls:
        async with http.request(method, path, data=b"{" if method == "POST" else None) as response:
            body = await response.json()
            assert 400 <= response.status < 500, (method, path, response.status, body)
            assert set(body["error"]) == {"code", "message", "where"} and body["error"]["message"]


async def test_head_is_allowed_where_get_is(http: ClientSession) -> None:
    for path in ("/queue", "/object_info", "/"):
        async with http.head(path) as response:
            assert response.status == 200


async def test_a_trivial_job_takes_milliseconds(http: ClientSession) -> None:
    graph = text("warm")
    await run(http, graph)
    best = 1e9
    for _ in range(10):
        started = time.perf_counter()
        await run(http, graph)
        best = min(best, time.perf_counter() - started)
    assert best < 0.25 * slowness(), best  # measured 0.03 s
