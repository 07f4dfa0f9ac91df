"""POST /prompt: what is accepted, and what every kind of bad input is told."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import finished, picture, post, run, running, sleep, submit, text
from tests.timing import slowness


async def refused(http: ClientSession, graph: Any, **fields: Any) -> dict[str, Any]:
    """POST /prompt that must be refused with the envelope of the protocol."""
    async with http.post("/prompt", json={"prompt": graph, **fields}) as response:
        body = await response.json()
        assert response.status == 400, body
        assert set(body) == {"error", "node_errors"}
        assert set(body["error"]) == {"type", "message", "details", "extra_info"}
        return body


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    graph = picture()
    graph[node]["inputs"].update(inputs)
    return graph


def of(body: dict[str, Any], node: str) -> dict[str, Any]:
    """The only error of a node."""
    errors = body["node_errors"][node]["errors"]
    assert len(errors) == 1, errors
    return errors[0]


async def test_an_accepted_graph_runs_and_leaves_its_files_in_the_history(http: ClientSession) -> None:
    entry = await run(http, picture(seed=1), extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    assert entry["status"]["status_str"] == "success" and entry["status"]["completed"] is True
    [image] = entry["outputs"]["9"]["images"]
    async with http.get("/view", params=image) as response:
        assert response.status == 200
        assert (await response.read()).startswith(b"\x89PNG")
    assert entry["prompt"][2]["3"]["inputs"]["seed"] == 1
    assert entry["prompt"][3]["extra_pnginfo"] == {"workflow": {"id": "w"}}
    assert entry["prompt"][4] == ["9"]
    assert entry["meta"]["9"]["real_node_id"] == "9"


async def test_values_are_coerced_as_the_history_shows(http: ClientSession) -> None:
    entry = await run(http, changed("3", steps="2", cfg=7))
    inputs = entry["prompt"][2]["3"]["inputs"]
    assert (inputs["steps"], inputs["cfg"]) == (2, 7.0) and isinstance(inputs["cfg"], float)


async def test_ids_and_numbers_are_echoed(http: ClientSession) -> None:
    named = await submit(http, text(), prompt_id="my-own-id", number=7)
    assert (named["prompt_id"], named["number"]) == ("my-own-id", 7.0)
    numbered = await submit(http, text(), prompt_id=12, number="7")
    assert (numbered["prompt_id"], numbered["number"]) == ("12", 7.0)
    first, second = await submit(http, text()), await submit(http, text(), front=True)
    assert isinstance(first["number"], int) and second["number"] == -(first["number"] + 1)
    assert len((await submit(http, text(), prompt_id=None))["prompt_id"]) == 36


async def test_the_same_submission_many_times_is_one_job(http: ClientSession) -> None:
    graph = text("once")
    blocker = await submit(http, sleep(0.3, seed=1))
    answers = await asyncio.gather(*(submit(http, graph, prompt_id="same") for _ in range(20)))
    assert len({answer["number"] for answer in answers}) == 1
    body = await refused(http, text("other"), prompt_id="same")
    assert body["error"]["type"] == "duplicate_prompt_id"
    await finished(http, blocker["prompt_id"])
    await finished(http, "same")


async def test_content_type_does_not_matter(http: ClientSession) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        body = json.dumps({"prompt": text()}).encode()
        async with http.post("/api/prompt", data=body, headers={"Content-Type": kind}) as response:
            assert response.status == 200


async def test_unknown_node_is_named_with_the_nearest(http: ClientSession) -> None:
    graph = picture()
    graph["3"]["class_type"] = "KSampleer"
    body = await refused(http, graph)
    assert body["error"]["type"] == "invalid_prompt"
    assert body["error"]["message"] == "Cannot execute because node KSampleer does not exist."
    assert body["error"]["details"] == "Node ID '#3'"
    assert "KSampler" in body["error"]["extra_info"]["suggestion"]


async def test_missing_input_is_named(http: ClientSession) -> None:
    graph = picture()
    del graph["3"]["inputs"]["steps"]
    body = await refused(http, graph)
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    error = of(body, "3")
    assert (error["type"], error["details"]) == ("required_input_missing", "steps")
    assert body["node_errors"]["3"]["class_type"] == "KSampler"
    assert body["node_errors"]["3"]["dependent_outputs"] == ["9"]


@pytest.mark.parametrize(
    ("node", "inputs", "kind", "message"),
    [
        ("3", {"model": ["4", 1]}, "return_type_mismatch", "Return type mismatch between linked nodes"),
        ("3", {"steps": "abc"}, "invalid_input_type", "Failed to convert an input value to a INT value"),
        ("3", {"cfg": 1000}, "value_bigger_than_max", "Value 1000.0 bigger than max of 100.0"),
        ("5", {"width": 0}, "value_smaller_than_min", "Value 0 smaller than min of 16"),
        ("3", {"scheduler": "zz"}, "value_not_in_list", "Value not in list"),
        ("4", {"ckpt_name": "toy.safetensor"}, "value_not_in_list", "Value not in list"),
        ("3", {"model": ["4", 0, 1]}, "bad_linked_input", "Bad linked input, must be a length-2 list"),
        ("3", {"model": ["99", 0]}, "bad_linked_input", "99"),
        ("3", {"model": ["4", 9]}, "bad_linked_input", "9"),
    ],
)
async def test_a_wrong_input_is_refused_with_its_node_and_name(
    http: ClientSession, node: str, inputs: dict[str, Any], kind: str, message: str
) -> None:
    error = of(await refused(http, changed(node, **inputs)), node)
    assert error["type"] == kind
    assert message in error["message"]
    assert error["extra_info"]["input_name"] == next(iter(inputs))


async def test_a_missing_checkpoint_suggests_the_nearest_there_is(http: ClientSession) -> None:
    error = of(await refused(http, changed("4", ckpt_name="toi.safetensors")), "4")
    assert error["details"].startswith("ckpt_name: 'toi.safetensors' not in ['toy.safetensors']")
    assert "toy.safetensors" in error["extra_info"]["suggestion"]


async def test_every_problem_is_reported_at_once(http: ClientSession) -> None:
    graph = changed("3", cfg=1e6)
    graph["5"]["inputs"]["width"] = 0
    assert set((await refused(http, graph))["node_errors"]) == {"3", "5"}


async def test_a_cycle_is_named(http: ClientSession) -> None:
    graph = picture()
    graph["3"]["inputs"]["latent_image"] = ["3", 0]
    error = of(await refused(http, graph), "3")
    assert error["type"] == "dependency_cycle"
    assert error["details"] == "3 (KSampler) -> 3 (KSampler)"


async def test_good_outputs_run_beside_bad_ones(http: ClientSession) -> None:
    no_inputs: dict[str, Any] = {}
    graph = {**text(), "2": {"class_type": "Text", "inputs": no_inputs}}
    accepted = await submit(http, graph)
    assert set(accepted["node_errors"]) == {"2"}
    entry = await finished(http, accepted["prompt_id"])
    assert set(entry["outputs"]) == {"1"}


async def test_partial_targets_run_alone(http: ClientSession) -> None:
    graph = {**text("a"), "2": {"class_type": "Text", "inputs": {"value": "partial", "seed": 99}}}
    entry = await run(http, graph, partial_execution_targets=["2"])
    assert set(entry["outputs"]) == {"2"}
    assert (await refused(http, graph, partial_execution_targets=["7"]))["error"][
        "type"
    ] == "prompt_no_outputs"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "invalid_prompt"),
        (b"{", "invalid_prompt"),
        (b"null", "invalid_prompt"),
        (b"[]", "invalid_prompt"),
        (b'"text"', "invalid_prompt"),
        (b"\xff\xfe", "invalid_prompt"),
        (b'{"prompt": {"1": NaN}}', "invalid_prompt"),
        (b'{"prompt": ' + b"[" * 100_000, "invalid_prompt"),
        (b'{"prompt": ' + b'{"a":' * 100_000, "invalid_prompt"),
        (b'{"prompt": 1' + b"0" * 5000 + b"}", "invalid_prompt"),
        (b'{"prompt": "text"}', "invalid_prompt"),
        (b'{"prompt": 5}', "invalid_prompt"),
        (b'{"prompt": {"1": "text"}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": 5, "inputs": {}}}}', "invalid_prompt"),
        (b'{"prompt": {"nodes": [], "links": []}}', "invalid_prompt"),
        (b"{}", "no_prompt"),
        (b'{"prompt": null}', "no_prompt"),
        (b'{"prompt": {}}', "prompt_no_outputs"),
        (b'{"prompt": []}', "prompt_no_outputs"),
        (b'{"prompt": {}, "number": "soon"}', "invalid_prompt"),
        (b'{"prompt": {}, "number": "nan"}', "invalid_prompt"),
        (b'{"prompt": {}, "number": 1e999}', "invalid_prompt"),
        (b'{"prompt": {}, "extra_data": 5, "client_id": "x"}', "invalid_prompt"),
        (b'{"prompt": {}, "client_id": {}}', "invalid_prompt"),
        (b'{"prompt": {}, "client_id": "\\ud800"}', "invalid_prompt"),
        (b'{"prompt": {}, "prompt_id": "\\udc00 x"}', "invalid_prompt"),
        (b'{"prompt": {}, "extra_data": {"client_id": {}}}', "invalid_prompt"),
        (b'{"prompt": {}, "extra_data": {"client_id": "\\ud800"}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": "Text", "inputs": {"value": 1e999}}}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": "Text", "inputs": {"value": -1e999}}}}', "invalid_prompt"),
        (b'{"prompt": {}, "partial_execution_targets": 5}', "invalid_prompt"),
    ],
)
async def test_malformed_requests_are_told_what_is_wrong(http: ClientSession, body: bytes, kind: str) -> None:
    started = time.monotonic()
    async with http.post("/prompt", data=body) as response:
        answer = await response.json()
        assert response.status == 400, answer
    assert answer["error"]["type"] == kind
    assert answer["error"]["message"]
    assert time.monotonic() - started < 2 * slowness()


async def test_lone_surrogates_and_nul_survive(http: ClientSession) -> None:
    value = b'"\\ud800 \\u0000 \\u00e9"'
    body = b'{"prompt": {"1": {"class_type": "Text", "inputs": {"seed": 0, "value": ' + value + b"}}}}"
    async with http.post("/prompt", data=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
    entry = await finished(http, answer["prompt_id"])
    assert entry["outputs"]["1"]["text"] == ["\ud800 \0 é"]


async def test_a_session_may_be_named_in_extra_data(http: ClientSession) -> None:
    entry = await run(http, text("session"), extra_data={"client_id": 5, "other": [1]})
    assert entry["prompt"][3] == {"client_id": "5", "other": [1]}


async def test_null_extra_data_does_no_harm(http: ClientSession) -> None:
    assert (await run(http, text("null extra"), extra_data=None))["status"]["completed"]


async def test_secrets_are_neither_shown_nor_stored(http: ClientSession, toy: Any) -> None:
    secret = "canary-7f3a"
    first = await submit(http, sleep(60, seed=5))
    await running(http, first["prompt_id"])
    data = {"api_key_comfy_org": secret, "auth_token_comfy_org": secret, "kept": 1}
    job = await submit(http, text("secret"), extra_data=data)
    async with http.get("/queue") as response:
        queue = await response.text()
    assert job["prompt_id"] in queue and secret not in queue
    await post(http, "/interrupt", {"prompt_id": first["prompt_id"]})
    entry = await finished(http, job["prompt_id"])
    assert entry["prompt"][3]["kept"] == 1 and secret not in json.dumps(entry)
    for path in (toy.base / "user").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


async def test_a_body_over_the_limit_is_refused_before_it_is_read(http: ClientSession) -> None:
    async with http.post("/prompt", data=b"x", headers={"Content-Length": str(2**40)}) as response:
        assert response.status == 413
        assert "104857600" in (await response.json())["error"]["message"]


async def test_encoded_bodies_are_refused(http: ClientSession) -> None:
    async with http.post("/prompt", data=b"x", headers={"Content-Encoding": "gzip"}) as response:
        assert response.status == 415


async def test_large_graphs_are_checked_quickly_and_without_recursion(http: ClientSession) -> None:
    long: dict[str, Any] = picture()
    for number in range(5000):
        inputs = {**picture()["3"]["inputs"], "latent_image": [str(number + 99) if number else "5", 0]}
        long[str(number + 100)] = {"class_type": "KSampler", "inputs": inputs}
    long["8"]["inputs"]["samples"] = ["5099", 0]
    long["100"]["inputs"]["steps"] = 0
    started = time.monotonic()
    assert of(await refused(http, long), "100")["type"] == "value_smaller_than_min"
    bad = {str(number): {"class_type": "Text", "inputs": {"seed": 0}} for number in range(10_000)}
    assert len((await refused(http, bad))["node_errors"]) == 10_000
    assert (
        time.monotonic() - started < 60
    )  # seconds of a machine that may be busy; recursion would not end at all
