"""All packs of one process: loaded, put into a registry, and what a worker asks of them while it runs."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.folders import Folders
from engine.graph import as_object
from engine.registry import Registry
from engine.spec import NodeSpec
from nodes.comfy.attempts import MOST, Attempts
from nodes.comfy.installing import Installed, install
from nodes.comfy.instances import Instances
from nodes.comfy.loading import Imported, import_pack, pack_name, placeless, quiet_stdout, run_prestartup
from nodes.comfy.names.server import PromptServer
from nodes.comfy.registry import PackRegistry
from nodes.comfy.reports import PackReport
from nodes.comfy.v1 import adapt
from nodes.comfy.v3.adapt import adapt_v3, is_v3
from nodes.comfy.web import LoopThread, add_routes, listen, patterns, socket_path

log = logging.getLogger("darkroom.packs")

STATE = ".darkroom"
"""The folder below that of the user that the program keeps for itself."""

_DEADLY = (
    f"the process ended {MOST} times while it was imported, so it is left out; "
    "it is tried again when its code changes"
)

Json = dict[str, Any]
Send = Callable[[Json, bytes], None]


class Packs:
    """The packs of this process. `registry` has their nodes, `folders` the model folders they add."""

    def __init__(
        self, registry: PackRegistry, folders: Folders, installed: Installed, server: PromptServer,
        thread: LoopThread,
    ) -> None:  # fmt: skip
        self.registry = registry
        self.folders = installed.folder_paths.live(folders)
        self._base = folders
        self.reports: list[PackReport] = []
        self.installed = installed
        self.instances = Instances()
        self._server = server
        self._thread = thread
        self._runner: web.AppRunner | None = None
        self._socket: Path | None = None

    # --- while packs are loaded ---

    def add(self, pack: Imported) -> None:
        """Take in the classes of a pack. A class that cannot be used is left out, and noted."""
        added: list[str] = []
        for name, owner in pack.classes.items():
            if self._add_class(name, owner, pack.titles.get(name), f"custom_nodes.{pack.name}", pack.notes):
                added.append(name)
        self.reports.append(
            PackReport(
                pack.name,
                pack.path,
                tuple(added),
                pack.seconds,
                notes=tuple(placeless(n, pack.path) for n in pack.notes),
            )
        )
        if pack.web is not None:
            self.installed.web_folders[pack.name] = str(pack.web)
        self.installed.module_folders[pack.name] = str(pack.path)

    def add_loose(self) -> None:
        """Take in classes that packs wrote into `nodes.NODE_CLASS_MAPPINGS` themselves."""
        for name, owner in list(self.installed.node_classes.items()):
            if name not in self.registry:
                notes: list[str] = []
                self._add_class(name, owner, self.installed.titles.get(name), "custom_nodes", notes)

    def _add_class(self, name: str, owner: Any, title: Any, module: str, notes: list[str]) -> bool:
        if self.registry.is_builtin(name):
            notes.append(f"{name}: a built-in node has this name, and cannot be replaced")
            return False
        before = self.registry.get(name)
        try:
            if "RELATIVE_PYTHON_MODULE" not in vars(owner):
                owner.RELATIVE_PYTHON_MODULE = module
            self.registry.put(name, self._maker(name, owner, None if title is None else str(title), module))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a pack's code may raise anything
            notes.append(f"{name} is left out: {type(error).__name__}: {error}")
            log.warning("%s: %s", module, notes[-1])
            return False
        if before is not None:
            notes.append(f"{name}: takes the place of the node of that name from {before.module}")
        self.installed.node_classes[name] = owner
        self.installed.titles[name] = self.registry[name].title
        return True

    def _maker(self, name: str, owner: Any, title: str | None, module: str) -> Callable[[], NodeSpec]:
        if is_v3(owner):
            return partial(adapt_v3, owner, module, name, title)
        return partial(adapt, owner, name, title, self.instances)

    # --- what a worker asks ---

    def announce(self) -> Json:
        """What the server must know of the packs."""
        routes = patterns(self._server.app) if self._socket else []
        return {
            "reports": [report.to_json() for report in self.reports],
            "routes": [list(route) for route in routes],
            "socket": None if self._socket is None else str(self._socket),
            "web": {str(name): str(path) for name, path in self.installed.web_folders.items()},
            "folders": self.installed.folder_paths.added_to(self._base),
            "rewrites": bool(self._server.on_prompt_handlers),
        }

    def connect(self, send: Send) -> None:
        """Send what packs have to say to clients this way, and serve their routes, if they have any."""
        self._server.forward = send
        for trouble in add_routes(self._server.app, self._server.routes):
            log.warning("%s", trouble)
        if not self._server.app.router.routes():
            return
        path = socket_path(self.folders.user / STATE)
        try:
            self._runner = self._thread.wait_for(listen(self._server.app, path))
        except (OSError, RuntimeError, TimeoutError) as error:
            log.warning("the routes of packs cannot be served: %s", error)
        else:
            self._socket = path

    def begin(self, job: str, prompt: Mapping[str, Any], client: str | None) -> None:
        """A run starts: its classes are asked for their inputs anew, and old objects are let go."""
        self.instances.begin(job, prompt)
        self._server.begin(job, client)

    def end(self, job: str) -> None:
        """A run is over."""
        self.instances.end(job)

    def renew(self, prompt: Mapping[str, Any] | None = None) -> None:
        """Ask the classes of a prompt, or all, for their inputs as they are now."""
        if prompt is None:
            self.registry.renew()
        else:
            self.registry.renew(str((as_object(e) or {}).get("class_type")) for e in prompt.values())

    def rewrite(self, request: Json) -> Json:
        """A submitted request as the packs' handlers leave it. One that raises leaves it as it was."""
        for handler in self._server.on_prompt_handlers:
            try:
                request = handler(request)
            except Exception:  # a pack's code may raise anything, and the request is good without it
                log.exception("a pack's handler of submitted prompts failed")
        return request

    def free(self) -> None:
        """Let go of the objects nodes run as, with what they keep."""
        self.instances.clear()

    def close(self) -> None:
        """Stop serving routes."""
        if self._runner is not None:
            self._thread.wait_for(self._runner.cleanup())
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.unlink()
        self._thread.stop()


