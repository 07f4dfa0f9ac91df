"""Workflows to keep and call on a toy server, and short ways to ask for them."""

from __future__ import annotations

import base64
import io
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession
from PIL import Image
from yarl import URL

WORKFLOWS = "/api/v1/workflows"


def document(value: str = "hello", seed: int = 7, **more: Any) -> dict[str, Any]:
    """A canvas workflow of one output node."""
    node = {
        "id": 1, "type": "Text", "mode": 0, "pos": [10, 20], "size": [200, 100], "inputs": [], "outputs": [],
        "widgets_values": [value, seed, "fixed"],
    }  # fmt: skip
    return {"nodes": [node], "links": [], "version": 0.4, **more}


def function(**more: Any) -> dict[str, Any]:
    """A prompt document that says a text several times, and declares what can be said."""
    repeat = {"text": "ho", "count": 2, "joiner": " ", "seed": 0}
    declaration: dict[str, Any] = {
        "title": "Say it again",
        "inputs": [
            {"name": "text", "type": "STRING", "targets": [{"node": "1", "input": "text"}]},
            {"name": "count", "type": "INT", "targets": [{"node": "1", "input": "count"}], "max": 10},
            {"name": "seed", "type": "INT", "targets": [{"node": "1", "input": "seed"}]},
        ],
        "outputs": [{"name": "said", "type": "STRING", "source": {"node": "1", "slot": 0}}],
    }
    return {
        "prompt": {"1": {"class_type": "Repeat", "inputs": repeat}},
        "extra": {"darkroom": {"function": {**declaration, **more}}},
    }


def flipping() -> dict[str, Any]:
    """A prompt document that turns the picture it gets upside down."""
    picture = {"name": "picture", "type": "IMAGE", "targets": [{"node": "1", "input": "image"}]}
    declaration = {
        "inputs": [{**picture, "required": True}],
        "outputs": [{"name": "flipped", "type": "IMAGE", "source": {"node": "1", "slot": 0}}],
    }
    prompt: dict[str, Any] = {"1": {"class_type": "Flip", "inputs": {}}}
    return {"prompt": prompt, "extra": {"darkroom": {"function": declaration}}}


def thumbnail(kind: str = "PNG", size: int = 8) -> str:
    """A picture as a data URI."""
    buffer = io.BytesIO()
    Image.effect_noise((size, size), 90).convert("RGB").save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


async def ask(
    http: ClientSession, method: str, path: str, body: Any = None, status: int = 200, **params: str
) -> Any:
    """A request below /api/v1/workflows, or to another absolute path, that must have this status."""
    target = path if path.startswith("/api") else WORKFLOWS + path
    async with http.request(method, URL(target, encoded=True), json=body, params=params or None) as response:
        assert response.status == status, (response.status, await response.text())
        return await response.json() if response.content_type == "application/json" else None


def at(name: str, *rest: str) -> str:
    """The path of a workflow, or of something in it."""
    return "/" + "/".join(quote(part, safe="") for part in (name, *rest))


async def create(http: ClientSession, name: str, content: Any = None, **more: Any) -> dict[str, Any]:
    """A new workflow's first version."""
    body = {"name": name, "document": document() if content is None else content, **more}
    return await ask(http, "POST", "", body)


async def commit(
    http: ClientSession, name: str, content: Any, parent: str | None, status: int = 200, **more: Any
) -> dict[str, Any]:
    """A version after another."""
    return await ask(
        http, "POST", at(name, "versions"), {"document": content, "parent": parent, **more}, status
    )


async def publish(http: ClientSession, name: str, content: Any, **more: Any) -> dict[str, Any]:
    """A workflow's first version, released as 1.0.0."""
    made = await create(http, name, content, **more)
    await ask(http, "POST", at(name, "releases"), {"version": "main", "number": "1.0.0"})
    return made
