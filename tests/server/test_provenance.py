"""Runs on record: what is written of them, when, and that nothing waits for it or is lost with the server."""

from __future__ import annotations

import asyncio
import copy
import json
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from PIL import Image
from sqlalchemy import delete

from tests.server import conftest
from tests.server.conftest import (
    ToyServer,
    connect,
    drained,
    get,
    post,
    run,
    running,
    saving,
    sleep,
    submit,
    text,
)
from workflows.provenance.hashes import FileHashes
from workflows.provenance.pictures import pixel_hash
from workflows.provenance.runs import Runs
from workflows.store import Store
from workflows.store.tables import runs as table

WORKFLOW: dict[str, Any] = {
    "nodes": [{"id": 1, "type": "Text", "pos": [0, 0], "size": [200, 100], "flags": {}, "order": 0, "mode": 0,
               "inputs": [], "outputs": [], "properties": {}, "widgets_values": ["hello", 0, "fixed"]}],
    "links": [], "groups": [], "config": {}, "extra": {}, "version": 0.4,
    "last_node_id": 1, "last_link_id": 0,
}  # fmt: skip


def picture(seed: int = 0, checkpoint: str = "toy.safetensors") -> dict[str, Any]:
    graph = conftest.picture(seed)
    graph["4"]["inputs"]["ckpt_name"] = checkpoint
    return graph


async def record(http: ClientSession, run_id: str, wait: int = 20) -> dict[str, Any]:
    found = await get(http, f"/api/v1/runs/{run_id}/provenance", wait=wait)
    assert found["complete"] or not wait, found
    return found


async def begun(http: ClientSession, run_id: str) -> None:
    """Wait until it is on record that a run has begun."""
    async with asyncio.timeout(10):
        while True:
            async with http.get(f"/api/v1/runs/{run_id}/provenance") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.02)


def stamp(toy: ToyServer, entry: dict[str, Any]) -> dict[str, Any]:
    """What the picture of a run says of it."""
    [made] = entry["outputs"]["9"]["images"]
    with Image.open(toy.base / "output" / made["filename"]) as image:
        return json.loads(image.info["darkroom"])


def runs_of(base: Path) -> tuple[Store, Runs]:
    store = Store.open(base / "user/.darkroom/workflows.sqlite")
    return store, Runs(store)


async def test_a_run_is_on_record_with_its_seeds_models_code_and_outputs(
    toy: ToyServer, http: ClientSession
) -> None:
    graph = picture(seed=41)
    run_id = (await submit(http, graph))["prompt_id"]
    found = await record(http, run_id)
    assert (found["run"], found["status"], found["targets"]) == (run_id, "success", ["9"])
    assert found["seeds"] == {"3": {"seed": 41}}
    assert found["prompt"] == graph
    assert found["created"] <= found["started"] <= found["finished"]
    assert set(found["nodes"]) == {node["class_type"] for node in graph.values()}
    [model] = found["files"]
    known = FileHashes().of(toy.base / "models/checkpoints/toy.safetensors")
    assert known is not None
    assert (model["kind"], model["name"], model["nodes"]) == ("checkpoints", "toy.safetensors", ["4"])
    assert (model["sha256"], model["size"]) == (known.sha256, known.size)
    [output] = found["outputs"]
    assert output["pixels"] == pixel_hash(toy.base / "output" / output["file"]["filename"])


async def test_every_picture_carries_the_id_of_its_run(toy: ToyServer, http: ClientSession) -> None:
    accepted = await submit(http, picture(seed=42))
    await record(http, accepted["prompt_id"])
    entry = (await get(http, f"/history/{accepted['prompt_id']}"))[accepted["prompt_id"]]
    assert stamp(toy, entry) == {"run": accepted["prompt_id"]}
    assert "extra_pnginfo" not in entry["prompt"][3]  # clients see again what they sent


async def test_a_result_from_the_cache_keeps_the_stamp_of_the_run_that_made_it(
    toy: ToyServer, http: ClientSession
) -> None:
    first = await submit(http, picture(seed=43))
    await record(http, first["prompt_id"])
    second = await submit(http, picture(seed=43), extra_data={"darkroom": {"workflow": "other"}})
    found = await record(http, second["prompt_id"])
    entry = (await get(http, f"/history/{second['prompt_id']}"))[second["prompt_id"]]
    assert stamp(toy, entry)["run"] == first["prompt_id"]
    assert found["outputs"][0]["pixels"] is not None  # the second run's record has it all the same