def load_packs(
    paths: Sequence[Path],
    pack_folders: Iterable[Path],
    folders: Folders,
    builtin: Registry,
    resources: Mapping[type, object],
    options: argparse.Namespace,
) -> Packs:
    """Import packs in the order given and adapt their classes. What goes wrong is in `reports`.

    Args:
        paths: folders and files, from `server.packs.files.find_packs`.
        pack_folders: where they were looked for.
        folders: where files are.
        builtin: the nodes no pack can replace.
        resources: what nodes get from their context, `Placement` and `Precision` among it.
        options: the command line.
    """
    thread = LoopThread()
    server = PromptServer(
        thread.loop, getattr(options, "listen", "127.0.0.1"), getattr(options, "port", 8188)
    )
    registry = PackRegistry(builtin)
    with quiet_stdout():
        early = run_prestartup(paths)
        installed = install(folders, pack_folders, registry, server, resources, options)
        packs = Packs(registry, folders, installed, server, thread)
        attempts = Attempts(folders.user / STATE)
        for path in paths:
            _load(packs, path, early.get(path), attempts)
        packs.add_loose()
    return packs


def _load(packs: Packs, path: Path, early: str | None, attempts: Attempts) -> None:
    if attempts.failed(path) >= MOST:
        packs.reports.append(PackReport(pack_name(path), path, error=_DEADLY))
        return
    attempts.begin(path)
    found = import_pack(path)
    attempts.end(path)
    if isinstance(found, PackReport):
        packs.reports.append(found if early is None else replace(found, notes=(early, *found.notes)))
        return
    if early is not None:
        found.notes.append(early)
    twin = next((r for r in packs.reports if r.name == pack_name(path) and r.error is None), None)
    if twin is not None:
        found.notes.append(f"another pack is called {found.name} too: {twin.path}")
    packs.add(found)
    log.info("pack %s: %d nodes in %.2f s", found.name, len(found.classes), found.seconds)
