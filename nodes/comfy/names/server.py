"""`server`: what packs know of the server, in the process they run in. Its messages go to the real one."""

from __future__ import annotations

import asyncio
import io
import struct
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, ClassVar, cast

from aiohttp import web

from engine.context import current_call
from nodes.comfy.inputs import as_json

Send = Callable[[dict[str, Any], bytes], None]
PromptHandler = Callable[[dict[str, Any]], dict[str, Any]]
_FORMATS = {"JPEG": 1, "PNG": 2}


class BinaryEventTypes(IntEnum):
    """The first number of a binary WebSocket message."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4


class PromptQueue:
    """The queue lives in the server; packs here see it empty."""

    def get_tasks_remaining(self) -> int:
        """How many jobs wait, as far as this process knows."""
        return 0

    def get_current_queue(self) -> tuple[list[Any], list[Any]]:
        """What runs and what waits."""
        return [], []

    get_current_queue_volatile = get_current_queue

    def get_history(self, prompt_id: str | None = None, **options: Any) -> dict[str, Any]:
        """What has run."""
        return {}


class PromptServer:
    """`PromptServer.instance`: routes, messages to clients, and whose prompt is running."""

    instance: ClassVar[PromptServer]

    def __init__(self, loop: asyncio.AbstractEventLoop, address: str, port: int) -> None:
        self.loop = loop
        self.address, self.port = address, port
        self.app = web.Application(client_max_size=2**40)
        self.routes = web.RouteTableDef()
        self.prompt_queue = PromptQueue()
        self.on_prompt_handlers: list[PromptHandler] = []
        self.supports = ["custom_nodes_from_web"]
        self.number = 0
        self.web_root = ""
        self.sockets: dict[str, Any] = {}
        self.sockets_metadata: dict[str, Any] = {}
        self.user_manager = SimpleNamespace(settings=SimpleNamespace())
        self.client_session = None
        self.forward: Send = _nowhere
        self._run: tuple[str | None, str | None] = (None, None)

    def begin(self, prompt_id: str, client_id: str | None) -> None:
        """A run starts: what its nodes' threads of their own, outside of calls, are taken to belong to."""
        self._run = (prompt_id, client_id)

    @property
    def client_id(self) -> str | None:
        """The session whose prompt is running, if it gave a name."""
        call = current_call()
        return self._run[1] if call is None else call.context.extra.client_id

    @property
    def last_prompt_id(self) -> str | None:
        """The prompt that is running."""
        call = current_call()
        return self._run[0] if call is None else call.context.job_id

    @property
    def last_node_id(self) -> str | None:
        """The node that is running."""
        call = current_call()
        return None if call is None else str(call.context.node_id)

    def add_on_prompt_handler(self, handler: PromptHandler) -> None:
        """Have each submitted request go through `handler` before it is checked."""
        self.on_prompt_handlers.append(handler)

    def trigger_on_prompt(self, json_data: dict[str, Any]) -> dict[str, Any]:
        """The request as the handlers leave it."""
        for handler in self.on_prompt_handlers:
            json_data = handler(json_data)
        return json_data

    def send_sync(self, event: str | int, data: Any, sid: str | None = None) -> None:
        """Send a message to one session, or to all. A name goes as JSON, a number as bytes. Any thread."""
        if isinstance(event, str):
            self.forward({"type": "tell", "event": event, "data": as_json(data), "sid": sid}, b"")
            return
        number, payload = _binary(int(event), data)
        self.forward({"type": "tell", "event": number, "sid": sid}, payload)

    async def send(self, event: str | int, data: Any, sid: str | None = None) -> None:
        """`send_sync` for coroutines."""
        self.send_sync(event, data, sid)

    async def send_json(self, event: str, data: Any, sid: str | None = None) -> None:
        """`send_sync` for coroutines."""
        self.send_sync(event, data, sid)

    async def send_bytes(self, event: int, data: Any, sid: str | None = None) -> None:
        """`send_sync` for coroutines."""
        self.send_sync(event, data, sid)

    def send_progress_text(self, text: str | bytes, node_id: str, sid: str | None = None) -> None:
        """Show a text on a node while it runs."""
        words = text.encode() if isinstance(text, str) else text
        node = str(node_id).encode()
        payload = struct.pack(">I", len(node)) + node + words
        self.send_sync(BinaryEventTypes.TEXT, payload, sid or self.client_id)

    def queue_updated(self) -> None:
        """The server tells clients of its queue itself."""

    def add_routes(self) -> None:
        """Routes are added when all packs are loaded."""


def _binary(event: int, data: Any) -> tuple[int, bytes]:
    if event != BinaryEventTypes.UNENCODED_PREVIEW_IMAGE:
        return event, bytes(data)
    form, image, size = cast("tuple[str, Any, int | None]", data)
    if size is not None:
        image = image.copy()
        image.thumbnail((size, size))
    out = io.BytesIO()
    image.save(out, format=form, quality=95)
    return int(BinaryEventTypes.PREVIEW_IMAGE), struct.pack(">I", _FORMATS[form]) + out.getvalue()


def _nowhere(message: dict[str, Any], data: bytes) -> None:
    """Nobody listens when a graph runs without a server."""


def attributes(server: PromptServer) -> Mapping[str, Any]:
    """What `import server` must offer."""
    PromptServer.instance = server
    return {"PromptServer": PromptServer, "BinaryEventTypes": BinaryEventTypes, "web": web}
