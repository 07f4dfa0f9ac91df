"""Records of runs in the workflow store, and the hashes of files kept there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, delete, select

from workflows.provenance.record import RunRecord
from workflows.store import AmbiguousRef, NotFound, Store, blobs
from workflows.store.blobs import Blob
from workflows.store.names import fold
from workflows.store.tables import file_hashes, names, runs, versions

_PROMPT = "prompt"
_SHORTEST = 6
"""Digits of a run's id that may stand for it."""


class Runs:
    """The runs a store remembers. Every method blocks and raises StoreErrors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, records: Sequence[tuple[RunRecord, Mapping[str, Any] | None]]) -> None:
        """Write records, each over what was known of its run, in one transaction. The prompt goes with the
        first record of a run; None leaves it as it is.
        """
        made = [(record, _blob(prompt)) for record, prompt in records]

        def work(connection: Connection) -> None:
            prompts = [prompt for _, prompt in made if prompt is not None]
            if prompts:
                blobs.put_all(connection, prompts)
            for record, prompt in made:
                _save(connection, record, prompt)

        self._store.write(work)

    def get(self, run: str) -> RunRecord:
        """The record of a run. Raises NotFound."""
        return self._store.read(lambda connection: _get(connection, run))

    def find(self, text: str) -> RunRecord:
        """The record of a run by its id or the beginning of it. Raises NotFound, AmbiguousRef."""

        def work(connection: Connection) -> RunRecord:
            try:
                return _get(connection, text)
            except NotFound:
                if len(text) < _SHORTEST:
                    raise
            near = select(runs.c.id).where(runs.c.id.startswith(text, autoescape=True)).limit(4)
            found = [row.id for row in connection.execute(near)]
            if len(found) > 1:
                raise AmbiguousRef(text, found)
            return _get(connection, found[0] if found else text)

        return self._store.read(work)

    def prompt(self, run: str) -> dict[str, Any]:
        """The prompt exactly as it was run. Raises NotFound."""

        def work(connection: Connection) -> bytes:
            row = connection.execute(select(runs.c.prompt).where(runs.c.id == run)).one_or_none()
            if row is None or row.prompt is None:
                raise NotFound("run", run)
            return blobs.get(connection, row.prompt)

        return json.loads(self._store.read(work))

    def incomplete(self) -> list[RunRecord]:
        """Runs whose end or hashes are still to be written, oldest first."""
        asked = select(runs.c.record).where(runs.c.complete == 0).order_by(runs.c.created)
        return self._store.read(lambda connection: [_record(row.record) for row in connection.execute(asked)])

    def known(self, ids: Sequence[str]) -> set[str]:
        """Which of these runs are on record."""
        asked = select(runs.c.id).where(runs.c.id.in_(ids))
        return self._store.read(lambda connection: {row.id for row in connection.execute(asked)})

    def latest(self, *, version: str | None = None, limit: int = 50) -> list[RunRecord]:
        """The newest runs, of one version if it is given."""
        asked = select(runs.c.record).order_by(runs.c.created.desc()).limit(limit)
        if version is not None:
            asked = asked.where(runs.c.version == version)
        return self._store.read(lambda connection: [_record(row.record) for row in connection.execute(asked)])


class KnownHashes:
    """The `file_hashes` table, as `workflows.provenance.hashes.Known`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, path: str, size: int, modified: int) -> str | None:
        """The hash of a file of that size and time of change, if it is known."""
        same = (file_hashes.c.path == path) & (file_hashes.c.size == size)
        asked = select(file_hashes.c.sha256).where(same & (file_hashes.c.mtime_ns == modified))
        return self._store.read(lambda connection: connection.execute(asked).scalar_one_or_none())

    def put(self, path: str, size: int, modified: int, sha256: str) -> None:
        """Remember the hash of a file, instead of that of what was there before."""

        def work(connection: Connection) -> None:
            connection.execute(delete(file_hashes).where(file_hashes.c.path == path))
            values = {"path": path, "size": size, "mtime_ns": modified, "sha256": sha256}
            connection.execute(file_hashes.insert().values(values))

        self._store.write(work)


def _blob(prompt: Mapping[str, Any] | None) -> Blob | None:
    if prompt is None:
        return None
    # As it was run, to the letter: canonical text might be other tokens, and then another picture.
    return Blob.of(_PROMPT, json.dumps(prompt, separators=(",", ":")).encode())


def _save(connection: Connection, record: RunRecord, prompt: Blob | None) -> None:
    values = {
        "workflow": _uid(connection, record),
        "version": record.version,
        "release": record.release,
        "modified": int(bool(record.modified)),
        "record": json.dumps(record.to_json(), separators=(",", ":")),
        "created": record.created,
        "finished": record.finished,
        "status": record.status,
        "complete": int(record.complete),
    }
    if prompt is not None:
        values["prompt"] = prompt.digest
    if not connection.execute(runs.update().where(runs.c.id == record.run).values(values)).rowcount:
        connection.execute(runs.insert().values(id=record.run, **values))


def _uid(connection: Connection, record: RunRecord) -> str | None:
    """The workflow a record speaks of, whatever it is called by now."""
    if record.version is not None:
        asked = select(versions.c.workflow).where(versions.c.id == record.version)
    elif record.workflow is not None:
        asked = select(names.c.workflow).where(names.c.folded == fold(record.workflow))
    else:
        return None
    return cast("str | None", connection.execute(asked).scalar_one_or_none())


def _get(connection: Connection, run: str) -> RunRecord:
    row = connection.execute(select(runs.c.record).where(runs.c.id == run)).one_or_none()
    if row is None:
        raise NotFound("run", run)
    return _record(row.record)


def _record(text: str) -> RunRecord:
    return RunRecord.from_json(json.loads(text))