async def test_a_retried_run_has_a_record_of_its_own(toy: ToyServer, http: ClientSession) -> None:
    graph = {"1": {"class_type": "Misbehave", "inputs": {"how": "raise", "once": "", "seed": 8}}}
    first = (await submit(http, graph, extra_data={"darkroom": {"workflow": "w"}}))["prompt_id"]
    assert (await record(http, first))["status"] == "error"
    again = json.loads(await post(http, f"/api/v1/jobs/{first}/retry", status=201))["id"]
    found = await record(http, again)
    assert (found["run"], found["workflow"]) == (again, "w")


async def test_a_canvas_run_says_whether_it_is_still_its_version(toy: ToyServer, http: ClientSession) -> None:
    body = {"name": "still", "document": WORKFLOW}
    version = json.loads(await post(http, "/api/v1/workflows", body))["id"]

    async def modified(seed: int, document: Any, said: bool, version: str = version) -> bool | None:
        origin = {"workflow": "still", "version": version, "modified": said}
        extra = {"darkroom": origin, "extra_pnginfo": {"workflow": document}}
        accepted = await submit(http, picture(seed=seed), extra_data=extra)
        found = await record(http, accepted["prompt_id"])
        entry = (await get(http, f"/history/{accepted['prompt_id']}"))[accepted["prompt_id"]]
        assert stamp(toy, entry) == {**origin, "run": accepted["prompt_id"], "modified": found["modified"]}
        assert (found["workflow"], found["version"]) == ("still", version)
        return found["modified"]

    moved, typed = copy.deepcopy(WORKFLOW), copy.deepcopy(WORKFLOW)
    moved["nodes"][0]["pos"] = [300, 40]
    typed["nodes"][0]["widgets_values"][0] = "goodbye"
    assert await modified(50, WORKFLOW, True) is False
    assert await modified(51, moved, True) is False
    assert await modified(52, typed, False) is True
    assert await modified(53, {"nodes": "damaged"}, False) is True
    assert await modified(54, WORKFLOW, True, "f" * 64) is True  # nobody here knows that version


async def test_what_clients_say_of_the_origin_may_be_anything(http: ClientSession) -> None:
    for number, odd in enumerate(
        [7, "x", [], {"workflow": 3, "version": None, "modified": "no", "inputs": 1}]
    ):
        accepted = await submit(
            http, text(f"odd {number}"), extra_data={"darkroom": odd, "extra_pnginfo": {}}
        )
        found = await record(http, accepted["prompt_id"])
        assert (found["workflow"], found["version"], found["modified"]) == (None, None, None)


async def test_a_client_cannot_claim_what_the_store_knows_better(http: ClientSession) -> None:
    version = json.loads(await post(http, "/api/v1/workflows", {"name": "mine", "document": WORKFLOW}))["id"]
    await post(http, "/api/v1/workflows/mine/releases", {"version": version, "number": "1.0.0"})
    claim = {"workflow": "yours", "version": version, "modified": False, "inputs": {"text": "never given"}}
    for release, known in (("9.9.9", None), ("1.0.0", "1.0.0")):
        sent = {"darkroom": {**claim, "release": release}}
        accepted = await submit(http, text(f"claims {release}"), extra_data=sent)
        found = await record(http, accepted["prompt_id"])
        assert (found["workflow"], found["version"], found["release"]) == ("mine", version, known)
        assert (found["modified"], found["inputs"]) == (None, {})  # no document to compare, and no call


async def test_secrets_are_never_on_record(toy: ToyServer, http: ClientSession) -> None:
    secrets = {"api_key_comfy_org": "canary-key", "auth_token_comfy_org": "canary-token"}
    accepted = await submit(http, text("secret"), extra_data=secrets)
    assert "canary" not in json.dumps(await record(http, accepted["prompt_id"]))
    files = list((toy.base / "user/.darkroom").glob("workflows.sqlite*"))
    assert files and not any(b"canary" in file.read_bytes() for file in files)


async def test_nothing_waits_for_the_hash_of_a_large_model(toy: ToyServer, http: ClientSession) -> None:
    with (toy.base / "models/checkpoints/large.safetensors").open("wb") as file:
        file.truncate(400_000_000)
    accepted = await submit(http, picture(seed=60, checkpoint="large.safetensors"))
    await drained(http)
    early = await record(http, accepted["prompt_id"], wait=0)
    assert (early["status"], early["complete"], early["files"][0]["sha256"]) == ("success", False, None)
    start = time.monotonic()
    await run(http, text("another"))
    assert time.monotonic() - start < 2
    found = await record(http, accepted["prompt_id"])
    assert found["files"][0]["size"] == 400_000_000 and len(found["files"][0]["sha256"]) == 64


