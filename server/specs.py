"""Node specs as the server knows them: from its worker, or remembered from the last time the code was the
same.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

from engine.folders import Folders
from engine.registry import Registry
from engine.spec import NodeSpec
from server.files.storage import write

log = logging.getLogger("darkroom.server")

Json = dict[str, Any]


class Specs:
    """The registry without functions. `ready` is set as soon as there is one, remembered or fresh."""

    def __init__(self, file: Path, code: str) -> None:
        self.registry = Registry()
        self.ready = asyncio.Event()
        self._file = file
        self._code = code
        self._known: list[Json] = []

    def recall(self) -> bool:
        """Use the specs of an earlier run, if they were made by the same code. Says whether they were."""
        try:
            stored: Any = json.loads(self._file.read_text(encoding="utf-8"))
            if stored["code"] != self._code:
                return False
            self._use(cast(list[Json], stored["specs"]))
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be used (%s); waiting for the worker instead", self._file, error)
            return False
        return True

    def update(self, specs: list[Json]) -> None:
        """Use the specs a worker announced, and remember them."""
        if specs == self._known:
            return
        self._use(specs)
        try:
            write(self._file, json.dumps({"code": self._code, "specs": specs}).encode())
        except OSError as error:
            log.warning("%s cannot be written (%s); the next start will have to wait", self._file, error)

    def object_info(self, folders: Folders) -> Json:
        """The body of `/object_info`: every class, with the files that are there now as choices."""
        names = cache(folders.list)  # each folder is scanned once per answer, however many nodes list it
        return {spec.name: spec.object_info(names) for spec in self.registry}

    def one(self, name: str, folders: Folders) -> Json:
        """The entry of one class, or nothing."""
        spec = self.registry.get(name)
        return {name: spec.object_info(folders.list)} if spec else {}

    def _use(self, specs: list[Json]) -> None:
        self.registry = Registry(NodeSpec.from_json(spec) for spec in specs)
        self._known = specs
        self.ready.set()


def code_hash(roots: Iterable[Path]) -> str:
    """Identity of all Python source below `roots`: names and content."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
