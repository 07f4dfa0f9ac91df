"""Writing records of runs, on threads of their own: no run waits for one, nor does the end of a run.

One thread writes what begins and ends, several runs in one transaction where they come fast. The other reads
models and pictures for their hashes, which takes seconds for large ones, and writes these.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.folders import Folders
from server.provenance.sights import Sight
from workflows.provenance.hashes import FileHashes, Stopped
from workflows.provenance.outputs import completed
from workflows.provenance.record import RunRecord
from workflows.store.errors import StoreError

if TYPE_CHECKING:
    from workflows.provenance.runs import Runs
    from workflows.store import Store

log = logging.getLogger("darkroom.server")
_MOST = 1_000
"""Runs kept in memory while the store cannot be written to."""
_GATHER = 0.2
"""Seconds in which what comes is written together: a run that takes no longer is written once."""
_PAUSE = 5.0
_FAREWELL = 2.0

Entry = tuple[RunRecord, Mapping[str, Any] | None]


class Recorder:
    """Takes in what is seen of runs; `start` begins writing it down."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._news = threading.Condition()
        self._seen: deque[Sight] = deque(maxlen=_MOST)
        self._ended: deque[RunRecord] = deque()
        self._open: dict[str, bool] = {}
        """Runs with something to write still, and whether there is a row of them yet."""
        self._begun: dict[str, RunRecord] = {}
        """What was written of runs that go on."""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def note(self, sight: Sight) -> None:
        """Take in the beginning or the end of a run. Returns at once."""
        with self._news:
            if len(self._seen) == _MOST:
                self._open.pop(self._seen[0].job.prompt_id, None)
            self._seen.append(sight)
            self._open.setdefault(sight.job.prompt_id, False)
            self._news.notify_all()

    def finish(self, records: Iterable[RunRecord]) -> None:
        """Take in runs that ended before this process began: their hashes are missing."""
        with self._news:
            for record in records:
                if record.run in self._open:
                    continue  # it is one of ours
                self._open[record.run] = True
                self._ended.append(record)
            self._news.notify_all()

    def start(self, store: Store) -> None:
        """Write into this store from now on."""
        from workflows.provenance.runs import KnownHashes, Runs

        runs = Runs(store)
        hashes = FileHashes(KnownHashes(store), self._stopped.is_set)
        for name, work in (("runs", lambda: self._write(runs)), ("hashes", lambda: self._hash(runs, hashes))):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Write what has been seen; hashes that are missing are made after the next start."""
        self._stopped.set()
        with self._news:
            self._news.notify_all()
        until = time.monotonic() + _FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def wait(self, run: str, seconds: float) -> None:
        """Wait until the record of a run is complete, or, with no `seconds`, until there is one at all."""
        with self._news:
            if seconds:
                self._news.wait_for(lambda: run not in self._open, seconds)
            else:
                self._news.wait_for(lambda: self._open.get(run, True), _FAREWELL)

    def _write(self, runs: Runs) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._seen or self._stopped.is_set())
            self._stopped.wait(_GATHER)
            with self._news:
                # Of a run that began and ended since, only the end is written.
                batch = {sight.job.prompt_id: sight for sight in self._seen}
                self._seen.clear()
            if not batch:
                return
            made = [(sight, self._record(sight)) for sight in batch.values()]
            self._persist(runs, [entry for _, entry in made if entry is not None])
            with self._news:
                for sight, entry in made:
                    self._written(sight, None if entry is None else entry[0])
                self._news.notify_all()

    def _record(self, sight: Sight) -> Entry | None:
        """The record, and the prompt unless that is written already."""
        begun = self._begun.pop(sight.job.prompt_id, None)
        try:
            if begun is not None and sight.ending is not None and begun.started == sight.job.started:
                return sight.ended(begun), None
            return sight.record(self._folders), sight.job.graph
        except Exception:  # one odd graph must not end all records
            log.exception("run %s cannot be put on record", sight.job.prompt_id)
            return None

    def _written(self, sight: Sight, record: RunRecord | None) -> None:
        run = sight.job.prompt_id
        if record is None:
            self._open.pop(run, None)
            return
        self._open[run] = True
        if sight.ending is None:
            self._begun[run] = record
        else:
            self._ended.append(record)

    def _hash(self, runs: Runs, hashes: FileHashes) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._stopped.is_set())
                if self._stopped.is_set():
                    return
            done: list[RunRecord] = []
            until = time.monotonic() + _GATHER
            while self._ended and time.monotonic() < until:
                record = self._ended.popleft()
                try:
                    done.append(completed(record, self._folders, hashes))
                except Stopped:
                    return
                except Exception:  # one odd file must not end all records
                    log.exception("the files of run %s cannot be hashed", record.run)
            self._persist(runs, [(record, None) for record in done])
            with self._news:
                for record in done:
                    self._open.pop(record.run, None)
                self._news.notify_all()

    def _persist(self, runs: Runs, records: Sequence[Entry]) -> None:
        while True:
            try:
                return runs.save(records)
            except StoreError as error:
                log.error("what was run is not on record yet (%s); trying again", error)
            except Exception:  # a record that cannot be written must not keep the others from it
                log.exception("the records of %d runs are lost", len(records))
                return None
            if self._stopped.wait(_PAUSE):
                return None
