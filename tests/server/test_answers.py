"""Real answers are what the API document says of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientSession

from server.routes import ROUTES
from server.table import Route
from tests.server.conftest import PATIENCE, get, picture, post, run
from tests.server.workflows import function, publish, thumbnail

UNTYPED = {
    "/settings/{id}",  # any JSON value
    "/global_subgraphs",
    "/workflow_templates",
    "/i18n",
    "/node_replacements",
    "/internal/logs",
    "/internal/folder_paths",
    "/internal/files/{place}",
    "/api/v1/jobs/{id}/trace",  # a format of its own
    "/api/v1/openapi.json",
    "/ws",
}
TYPED = [route for route in ROUTES if route.method == "GET" and route.answer is not None]
QUERIES = {"/userdata": {"dir": "workflows"}, "/view_metadata/{folder}": {"filename": "with.safetensors"}}


def test_every_json_answer_of_a_get_route_has_a_model() -> None:
    bare = {
        route.path
        for route in ROUTES
        if route.method == "GET" and route.answer is None and route.media == "application/json"
    }
    assert bare == UNTYPED


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return {}


async def prepared(http: ClientSession, known: dict[str, str], base: Any) -> dict[str, str]:
    """Values for the parts of paths, with something behind each."""
    if not known:
        job = (await run(http, picture(seed=77)))["prompt"][1]
        await post(http, "/userdata/workflows%2Fa.json", {"nodes": []})
        await post(http, "/api/v1/drafts/typed/changes", {"after": 0, "entries": [{"snapshot": 1}]})
        header = b'{"__metadata__":{"by":"hand"}}'
        file = base / "models" / "checkpoints" / "with.safetensors"
        file.write_bytes(len(header).to_bytes(8, "little") + header)
        await publish(http, "text_to_image", function(), thumbnail=thumbnail())
        hook = {"url": "https://hooks.invalid/", "events": ["sweep.finished"]}
        known.update(jobs=job, runs=job, drafts="typed")
        known["webhooks"] = json.loads(await post(http, "/api/v1/webhooks", hook))["id"]
        swept = await post(
            http, "/api/v1/workflows/text_to_image/sweeps", {"grid": {"text": ["a", "b"]}}, 202
        )
        known["sweeps"] = json.loads(swept)["id"]
        async with asyncio.timeout(PATIENCE):
            while not (await get(http, f"/api/v1/webhooks/{known['webhooks']}/deliveries"))["total"]:
                await asyncio.sleep(0.02)
    return known


@pytest.mark.parametrize("route", TYPED, ids=lambda route: route.path)
async def test_an_answer_is_what_its_model_says(
    http: ClientSession, toy: Any, known: dict[str, str], route: Route
) -> None:
    ids = await prepared(http, known, toy.base)
    path = route.path.replace("{prompt_id}", ids["jobs"]).replace("{folder}", "checkpoints")
    path = (
        path.replace("{node_class}", "KSampler").replace("{name}", "text_to_image").replace("{ref}", "main")
    )
    path = path.replace("{id}", next((value for part, value in ids.items() if f"/{part}/" in path), ""))
    assert "{" not in path
    async with http.get(path, params=QUERIES.get(route.path, {})) as response:
        assert response.status == 200
        found = await response.json()
    assert route.answer is not None
    model = route.answer.model_validate_json(json.dumps(found), strict=True)
    assert found or route.path in ("/embeddings", "/extensions", "/settings"), "nothing was looked at"
    shown = model.model_dump(mode="json", exclude_unset=True)
    assert_said(found, shown, route.path)


def assert_said(found: Any, said: Any, where: str) -> None:
    """Nothing is answered that the model has no word for."""
    if isinstance(found, dict) and isinstance(said, dict):
        assert set(found) <= set(said), f"{where}: the model lacks {set(found) - set(said)}"  # pyright: ignore
        for name in said:  # pyright: ignore[reportUnknownVariableType]
            assert_said(found.get(name), said[name], f"{where}.{name}")  # pyright: ignore
    elif isinstance(found, list) and isinstance(said, list):
        for index, (one, other) in enumerate(zip(found, said, strict=True)):  # pyright: ignore
            assert_said(one, other, f"{where}.{index}")
