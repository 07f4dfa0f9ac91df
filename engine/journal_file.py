"""The journal on disk, so that a new process knows what ran before it.

It is a convenience: a file that cannot be used costs the reasons and estimates, never a run.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from engine.events import Usage
from engine.graph import Link, Node
from engine.journal import Record
from engine.keys import Key
from engine.types import NodeId

log = logging.getLogger("darkroom.engine")
KEPT = 20_000
"""Records kept in the file, the newest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS last_runs (
    node TEXT NOT NULL, class TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (node, class)
)
"""


class JournalFile:
    """One SQLite file, which several processes may use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._quiet = False

    def read(self) -> list[Record]:
        """The records, oldest first; none if there is no usable file."""
        if not self._path.exists():
            return []
        try:
            with self._open() as file:
                rows = file.execute("SELECT record FROM last_runs ORDER BY rowid").fetchall()
            return [_record(json.loads(row[0])) for row in rows]
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            self._complain(error)
            return []

    def write(self, records: list[Record]) -> None:
        """Put records in place of older ones of the same nodes."""
        rows: list[tuple[str, str, str]] = []
        for record in records:
            try:
                rows.append((record.node.id, record.node.class_type, json.dumps(_json(record))))
            except (TypeError, ValueError):
                continue  # a literal that is no JSON, in a node made by an expansion
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as file:
                file.executemany("INSERT OR REPLACE INTO last_runs VALUES (?, ?, ?)", rows)
                newest = "SELECT rowid FROM last_runs ORDER BY rowid DESC LIMIT ?"
                file.execute(f"DELETE FROM last_runs WHERE rowid NOT IN ({newest})", (KEPT,))
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5.0)) as connection, connection:
            # Losing the last records in a power cut does no harm, so nothing waits for the disk.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_SCHEMA)
            yield connection

    def _complain(self, error: Exception) -> None:
        if not self._quiet:
            self._quiet = True
            log.warning("%s cannot be used (%s): why nodes run again will not be known", self._path, error)


def _json(record: Record) -> dict[str, Any]:
    node, usage = record.node, record.usage
    return {
        "node": [node.id, node.class_type, dict(node.literals), dict(node.links)],
        "key": record.key,
        "code": record.code.decode(),
        "outside": record.outside,
        "sources": record.sources,
        "usage": [usage.seconds, usage.device_seconds, usage.peak_bytes],
        **({"warnings": record.warnings} if record.warnings else {}),
    }


def _record(data: dict[str, Any]) -> Record:
    name, class_type, literals, links = data["node"]
    wired = {key: Link(NodeId(source), slot) for key, (source, slot) in links.items()}
    return Record(
        node=Node(NodeId(name), class_type, literals, wired),
        key=Key(data["key"]),
        code=data["code"].encode(),
        outside=tuple(data["outside"]),
        sources=tuple(map(Key, data["sources"])),
        usage=Usage(*data["usage"]),
        warnings=tuple(data.get("warnings", ())),
    )
