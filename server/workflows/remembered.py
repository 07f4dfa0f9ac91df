"""What released workflows are as nodes, kept from one start to the next: telling it needs the store, and the
store takes the larger part of a start to open.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from server.files.storage import write
from server.jobs.records import Json

log = logging.getLogger("darkroom.server")
_CODE = Path(__file__).resolve().parents[2] / "workflows"


class Remembered:
    """Entries of `/object_info`, good for as long as nothing they were made of has changed: the store's file,
    the other classes with the files that can be chosen, and the code and workflows that ship.

    Args:
        file: Where they are kept.
        store: The store's file; None for a database that others may write to at any time: then nothing is
            remembered.
    """

    def __init__(self, file: Path, store: Path | None) -> None:
        self._file = file
        self._store = store
        self._at_start = self._stamp()
        """Taken before the store is opened, which may write to it."""

    def recall(self, classes: Json) -> Json | None:
        """The entries as this server would make them with these other classes, or None."""
        if self._at_start is None:
            return None
        try:
            kept: Any = json.loads(self._file.read_text(encoding="utf-8"))
            return kept["entries"] if kept["made_of"] == _digest(self._at_start, classes) else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be used (%s); the store is asked instead", self._file, error)
            return None

    def keep(self, classes: Json, entries: Json) -> None:
        """Remember the entries. Only once the store is closed: its file changes until then."""
        stamp = self._stamp()
        if stamp is None:
            return
        try:
            kept = {"made_of": _digest(stamp, classes), "entries": entries}
            write(self._file, json.dumps(kept).encode())
        except OSError as error:
            log.warning("%s cannot be written (%s); the next start asks the store", self._file, error)

    def _stamp(self) -> str | None:
        """What the store's file and the code are, at a glance; None while somebody has the store open."""
        if self._store is None or self._store.with_name(f"{self._store.name}-wal").exists():
            return None
        try:
            return "\n".join([_facts(self._store), *map(_facts, _sources())])
        except OSError:
            return None


def _sources() -> Iterator[Path]:
    for ending in ("*.py", "*.json"):
        yield from sorted(_CODE.rglob(ending))


def _facts(path: Path) -> str:
    facts = path.stat()
    return f"{path}\0{facts.st_ino}\0{facts.st_size}\0{facts.st_mtime_ns}"


def _digest(stamp: str, classes: Json) -> str:
    return hashlib.sha256(f"{stamp}\n{json.dumps(classes)}".encode()).hexdigest()