async def test_a_model_that_was_replaced_after_the_run_began_has_no_hash(
    toy: ToyServer, http: ClientSession
) -> None:
    model = toy.base / "models/checkpoints/passing.safetensors"
    model.write_bytes(b"a model")
    held = {**picture(seed=61, checkpoint=model.name), "11": saving(0.4, 0, 61)["1"]}
    held["12"] = saving(0, 0, 61)["2"]
    held["12"]["inputs"]["after"] = ["11", 0]
    accepted = await submit(http, held)
    await running(http, accepted["prompt_id"])
    await asyncio.sleep(0.05)
    model.write_bytes(b"another model")
    found = await record(http, accepted["prompt_id"])
    assert (found["status"], found["files"][0]["sha256"]) == ("success", None)


async def test_records_that_a_killed_server_left_open_are_completed(servers: Any, tmp_path: Path) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        done = (await submit(http, picture(seed=62)))["prompt_id"]
        await record(http, done)
        unseen = (await submit(http, text("ended as the server was killed")))["prompt_id"]
        await record(http, unseen)
        slow = (await submit(http, sleep(1.0, seed=62)))["prompt_id"]
        await running(http, slow)
        await begun(http, slow)
    server.stop(signal.SIGKILL)
    store, runs = runs_of(tmp_path)
    # As the kill would have left them at other moments: before the end was written, and before the job was.
    whole = runs.get(done)
    bare = replace(whole, status="running", outputs=(), finished=None, complete=False)
    runs.save([(bare, None), (replace(bare, run="forgotten"), {})])
    store.write(lambda connection: connection.execute(delete(table).where(table.c.id == unseen)))
    store.close()

    again: ToyServer = servers().wait()
    async with connect(again.url) as http:
        found = await record(http, done)
        assert (found["status"], found["outputs"][0]["pixels"]) == ("success", whole.outputs[0].pixels)
        assert (await record(http, "forgotten"))["status"] == "lost"
        assert (await record(http, unseen))["outputs"][0]["value"] == "ended as the server was killed"
        assert (await record(http, slow))["status"] == "success"
    again.stop()


async def test_an_unknown_run_and_a_bad_wait_are_refused(http: ClientSession) -> None:
    missing = await get(http, "/api/v1/runs/nowhere/provenance", 404)
    assert missing["error"]["message"] == "there is no run 'nowhere'"
    await get(http, "/api/v1/runs/nowhere/provenance", 400, wait=601)
    await get(http, "/api/v1/runs/nowhere/provenance", 400, wait="soon")


async def test_a_workflow_is_locked_and_resolved_over_the_wire(toy: ToyServer, http: ClientSession) -> None:
    body = {"name": "locked", "document": {"prompt": picture()}}
    await post(http, "/api/v1/workflows", body)
    lock = json.loads(await post(http, "/api/v1/workflows/lock", {"workflow": "locked"}))
    assert [model["name"] for model in lock["models"]] == ["toy.safetensors"]

    document: dict[str, Any] = {"prompt": picture(), "extra": {"darkroom": {"lock": lock}}}
    document["prompt"]["4"]["inputs"]["ckpt_name"] = "elsewhere.safetensors"
    lock["models"][0]["name"] = "elsewhere.safetensors"
    lock["packs"] = [{"name": "not-here", "classes": ["Gone"]}]
    answer = json.loads(await post(http, "/api/v1/workflows/resolve", {"document": document}))
    [model] = answer["models"]
    assert (model["state"], model["found"]) == ("renamed", "toy.safetensors")
    assert answer["document"]["prompt"]["4"]["inputs"]["ckpt_name"] == "toy.safetensors"
    assert [(pack["name"], pack["state"]) for pack in answer["packs"]] == [("not-here", "missing")]


async def test_what_cannot_be_locked_or_resolved_is_refused_with_the_reason(http: ClientSession) -> None:
    odd: dict[str, Any] = {"prompt": {}, "extra": {"darkroom": {"lock": [1]}}}
    assert b"invalid_lock" in await post(http, "/api/v1/workflows/resolve", {"document": odd}, 400)
    assert b"not_found" in await post(http, "/api/v1/workflows/lock", {"workflow": "nowhere"}, 404)
    assert b"invalid_body" in await post(http, "/api/v1/workflows/lock", {}, 400)
    broken = {"document": {"nodes": "none"}}
    assert b"invalid_workflow" in await post(http, "/api/v1/workflows/lock", broken, 400)
