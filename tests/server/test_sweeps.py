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

from tests.server.conftest import ToyServer, connect, drained, get, running, sleep, submit
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
