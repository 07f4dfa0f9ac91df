"""What the server knows of packs, which run in its workers: reports, browser files, routes to pass on."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from engine.folders import Folders
from server.files.storage import write
from server.frames import Frame
from server.jobs.records import Json
from server.stream.messages import Message
from server.stream.sockets import Hub

log = logging.getLogger("darkroom.server")

_NONE: Json = {"reports": [], "routes": [], "socket": None, "web": {}, "folders": {}, "rewrites": False}


class Packs:
    """From the announcement of the worker that started last."""

    def __init__(self, file: Path, code: str) -> None:
        self._file = file
        self._code = code
        self._said = _NONE
        self._routes = web.UrlDispatcher()
        self._sockets: dict[str, None] = {}

    def recall(self) -> None:
        """Know what was announced in an earlier run by the same packs. Nothing is served there any more."""
        try:
            stored: Any = json.loads(self._file.read_text(encoding="utf-8"))
            if stored["code"] == self._code:
                self._use({**stored["said"], "socket": None})
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be used (%s); waiting for the worker instead", self._file, error)

    def learn(self, said: Json | None) -> None:
        """Take in what a fresh worker announced, and remember it."""
        before, known = self._said, {**_NONE, **(said or {})}
        self._use(known)
        if known in (before, _NONE) and not self._file.exists():
            return
        try:
            write(self._file, json.dumps({"code": self._code, "said": known}).encode())
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file, error)

    def _use(self, said: Json) -> None:
        self._said = said
        self._routes = _dispatcher(said["routes"])
        if said["socket"]:
            self._sockets = {said["socket"]: None, **self._sockets}

    @property
    def reports(self) -> list[Json]:
        """Every pack that was found: its nodes, or why it cannot be used."""
        return self._said["reports"]

    @property
    def rewrites(self) -> bool:
        """Whether a pack wants to see requests before they are queued."""
        return bool(self._said["rewrites"])

    @property
    def sockets(self) -> list[Path]:
        """Where pack routes may be served, that of the worker that started last first."""
        return [Path(name) for name in self._sockets]

    def gone(self, socket: Path) -> None:
        """Nobody serves there any more."""
        self._sockets.pop(str(socket), None)

    async def serves(self, request: web.Request) -> bool:
        """Whether a pack has a route for the request."""
        return (await self._routes.resolve(request)).http_exception is None

    @property
    def web_folders(self) -> Mapping[str, Path]:
        """Folders of browser files by pack."""
        return {name: Path(folder) for name, folder in self._said["web"].items()}

    def extend(self, folders: Folders) -> Folders:
        """The folders, with those of models that packs have added by the time somebody looks."""
        return replace(folders, models=_Models(folders.models, self))

    @property
    def model_folders(self) -> Mapping[str, list[str]]:
        """What packs have added, by kind."""
        return self._said["folders"]


class _Models(Mapping[str, tuple[Path, ...]]):
    """`Folders.models` with what packs have added behind it."""

    def __init__(self, own: Mapping[str, tuple[Path, ...]], packs: Packs) -> None:
        self._own = own
        self._packs = packs

    def __getitem__(self, kind: str) -> tuple[Path, ...]:
        added = self._packs.model_folders.get(kind)
        if added is None:
            return self._own[kind]
        return (*self._own.get(kind, ()), *(Path(path) for path in added))

    def __iter__(self) -> Iterator[str]:
        return iter([*self._own, *(kind for kind in self._packs.model_folders if kind not in self._own)])

    def __len__(self) -> int:
        return len(list(iter(self)))


def _dispatcher(routes: Iterable[Any]) -> web.UrlDispatcher:
    made = web.UrlDispatcher()
    for method, path in routes:
        made.add_route(str(method), str(path), _never)
    return made


async def _never(request: web.Request) -> web.StreamResponse:
    raise AssertionError("requests for packs are passed on")


def listener(packs: Packs, hub: Hub) -> Callable[[Frame], None]:
    """What takes in a worker's messages about packs, and from them."""

    def hear(frame: Frame) -> None:
        if frame.type == "hello":
            packs.learn(frame.message.get("packs"))
        elif frame.type == "tell":
            tell(hub, frame.message, frame.blob)

    return hear


def tell(hub: Hub, message: Json, blob: bytes) -> None:
    """Send what a pack has to say to one session, or to all."""
    event, session = message["event"], cast("str | None", message["sid"])
    if isinstance(event, str):
        hub.publish(session, Message(event, message["data"], broadcast=True))
        return
    data = struct.pack(">I", event) + blob
    for client in hub.clients:
        if session is None or client.sid == session:
            client.send_preview(data)
